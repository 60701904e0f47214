// Plans over GPUs in different modes: what they say fits is what a create gets, and what they say does not is refused for the same.
import assert from "node:assert/strict";
import fc from "fast-check";
import { place, type Decision } from "../../../agent/capacity/place.ts";
import { planOf, type Plan } from "../../../agent/capacity/plan.ts";
import type { Supposition } from "../../../agent/capacity/plan/suppose.ts";
import type { PlanRequest } from "../../../agent/capacity/plan/units.ts";
import type { Need, Wish } from "../../../agent/capacity/wish.ts";
import { modes } from "../../../agent/core/modes.ts";
import { typeOf } from "../../../agent/inventory/share.ts";
import { typeName } from "../../fakes/fake-kernel.ts";
import { pciAddress } from "../../fakes/ids.ts";
import { MixedHost, mixedGpus, type MixedFunction } from "../../fakes/mixed-host.ts";
import { asItIs, policies } from "../../fakes/plan-cases.ts";
import { mostOnMixed } from "../../fakes/mixed-oracle.ts";

const anyNeed = (mode: (typeof modes)[number]): fc.Arbitrary<Need> => {
  const amount = fc.constantFrom(0, 0, 1024, 2048, 4096);
  switch (mode) {
    case "gvt-g":
      return fc
        .constantFrom(0, 65, 129, 257)
        .map((lowGmMib) => ({ mode, least: { lowGmMib, highGmMib: 0, fences: 0 } }));
    case "sriov":
      return fc.record({ vramMib: amount, ggttMib: amount }).map((least) => ({ mode, least }));
    case "gvt-d":
    case "gvt-s":
      return fc.constant({ mode });
  }
};
const anySize: fc.Arbitrary<Wish["size"]> = fc.oneof(
  fc
    .constantFrom("vf", "gpu", "seat", ...(["8", "4", "2"] as const).map(typeName))
    .map((type) => ({ by: "type", type }) as const),
  fc.constantFrom(...modes).map((mode) => ({ by: "mode", mode }) as const),
  fc
    .shuffledSubarray([...modes], { minLength: 1 })
    .chain((some) => fc.tuple(...some.map(anyNeed)))
    .map((anyOf) => ({ by: "needs", anyOf }) as const),
);
const anyWish: fc.Arbitrary<Wish> = fc.record({
  size: anySize,
  gpu: fc.option(
    fc.nat(3).map((n) => pciAddress(n)),
    { nil: undefined, freq: 5 },
  ),
  policy: fc.constantFrom(...policies),
});
const anyRequests: fc.Arbitrary<readonly PlanRequest[]> = fc.array(
  fc.record({ wish: anyWish, count: fc.integer({ min: 1, max: 2 }) }),
  { minLength: 1, maxLength: 4 },
);

const planFor = (host: MixedHost, requests: readonly PlanRequest[], what: Partial<Supposition> = {}): Plan =>
  planOf(requests, host.stock(), { ...asItIs, ...what });

const wishOf = (requests: readonly PlanRequest[], item: number): Wish => {
  const wish = requests[item]?.wish;
  assert.ok(wish);
  return wish;
};

function chosen(decision: Decision): string {
  return decision.ok ? `${typeOf(decision.share)} on ${decision.gpu}` : decision.reason;
}

