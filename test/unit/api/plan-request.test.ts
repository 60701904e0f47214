// A plan as it is asked for over the wire.
import assert from "node:assert/strict";
import { parsePlanRequest } from "../../../agent/api/validate/plan-request.ts";
import { AgentError } from "../../../agent/core/errors.ts";
import { PlanItem, PlanRequest } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { PlacementPolicy } from "../../../proto/gen/vgpud/v1/placement.ts";
import { pciAddress } from "../../fakes/ids.ts";

const GPU = "0000:00:02.0";
const item = (count?: number): PlanItem =>
  PlanItem.fromPartial({ vgpu: { want: { $case: "type", value: "t" } }, count });

function refused(
  request: Parameters<typeof PlanRequest.fromPartial>[0],
  ...fields: readonly string[]
): string {
  try {
    parsePlanRequest(PlanRequest.fromPartial(request));
  } catch (error) {
    assert.ok(error instanceof AgentError);
    assert.equal(error.kind, "invalid-argument");
    assert.deepEqual(
      error.violations.map(({ field }) => field),
      fields,
    );
    return error.message;
  }
  throw new Error("nothing was refused");
}

describe("a plan that is asked for", () => {
  it("is of one vGPU where no count is given, and supposes nothing", () => {
    const { requests, what } = parsePlanRequest(PlanRequest.fromPartial({ items: [item(), item(999)] }));
    assert.deepEqual(
      requests.map(({ count }) => count),
      [1, 999],
    );
    assert.deepEqual(what, {
      withoutGpus: new Set(),
      withoutForeign: false,
      empty: false,
      apertures: new Map(),
    });
  });

  it("supposes what it says", () => {
    const whatIf = {
      withoutGpus: ["0000:01:02.0"],
      ...{ withoutForeign: true, empty: true },
      apertures: [{ gpu: "0000:00:02.0", apertureMib: 512 }],
    };
    assert.deepEqual(parsePlanRequest(PlanRequest.fromPartial({ items: [item()], whatIf })).what, {
      withoutGpus: new Set([pciAddress(1)]),
      ...{ withoutForeign: true, empty: true },
      apertures: new Map([[pciAddress(0), 512]]),
    });
  });

  it("has 1 to 100 items", () => {
    refused({}, "items");
    assert.match(refused({ items: Array<PlanItem>(10_000).fill(item()) }, "items"), /1 to 100, are 10000/);
    assert.equal(
      parsePlanRequest(PlanRequest.fromPartial({ items: Array<PlanItem>(100).fill(item()) })).requests.length,
      100,
    );
  });

  it("has counts of 1 to 1000, of one item and of all", () => {
    for (const count of [0, -1, 1001, 2 ** 31 - 1, -(2 ** 31)])
      refused({ items: [item(1), item(count)] }, "items[1].count");
    assert.match(refused({ items: [item(1000), item()] }, "items"), /at most 1000 vGPUs together, are 1001/);
    assert.equal(parsePlanRequest(PlanRequest.fromPartial({ items: [item(1000)] })).requests[0]?.count, 1000);
  });

  it("is told all that is wrong with it", () => {
    const vgpu = { policy: PlacementPolicy.NUMA, want: { $case: "type", value: "t" } } as const;
    refused(
      {
        items: [{}, { vgpu: { ...vgpu }, count: 0 }, { vgpu: { ...vgpu, numa: { node: -1 } } }],
        whatIf: { withoutGpus: ["", GPU, "0000:00:02.0"], apertures: [{ gpu: "card0", apertureMib: 300 }] },
      },
      ...["items[0].vgpu", "items[1].vgpu.numa", "items[1].count", "items[2].vgpu.numa.node"],
      ...["what_if.without_gpus[0]", "what_if.without_gpus[2]"],
      ...["what_if.apertures[0].gpu", "what_if.apertures[0].aperture_mib"],
    );
  });

  it("names at most 64 GPUs of each kind, and no more of them are looked at", () => {
    const apertures = (count: number): { gpu: string; apertureMib: number }[] =>
      Array.from({ length: count }, (_, n) => ({ gpu: pciAddress(n), apertureMib: 512 }));
    const whatIf = { withoutGpus: Array<string>(20_000).fill("no address"), apertures: apertures(65) };
    const message = refused({ items: [item()], whatIf }, "what_if.without_gpus", "what_if.apertures");
    assert.match(message, /at most 64, are 20000/);
    const most = PlanRequest.fromPartial({ items: [item()], whatIf: { apertures: apertures(64) } });
    assert.equal(parsePlanRequest(most).what.apertures.size, 64);
  });

  it("cannot leave a GPU out and suppose something of it, nor suppose two things", () => {
    const apertures = [{ gpu: GPU, apertureMib: 512 }];
    refused({ items: [item()], whatIf: { withoutGpus: [GPU], apertures } }, "what_if.apertures[0].gpu");
    refused(
      { items: [item()], whatIf: { apertures: [...apertures, ...apertures] } },
      "what_if.apertures[1].gpu",
    );
  });
});
