// Where a vGPU goes, and why it goes nowhere, on hosts of every kind.
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Mode } from "../../../agent/core/modes.ts";
import type { Gpu } from "../../../agent/inventory/model.ts";
import type { Holding } from "../../../agent/capacity/budget.ts";
import { AgentError } from "../../../agent/core/errors.ts";
import { NotPlacedError, place, type Decision, type Placed } from "../../../agent/capacity/place.ts";
import type { Wish } from "../../../agent/capacity/wish.ts";
import { typeOf } from "../../../agent/inventory/share.ts";
import { FakeGpu, typeName, type TypeSuffix } from "../../fakes/fake-kernel.ts";
import { ownVgpuId, pciAddress } from "../../fakes/ids.ts";
import { policies } from "../../fakes/plan-cases.ts";
import { apertures, byType, decide, gpusOf, suffixes } from "./placing.ts";
import { untouched } from "../../fakes/stock.ts";

const anySize: fc.Arbitrary<Wish["size"]> = fc.oneof(
  fc.constantFrom(...suffixes).map((suffix) => ({ by: "type", type: typeName(suffix) }) as const),
  fc
    .record({
      lowGmMib: fc.integer({ min: 0, max: 600 }),
      highGmMib: fc.integer({ min: 0, max: 2500 }),
      fences: fc.integer({ min: 0, max: 5 }),
    })
    .map((sizes) => ({ by: "sizes", sizes }) as const),
  fc.constant({ by: "mode", mode: "gvt-g" } as const),
);
const wishes: fc.Arbitrary<Wish> = fc.record({
  size: anySize,
  gpu: fc.constantFrom(undefined, pciAddress(0), pciAddress(1)),
  policy: fc.constantFrom(...policies),
});
const hosts = fc.array(fc.constantFrom(...apertures), { minLength: 1, maxLength: 4 });