describe("a plan over GPUs in several modes", () => {
  it("is made to the last vGPU, one after the other, and what it leaves out is refused by each GPU for what it said", () => {
    fc.assert(
      fc.property(mixedGpus, anyRequests, (gpus, requests) => {
        const host = new MixedHost(gpus);
        const plan = planFor(host, requests);
        for (const { item, gpu, type } of plan.planned) {
          const decision = place({ ...wishOf(requests, item), gpu }, host.stock());
          assert.equal(chosen(decision), `${type} on ${gpu}`);
          assert.ok(decision.ok);
          host.give(decision);
        }
        for (const { item, reason, shortfalls } of plan.unplanned) {
          const short = shortfalls.filter(({ missing }) => missing !== undefined);
          assert.ok(short.every((one) => one.reason !== "MODE_UNSUPPORTED"));
          if (short.length > 0)
            assert.ok(
              short.some((one) => one.reason === reason),
              "another is nearer",
            );
          const refused = place(wishOf(requests, item), host.stock());
          assert.ok(!refused.ok, "there is room after all");
          assert.deepEqual(
            new Map(shortfalls.map(({ gpu, reason }) => [gpu, reason])),
            new Map(refused.candidates.map(({ gpu, lost }) => [gpu, lost])),
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  it("holds as many as can be, by trying all ways", () => {
    fc.assert(
      fc.property(mixedGpus, anyRequests, (gpus, requests) => {
        const host = new MixedHost(gpus);
        const plan = planFor(host, requests);
        const most = mostOnMixed(host, requests);
        assert.ok(plan.planned.length <= most, "more than can stand");
        if (plan.exact) assert.equal(plan.planned.length, most);
        const asked = requests.reduce((sum, { count }) => sum + count, 0);
        const left = plan.unplanned.reduce((sum, { count }) => sum + count, 0);
        assert.equal(plan.planned.length + left, asked);
      }),
      { numRuns: 300 },
    );
  });

  it("puts one vGPU where a create would, whatever is asked for", () => {
    fc.assert(
      fc.property(mixedGpus, anyWish, (gpus, wish) => {
        const host = new MixedHost(gpus);
        const [planned] = planFor(host, [{ wish, count: 1 }]).planned;
        const decision = place(wish, host.stock());
        assert.equal(
          planned && `${planned.type} on ${planned.gpu}`,
          decision.ok ? chosen(decision) : undefined,
        );
      }),
      { numRuns: 500 },
    );
  });
});

const NEAR: Wish = { size: { by: "mode", mode: "gvt-s" }, gpu: undefined, policy: "pack" };
const ask = (type: string, count = 1): PlanRequest => ({
  wish: { ...NEAR, size: { by: "type", type } },
  count,
});
const free: MixedFunction = { vramMib: 2048, ggttMib: 256, foreign: false };
const four = [
  { mode: "gvt-g", apertureMib: 512, foreign: [] },
  { mode: "gvt-s", seats: 2, foreign: 1 },
  { mode: "gvt-d", foreign: true },
  { mode: "sriov", functions: [free, free, { ...free, foreign: true }] },
] as const satisfies ConstructorParameters<typeof MixedHost>[0];

describe("what a plan says of a GPU in another mode than gvt-g", () => {
  const lacks = (type: string, count: number, what: Partial<Supposition> = {}): unknown[] => {
    const { planned, unplanned } = planFor(new MixedHost(four), [ask(type, count)], what);
    const [{ reason, shortfalls } = { reason: undefined, shortfalls: [] }] = unplanned;
    const missing = shortfalls.find((short) => short.reason === reason)?.missing;
    return [planned.length, reason, missing?.instances];
  };

  it("names what there is no more of, and that one is missing", () => {
    assert.deepEqual(lacks("seat", 3), [1, "SEATS_EXHAUSTED", 1]);
    assert.deepEqual(lacks("gpu", 1), [0, "GPU_EXHAUSTED", 1]);
    assert.deepEqual(lacks("vf", 4), [2, "FUNCTIONS_EXHAUSTED", 1]);
  });

  it("tells of those that are in another mode which one that is", () => {
    const [seat] = planFor(new MixedHost(four), [ask("seat", 2)]).unplanned;
    assert.deepEqual(
      seat?.shortfalls.map(({ reason, why }) => [reason, /mode (\S+);/.exec(why)?.[1]]),
      [
        ["MODE_UNSUPPORTED", "gvt-g"],
        ["SEATS_EXHAUSTED", undefined],
        ["MODE_UNSUPPORTED", "gvt-d"],
        ["MODE_UNSUPPORTED", "sriov"],
      ],
    );
  });

  it("does without what others have, in every mode", () => {
    const theirs = { withoutForeign: true };
    assert.deepEqual(
      [lacks("seat", 2, theirs), lacks("gpu", 1, theirs), lacks("vf", 3, theirs)].map(([count]) => count),
      [2, 1, 3],
    );
  });

  it("takes a host as empty of claims, too", () => {
    const host = new MixedHost(four);
    for (const type of ["seat", "vf", "vf"]) {
      const decision = place(ask(type).wish, host.stock());
      assert.ok(decision.ok);
      host.give(decision);
    }
    const count = (what: Partial<Supposition>): number =>
      planFor(host, [ask("seat", 2), ask("vf", 3), ask("gpu")], what).planned.length;
    assert.deepEqual([count({}), count({ withoutForeign: true }), count({ empty: true })], [0, 3, 6]);
  });

  it("makes slices of no GPU that is in another mode, whatever its aperture is supposed to be", () => {
    const apertures = new Map([1, 2, 3].map((n) => [pciAddress(n), 1024]));
    const withoutGpus = new Set([pciAddress(0)]);
    const plan = planFor(new MixedHost(four), [ask(typeName("8"))], { apertures, withoutGpus });
    assert.deepEqual([plan.planned, plan.unplanned[0]?.reason], [[], "MODE_UNSUPPORTED"]);
  });

  it("plans all of them in one request", () => {
    const made = planFor(new MixedHost(four), [ask("vf", 2), ask("seat"), ask(typeName("4"), 2)]);
    assert.deepEqual(
      made.planned.map(({ type, sizes }) => [type, sizes?.lowGmMib]),
      [
        [typeName("4"), 128],
        [typeName("4"), 128],
        ["vf", undefined],
        ["vf", undefined],
        ["seat", undefined],
      ],
    );
    assert.equal(made.unplanned.length, 0);
  });
});

describe("a vGPU that is asked for by what it has to give", () => {
  const needs = (...anyOf: Need[]): Wish => ({ ...NEAR, size: { by: "needs", anyOf } });
  const slice = (lowGmMib: number): Need => ({ mode: "gvt-g", least: { lowGmMib, highGmMib: 0, fences: 0 } });
  const vf = (vramMib = 0, ggttMib = 0): Need => ({ mode: "sriov", least: { vramMib, ggttMib } });

  it("is the first of the needs that any GPU has room for, and every other GPU says why it is not there", () => {
    const host = new MixedHost(four);
    const decision = place(needs(vf(), slice(128)), host.stock());
    assert.equal(chosen(decision), `vf on ${pciAddress(3)}`);
    assert.deepEqual(
      decision.candidates.map(({ lost, why }) => [lost, why]),
      [
        [undefined, `has room; what is asked for first fits on ${pciAddress(3)}`],
        ["MODE_UNSUPPORTED", "is in mode gvt-s, and has no SR-IOV and offers no vGPU types"],
        ["MODE_UNSUPPORTED", "is in mode gvt-d, and has no SR-IOV and offers no vGPU types"],
        [undefined, "meets what is asked for first"],
      ],
    );
    assert.equal(
      chosen(place(needs(slice(128), vf()), host.stock())),
      `${typeName("4")} on ${pciAddress(0)}`,
    );
    assert.equal(chosen(place(needs(slice(300), vf()), host.stock())), `vf on ${pciAddress(3)}`);
  });

  it("is a function that was given enough, the least of those", () => {
    const functions = [4096, 1024, 2048].map((vramMib) => ({ ...free, vramMib }));
    const host = new MixedHost([{ mode: "sriov", functions }]);
    const numbers = [1500, 0, 3000].map((vramMib) => {
      const decision = place(needs(vf(vramMib)), host.stock());
      assert.ok(decision.ok && decision.share.mode === "sriov");
      host.give(decision);
      return decision.share.number;
    });
    assert.deepEqual(numbers, [3, 2, 1]);
  });

  it("is told a function that is too small from one that is taken, and from one of which nobody knows", () => {
    const decide = (vramMib: number | undefined, foreign = false): string[] => {
      const host = new MixedHost([{ mode: "sriov", functions: [{ ...free, vramMib, foreign }] }]);
      const decision = place(needs(vf(2048)), host.stock());
      assert.ok(!decision.ok);
      return [decision.reason, decision.why];
    };
    const small = decide(1024);
    assert.equal(small[0], "TYPE_UNKNOWN");
    assert.match(
      small[1] ?? "",
      /offers no virtual function with at least 2048 MiB of local memory; those that were given most have 1024 MiB/,
    );
    assert.deepEqual(decide(4096, true)[0], "FUNCTIONS_EXHAUSTED");
    assert.match(decide(undefined).join(" "), /^TYPE_UNKNOWN .*an unknown amount of local memory/);
  });

  it("is refused in the words of what was asked for when nothing could ever be", () => {
    const decision = place(
      needs(slice(128), vf(512)),
      new MixedHost([{ mode: "gvt-d", foreign: false }]).stock(),
    );
    assert.ok(!decision.ok);
    assert.deepEqual(
      [decision.reason, decision.why],
      [
        "MODE_UNSUPPORTED",
        `no GPU of this host gives a vGPU of mode gvt-g with at least 128 MiB low GM, or a virtual function with at least 512 MiB of local memory: ${pciAddress(0)} is in mode gvt-d, and offers no vGPU types and has no SR-IOV`,
      ],
    );
  });
});
