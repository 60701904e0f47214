// vgpuctl schedule with a real Placement in front of hosts that are in aggregates, of which a caller asks for some.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { exitCodes } from "../../../agent/cli/errors/exit-codes.ts";
import { creatingOn } from "../../schedulers/creating-on.ts";
import { placementSuite } from "../../schedulers/placement-suite.ts";

/** There is room for one on each host. */
const FLAVORS = "big: { vcpus: 1, memory: 256, vgt_low_gm_sz: 512, vgt_high_gm_sz: 2048, vgt_fence_sz: 4 }";
const madeSchema = z.looseObject({ host: z.string() });

describe("vgpuctl schedule with member_of", function () {
  this.timeout(180_000);
  const suite = placementSuite();

  it("makes domains on hosts of these aggregates alone, in any of them", async () => {
    const shards = [randomUUID(), randomUUID()] as const;
    const begin = async (shard: string) =>
      await suite.begin({ placement: `    root: own\n    aggregates: [${shard}]` });
    const hosts = [await begin(shards[0]), await begin(shards[1])] as const;
    for (const [at, host] of hosts.entries()) {
      const gpu = await host.published("the GPU", ({ aggregates }) => aggregates.length > 0);
      assert.deepEqual(gpu.aggregates, [shards[at]]);
    }
    const endpoint = suite.placement.url;
    const within = (...those: readonly string[]) =>
      creatingOn(hosts, { endpoint, flavors: FLAVORS, more: `, member_of: [${those.join(", ")}]` });

    const first = await within(shards[1])("big", "a");
    assert.equal(first.exitCode, 0, first.stderr);
    assert.equal(madeSchema.parse(JSON.parse(first.stdout)).host, hosts[1].name);
    const full = await within(shards[1])("big", "b");
    assert.equal(full.exitCode, exitCodes["no-room"], full.stderr);
    assert.match(full.stderr, /no GPU of mode gvt-g in the aggregates of placement\.member_of has room for /);
    const either = await within(...shards)("big", "c");
    assert.equal(either.exitCode, 0, either.stderr);
    assert.equal(madeSchema.parse(JSON.parse(either.stdout)).host, hosts[0].name);
    const elsewhere = await within(randomUUID())("big", "d");
    assert.equal(elsewhere.exitCode, exitCodes["no-room"], elsewhere.stderr);
  });
});
