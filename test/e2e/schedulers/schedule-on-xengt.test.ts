// vgpuctl schedule with a real Placement in front of an ordinary host and one with XenGT of 2015, on which slices share high GM.
import assert from "node:assert/strict";
import { z } from "zod";
import { exitCodes } from "../../../agent/cli/errors/exit-codes.ts";
import { GVT } from "../../schedulers/booked-world.ts";
import { placementSuite } from "../../schedulers/placement-suite.ts";
import { creatingOn } from "../../schedulers/creating-on.ts";
import { BROADWELL, BY_AGENT } from "../harness/xengt-host.ts";

/** Two of them fill the high GM of the ordinary host, and leave low GM for a third. */
const FLAVORS = `
sizes: { vcpus: 1, memory: 256, vgt_low_gm_sz: 256, vgt_high_gm_sz: 1024, vgt_fence_sz: 4 }
named:
  vcpus: 1
  memory: 256
  resources_GPU: { CUSTOM_INTEL_VGPU: 1, ${GVT.low}: 256, ${GVT.high}: 1024, ${GVT.fence}: 4 }
smallest: { vcpus: 1, memory: 256, mode: gvt-g }
`;
const madeSchema = z.looseObject({ claim_id: z.string(), host: z.string() });
const bookedSchema = z.object({
  allocations: z.record(z.string(), z.object({ resources: z.record(z.string(), z.number()) })),
});

describe("vgpuctl schedule in front of a host with XenGT of 2015", function () {
  this.timeout(180_000);
  const suite = placementSuite();

  it("makes each domain where there is room, and books high GM where it is counted alone", async () => {
    const ordinary = await suite.begin();
    const sharing = await suite.begin({
      ...{ yaml: BROADWELL, settings: BY_AGENT, libvirtUri: "xen:///system" },
    });
    const gpus = [await ordinary.published("the GPU"), await sharing.published("the GPU")];
    assert.ok(!(GVT.high in (gpus[1]?.inventories ?? {})));
    const hosts = [ordinary, sharing];
    const create = creatingOn(hosts, { endpoint: suite.placement.url, flavors: FLAVORS });
    /** The host, and what is booked there. */
    const made = async (flavor: string, name: string): Promise<readonly unknown[]> => {
      const ran = await create(flavor, name);
      assert.equal(ran.exitCode, 0, ran.stderr);
      const { claim_id: claim, host } = madeSchema.parse(JSON.parse(ran.stdout));
      const { body } = await suite.placement.ask("GET", `/allocations/${claim}`);
      const [[, { resources }] = assert.fail()] = Object.entries(bookedSchema.parse(body).allocations);
      return [host, resources];
    };

    const without = { [GVT.vgpu]: 1, [GVT.low]: 256, [GVT.fence]: 4 };
    const all = { ...without, [GVT.high]: 1024 };
    assert.deepEqual(await made("sizes", "a"), [ordinary.name, all]);
    assert.deepEqual(await made("named", "b"), [ordinary.name, all]);
    const named = await create("named", "c");
    assert.equal(named.exitCode, exitCodes["no-room"], named.stderr);
    assert.deepEqual(await made("sizes", "d"), [sharing.name, without]);
    assert.equal((await create("sizes", "e")).exitCode, exitCodes["no-room"]);
    // 384 MiB of high GM are left on the ordinary host.
    assert.equal((await made("smallest", "f"))[0], ordinary.name);
    const names = await Promise.all(hosts.map(({ world }) => world.domains()));
    assert.deepEqual(
      names.map((domains) => domains.map(({ name }) => name).sort()),
      [["a", "b", "f"], ["d"]],
    );
  });
});