describe("place", () => {
  it("never chooses a GPU on which the kernel would refuse", () => {
    fc.assert(
      fc.property(hosts, fc.array(wishes, { maxLength: 20 }), (sizes, asked) => {
        const gpus = gpusOf(sizes);
        for (const [n, wish] of asked.entries()) {
          const decision = decide(gpus, wish);
          if (decision.ok)
            gpus.find(({ address }) => address === decision.gpu)?.make(ownVgpuId(n), typeOf(decision.share));
        }
      }),
    );
  });

  it("never promises more than there is, when nothing is made until the end", () => {
    fc.assert(
      fc.property(hosts, fc.array(wishes, { maxLength: 20 }), (sizes, asked) => {
        const gpus = gpusOf(sizes);
        const promised: ReturnType<typeof promiseOf>[] = [];
        for (const [n, wish] of asked.entries()) {
          const decision = decide(gpus, wish, { promised });
          if (decision.ok) promised.push(promiseOf(decision, n));
        }
        for (const { gpu, vgpuId, type } of promised)
          gpus.find(({ address }) => address === gpu)?.make(vgpuId, type);
      }),
    );
  });

  it("refuses only when no GPU it may choose has room for such a type", () => {
    fc.assert(
      fc.property(hosts, fc.array(fc.constantFrom(...suffixes), { maxLength: 12 }), (sizes, wanted) => {
        const gpus = gpusOf(sizes);
        for (const [n, suffix] of wanted.entries()) {
          const decision = decide(gpus, byType(suffix));
          const chosen = decision.ok ? decision.gpu : undefined;
          if (chosen) gpus.find(({ address }) => address === chosen)?.make(ownVgpuId(n), typeName(suffix));
          else
            for (const gpu of gpus)
              assert.throws(() => {
                gpu.make(ownVgpuId(n), typeName(suffix));
              });
        }
      }),
    );
  });

  it("names every GPU it considered, once, and why each lost", () => {
    fc.assert(
      fc.property(hosts, wishes, (sizes, wish) => {
        const gpus = gpusOf(sizes);
        const { candidates, ...decision } = decide(gpus, wish);
        const considered = gpus.map(({ address }) => address).filter((gpu) => !wish.gpu || wish.gpu === gpu);
        assert.deepEqual(
          candidates.map(({ gpu }) => gpu),
          considered,
        );
        assert.ok(candidates.every(({ why }) => why !== ""));
        if (decision.ok) assert.equal(candidates.find(({ gpu }) => gpu === decision.gpu)?.lost, undefined);
        else assert.ok(candidates.every(({ lost }) => lost !== undefined));
      }),
    );
  });

  it("decides the same in whatever order the GPUs come", () => {
    fc.assert(
      fc.property(hosts, wishes, (sizes, wish) => {
        const gpus = gpusOf(sizes);
        const chosen = (decision: Decision): string => (decision.ok ? decision.gpu : "none");
        assert.equal(chosen(decide(gpus.toReversed(), wish)), chosen(decide(gpus, wish)));
      }),
    );
  });

  it("takes the lowest address of equals", () => {
    for (const policy of policies) {
      const decision = decide(gpusOf([512, 512, 512]).toReversed(), byType("4", { policy }));
      assert.ok(decision.ok);
      assert.equal(decision.gpu, pciAddress(0), policy);
    }
  });

  it("packs the fullest GPU and spreads to the emptiest", () => {
    const gpus = gpusOf([512, 512]);
    gpus[1]?.make(ownVgpuId(1), typeName("4"));
    const chosen = policies.map((policy) => {
      const decision = decide(gpus, byType("4", { policy }));
      return [policy, decision.ok ? decision.gpu : undefined];
    });
    assert.deepEqual(Object.fromEntries(chosen), {
      pack: pciAddress(1),
      spread: pciAddress(0),
      numa: pciAddress(1),
    });
  });

  it("prefers a GPU on a wanted node, packs among those, and says when none of them has room", () => {
    const gpus = gpusOf([512, 512, 512]);
    gpus[0]?.make(ownVgpuId(1), typeName("4"));
    gpus[2]?.make(ownVgpuId(2), typeName("8"));
    const nodes = [0, 1, 1];
    const holdings = gpus.flatMap((gpu) =>
      gpu.slices().flatMap(({ id, type }) => {
        const sizes = gpu.facts().types.find(({ name }) => name === type)?.sizes;
        return sizes ? [{ vgpuId: id, gpu: gpu.address, sizes }] : [];
      }),
    );
    const facts = gpus.map((gpu, n) => ({ ...gpu.facts(), numaNode: nodes[n] }));
    const near = (node: number): Decision =>
      place(byType("8", { policy: "numa", near: [node] }), {
        ...{ ...untouched, gpus: facts, holdings },
        made: new Set(holdings.map(({ vgpuId }) => vgpuId)),
      });
    const [first, second, nowhere] = [near(0), near(1), near(5)];
    assert.ok(first.ok && second.ok && nowhere.ok);
    assert.deepEqual([first.gpu, first.warnings], [pciAddress(0), []]);
    assert.deepEqual([second.gpu, second.warnings], [pciAddress(2), []]);
    assert.equal(nowhere.gpu, pciAddress(0), "the fullest");
    assert.match(nowhere.warnings.join(), /is on NUMA node 0, not on 5: no GPU there has room$/);
  });

  it("takes the lowest score, of doubtful GPUs only where there is no other, and scores whatever could serve", () => {
    fc.assert(
      fc.property(hosts, wishes, fc.array(fc.boolean(), { maxLength: 4 }), (sizes, wish, refused) => {
        const gpus = gpusOf(sizes);
        const decision = decide(gpus, wish, { refused });
        for (const { lost, score } of decision.candidates)
          assert.equal(score === undefined, lost !== undefined);
        if (!decision.ok) return;
        const isDoubtful = (address: string): boolean =>
          refused[gpus.findIndex((gpu) => gpu.address === address)] === true;
        const could = decision.candidates.filter(({ score }) => score !== undefined);
        const sure = could.filter(({ gpu }) => !isDoubtful(gpu));
        const among = sure.length > 0 ? sure : could;
        const chosen = among.find(({ gpu }) => gpu === decision.gpu);
        assert.equal(chosen?.score, Math.min(...among.map(({ score = NaN }) => score)));
      }),
    );
  });

  it("passes over what the guest cannot have, and says what is at fault where nothing else is left", () => {
    const gpus = gpusOf([1024, 1024]);
    const cannot = (...addresses: string[]): Decision =>
      place(byType("8"), { ...untouched, gpus: gpus.map((gpu) => gpu.facts()) }, ({ gpu }) =>
        addresses.includes(gpu)
          ? new AgentError("FIELD_INVALID", `not ${gpu}`, { field: "domain.igd" })
          : undefined,
      );
    const [first, second] = [cannot(pciAddress(0)), cannot(pciAddress(0), pciAddress(1))];
    assert.ok(first.ok && !second.ok);
    assert.equal(first.gpu, pciAddress(1));
    assert.deepEqual(
      first.candidates.map(({ lost, score }) => [lost, score === undefined]),
      [
        ["FIELD_INVALID", true],
        [undefined, false],
      ],
    );
    const error = new NotPlacedError(second);
    assert.deepEqual([error.reason, error.field], ["FIELD_INVALID", "domain.igd"]);
    assert.equal(error.message, `not ${pciAddress(0)}; not ${pciAddress(1)}`);
  });

  it("names the mode that a GPU would have to be given, and why where it never can be", () => {
    const facts = gpusOf([1024]).map((gpu) => gpu.facts())[0];
    assert.ok(facts);
    const nothing = { vramBytes: undefined, ggttBytes: undefined, contexts: undefined, doorbells: undefined };
    const cuttable = (total: number): Gpu => ({
      ...facts,
      sriov: {
        ...{ total, autoprobe: false, driverEnables: true, functions: [] },
        ...{ available: nothing, largestQuota: nothing },
      },
    });
    const why = (wanted: Mode, gpu: Gpu, mode: Mode, xengt = false): string | undefined => {
      const stock = { ...untouched, gpus: [gpu], modeOf: () => mode, xengt };
      return place({ size: { by: "mode", mode: wanted }, gpu: undefined, policy: "pack" }, stock)
        .candidates[0]?.why;
    };
    const to = (mode: Mode): string => `SetGpuMode (vgpuctl set-mode ${facts.address} ${mode}) changes that`;
    const given = { ...facts, types: [], driver: "vfio-pci" };
    for (const [wanted, gpu, mode, told, xengt] of [
      ["sriov", facts, "gvt-g", "has no SR-IOV"],
      ["sriov", cuttable(0), "gvt-s", "its driver lets it have no virtual functions"],
      ["sriov", cuttable(7), "gvt-s", to("sriov")],
      ["gvt-s", facts, "gvt-g", to("gvt-s")],
      ["gvt-s", facts, "gvt-g", "guests of Xen have no gvt-s (VIRGL_NOT_ON_XEN)", true],
      ["gvt-d", facts, "gvt-g", to("gvt-d"), true],
      ["gvt-g", facts, "gvt-s", to("gvt-g")],
      ["gvt-g", { ...facts, types: [] }, "gvt-s", "offers no vGPU types"],
      // What it offers with its driver is not seen.
      ["gvt-g", { ...given, deviceId: "5917" }, "gvt-d", to("gvt-g")],
      ["gvt-g", { ...given, deviceId: "56c0" }, "gvt-d", "offers no vGPU types"],
    ] as const) {
      const said = why(wanted, gpu, mode, xengt) ?? "";
      assert.ok(said.startsWith(`is in mode ${mode}`) && said.includes(told), `${wanted}: ${said}`);
    }
  });

  it("takes the smallest type that holds the sizes asked for, and says what it gives instead", () => {
    const asked = (lowGmMib: number, highGmMib: number, fences: number): Decision =>
      decide(gpusOf([1024]), {
        size: { by: "sizes", sizes: { lowGmMib, highGmMib, fences } },
        gpu: undefined,
        policy: "pack",
      });
    const made = (decision: Decision): string => (decision.ok ? typeOf(decision.share) : decision.reason);
    assert.equal(made(asked(64, 384, 4)), typeName("8"));
    assert.equal(made(asked(65, 1, 1)), typeName("4"));
    assert.equal(made(asked(64, 513, 4)), typeName("2"));
    assert.equal(made(asked(513, 1, 1)), "TYPE_UNKNOWN");
    assert.equal(made(asked(64, 384, 5)), "TYPE_UNKNOWN");
    const [exact, rounded] = [asked(128, 512, 4), asked(100, 512, 4)];
    assert.ok(exact.ok && rounded.ok);
    assert.deepEqual(exact.warnings, []);
    assert.match(rounded.warnings.join(), /asked for 100 MiB low GM.*gives 128 MiB low GM/);
  });

  it("takes the smallest type of all when only the mode matters", () => {
    const decision = decide(gpusOf([1024]), {
      size: { by: "mode", mode: "gvt-g" },
      gpu: undefined,
      policy: "pack",
    });
    assert.ok(decision.ok);
    assert.equal(typeOf(decision.share), typeName("8"));
  });

  it("names the mode that no GPU can give, and no vGPU type where it has none", () => {
    const refusal = (mode: Mode, gpus: FakeGpu[]): string => {
      const decision = decide(gpus, { size: { by: "mode", mode }, gpu: undefined, policy: "pack" });
      return decision.ok ? "placed" : decision.why;
    };
    for (const mode of ["gvt-g", "gvt-d", "gvt-s", "sriov"] as const) {
      assert.match(
        refusal(mode, []),
        new RegExp(`^this host has no GPU that could give a vGPU of mode ${mode}; `),
      );
      if (mode !== "gvt-g")
        assert.match(
          refusal(mode, gpusOf([512])),
          new RegExp(`^no GPU of this host gives a vGPU of mode ${mode}: `),
        );
    }
  });

  it("tells an unknown GPU, an unknown type, a host without the mode and a full host apart", () => {
    const reason = (decision: Decision): string => (decision.ok ? "placed" : decision.reason);
    assert.equal(reason(decide(gpusOf([512]), byType("8", { gpu: pciAddress(9) }))), "GPU_NOT_FOUND");
    assert.equal(reason(decide(gpusOf([512]), byType("1"))), "TYPE_UNKNOWN");
    const odd = byType("8", { size: { by: "type", type: "constructor" } });
    assert.equal(reason(decide(gpusOf([512]), odd)), "TYPE_UNKNOWN");
    assert.equal(reason(decide(gpusOf([128]), byType("8"))), "MODE_UNSUPPORTED");
    assert.equal(reason(decide([], byType("8"))), "MODE_UNSUPPORTED");
    const nothing = decide(gpusOf([128]), byType("8"));
    assert.equal(nothing.candidates[0]?.budget, undefined, "no room is told of what offers none");
    const full = gpusOf([256]);
    full[0]?.make(ownVgpuId(1), typeName("4"));
    assert.equal(reason(decide(full, byType("8"))), "APERTURE_EXHAUSTED");
  });

  it("tells what is free on every GPU that is too full", () => {
    const gpus = gpusOf([256, 512]);
    gpus[0]?.make(ownVgpuId(1), typeName("4"));
    gpus[1]?.make(ownVgpuId(2), typeName("2"));
    const decision = decide(gpus, byType("4", {}));
    assert.ok(decision.ok, "there is room on the second");
    gpus[1]?.make(ownVgpuId(3), typeName("4"));
    const refusal = decide(gpus, byType("4"));
    assert.ok(!refusal.ok);
    assert.match(refusal.why, /0000:00:02\.0.*free are 0 MiB low GM.*0000:01:02\.0.*free are 0 MiB low GM/);
  });

  it("believes the kernel when it has less than we count", () => {
    const gpu = new FakeGpu(pciAddress(), 512).facts();
    const less = { ...gpu, types: gpu.types.map((type) => ({ ...type, kernelAvailable: 0 })) };
    const decision = place(byType("8"), { gpus: [less], ...untouched });
    assert.ok(!decision.ok);
    assert.equal(decision.reason, "KERNEL_REPORTS_NO_ROOM");
    assert.match(decision.why, /available_instances of i915-GVTg_V5_8 is 0$/);
  });

  it("promises nobody what the kernel has left and somebody else was promised", () => {
    const gpus = gpusOf([512]);
    gpus[0]?.leak("4");
    const promised: Holding[] = [];
    const next = (suffix: TypeSuffix): Decision => decide(gpus, byType(suffix), { promised });
    for (const n of [1, 2]) {
      const decision = next("4");
      assert.ok(decision.ok, `there is room for ${n}`);
      promised.push(promiseOf(decision, n));
    }
    const third = next("4");
    assert.ok(!third.ok);
    assert.equal(third.reason, "KERNEL_REPORTS_NO_ROOM");
    assert.match(third.why, /of i915-GVTg_V5_4 is 2, and promised vGPUs that are not made yet take that$/);
  });

  it("never promises more of a type than the kernel makes, whatever it has lost", () => {
    const leaks = fc.array(fc.constantFrom(...suffixes), { maxLength: 4 });
    fc.assert(
      fc.property(
        fc.constantFrom(...apertures),
        leaks,
        fc.constantFrom(...suffixes),
        (size, lost, suffix) => {
          const gpus = gpusOf([size]);
          const [gpu] = gpus;
          assert.ok(gpu);
          for (const leaked of lost) gpu.leak(leaked);
          const promised: ReturnType<typeof promiseOf>[] = [];
          for (let n = 1; n <= 8; n += 1) {
            const decision = decide(gpus, byType(suffix), { promised });
            if (decision.ok) promised.push(promiseOf(decision, n));
          }
          for (const { vgpuId, type } of promised) gpu.make(vgpuId, type);
        },
      ),
    );
  });
});

/** Room that the `n`th vGPU takes by a decision. */
function promiseOf({ gpu, share }: Placed, n: number): Holding & { readonly type: string } {
  assert.ok(share.mode === "gvt-g");
  return { gpu, vgpuId: ownVgpuId(n), sizes: share.sizes, type: share.type };
}
