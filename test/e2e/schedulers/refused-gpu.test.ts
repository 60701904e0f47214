// What Placement refuses for one GPU of a host, while it takes what it is told of the others.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { DiagnoseRequest, HostServiceService as Hosts } from "../../../proto/gen/vgpud/v1/host_service.ts";
import type { BookedWorld, Published } from "../../schedulers/booked-world.ts";
import { placementSuite } from "../../schedulers/placement-suite.ts";
import { until } from "../harness/until.ts";

const TWO_GPUS =
  'gpus: [{ address: "0000:00:02.0", device: "3e9b", aperture_mib: 1024 }, { address: "0000:03:00.0", device: "3e9b", aperture_mib: 1024, boot_vga: false }]';
const SECOND = "0000_03_00_0";

const isDrained = ({ traits }: Published): boolean => traits.includes("CUSTOM_INTEL_VGPU_DRAINED");

describe("a GPU that Placement refuses to be told of", function () {
  this.timeout(180_000);
  const suite = placementSuite();

  const unavailable = async (here: BookedWorld): Promise<string> => {
    const { conditions } = await here.world.rpc.call(Hosts.diagnose, DiagnoseRequest.fromPartial({}));
    return conditions.find(({ reason }) => reason === "SCHEDULER_UNAVAILABLE")?.message ?? "";
  };
  const agrees = (here: BookedWorld): Promise<unknown> =>
    until("all is told", async () => (await unavailable(here)).includes("is told what this host has"));

  it("keeps no other from being published, is named, and is published once it can be", async () => {
    const name = `taken-${randomUUID()}`;
    const squatter = { name: `${name}_vgpud_0000_00_02_0`, uuid: randomUUID() };
    await suite.placement.ask("POST", "/resource_providers", squatter);
    const here = await suite.begin({ name, yaml: TWO_GPUS });
    const second = await here.published("the second", undefined, SECOND);
    await until("it is told", async () =>
      (await unavailable(here)).includes(`${squatter.name}: Placement refuses`),
    );
    assert.match(await unavailable(here), /all else is told$/);
    const consumer = randomUUID();
    assert.equal(await here.books.claim(consumer, second.uuid), 204);
    await here.create("desk-1", consumer);
    await suite.placement.ask("DELETE", `/resource_providers/${squatter.uuid}`);
    await here.published("the first");
    await agrees(here);
  });

  it("keeps no change of others from being told at once, and is asked for less and less often", async () => {
    const here = await suite.begin({ yaml: TWO_GPUS });
    const first = await here.published("the first");
    await here.published("the second", undefined, SECOND);
    await agrees(here);
    const which = { method: "PUT", path: new RegExp(`${first.uuid}/inventories`) };
    here.faulty.misbehave(which, { kind: "internal error" });
    await here.world.rpc.call(Hosts.drainHost, { note: "move" });
    await here.published("the second's drain", isDrained, SECOND);
    await here.faulty.saw(which, 3);
    here.faulty.forget();
    await here.world.rpc.call(Hosts.undrainHost, {});
    await here.published("its end", (gpu) => !isDrained(gpu), SECOND);
    await here.world.rpc.call(Hosts.drainHost, { note: "move" });
    await here.published("and another", isDrained, SECOND);
    const tries = here.faulty.seen.filter(({ method, path }) => method === "PUT" && which.path.test(path));
    const comparisons = here.faulty.seen.filter(({ path }) => path.includes("in_tree="));
    assert.ok(
      tries.length <= comparisons.length,
      `${tries.length} tries in ${comparisons.length} comparisons`,
    );
    here.faulty.behave();
    await here.published("the first's drain", isDrained);
    await agrees(here);
  });
});
