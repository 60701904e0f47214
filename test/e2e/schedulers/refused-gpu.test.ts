// What Placement refuses for one GPU of a host, while it takes what it is told of the others.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { HostServiceService as Hosts } from "../../../proto/gen/vgpud/v1/host_service.ts";
import type { BookedWorld, Published } from "../../schedulers/booked-world.ts";
import { comesTo, conditionOf } from "../../schedulers/diagnosed.ts";
import { placementSuite } from "../../schedulers/placement-suite.ts";
import { until } from "../harness/until.ts";

const TWO_GPUS =
  'gpus: [{ address: "0000:00:02.0", device: "3e9b", aperture_mib: 1024 }, { address: "0000:03:00.0", device: "3e9b", aperture_mib: 1024, boot_vga: false }]';
const SECOND = "0000_03_00_0";

const isDrained = ({ traits }: Published): boolean => traits.includes("CUSTOM_INTEL_VGPU_DRAINED");

describe("a GPU that Placement refuses to be told of", function () {
  this.timeout(180_000);
  const suite = placementSuite();

  const agrees = (here: BookedWorld): Promise<unknown> => comesTo(here.world.rpc, "SCHEDULER_UNTOLD", "PASS");

  it("keeps no other from being published, is named, and is published once it can be", async () => {
    const name = `taken-${randomUUID()}`;
    const squatter = { name: `${name}_vgpud_0000_00_02_0`, uuid: randomUUID() };
    await suite.placement.ask("POST", "/resource_providers", squatter);
    const here = await suite.begin({ name, yaml: TWO_GPUS });
    const second = await here.published("the second", undefined, SECOND);
    const { message } = await comesTo(here.world.rpc, "SCHEDULER_UNTOLD", "FAIL");
    assert.ok(message.includes(`${squatter.name}: Placement refuses`), message);
    assert.match(message, /all else is told$/);
    const consumer = randomUUID();
    assert.equal(await here.books.claim(consumer, second.uuid), 204);
    await here.create("desk-1", consumer);
    await suite.placement.ask("DELETE", `/resource_providers/${squatter.uuid}`);
    await here.published("the first");
    await agrees(here);
  });

  it("keeps no change of others from being told at once, and is tried when all is compared alone", async () => {
    const here = await suite.begin({ yaml: TWO_GPUS });
    const first = await here.published("the first");
    await here.published("the second", undefined, SECOND);
    await agrees(here);
    const which = { method: "PUT", path: new RegExp(`${first.uuid}/inventories`) };
    here.faulty.misbehave(which, { kind: "internal error" });
    await here.world.rpc.call(Hosts.drainHost, { note: "move" });
    await here.published("the second's drain", isDrained, SECOND);
    await here.faulty.saw(which);
    await comesTo(here.world.rpc, "SCHEDULER_UNTOLD", "FAIL");
    // Its books are read all the same.
    const consumer = randomUUID();
    assert.equal(await here.books.claim(consumer, first.uuid), 204);
    await until("the booking is seen", async () => {
      const { evidence } = await conditionOf(here.world.rpc, "BOOKING_WITHOUT_DOMAIN");
      return evidence.some(({ path }) => path.includes(consumer));
    });
    const scraped = await here.world.scrape();
    for (const line of ["vgpud_scheduler_up 1", "vgpud_scheduler_untold 1"])
      assert.ok(scraped.includes(`\n${line}\n`), line);
    here.faulty.forget();
    await here.world.rpc.call(Hosts.undrainHost, {});
    await here.published("its end", (gpu) => !isDrained(gpu), SECOND);
    await here.world.rpc.call(Hosts.drainHost, { note: "move" });
    await here.published("and another", isDrained, SECOND);
    await here.faulty.saw(which);
    const isTry = ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
      method === "PUT" && which.path.test(path);
    // Each comparison begins with the tree: no two tries without one between them.
    const order = here.faulty.seen.flatMap((each) =>
      isTry(each) ? "try" : each.path.includes("in_tree=") ? "comparison" : [],
    );
    assert.doesNotMatch(order.join(" "), /try try/);
    assert.match(order.join(" "), /comparison try/);
    here.faulty.behave();
    await here.published("the first's drain", isDrained);
    await agrees(here);
  });
});
