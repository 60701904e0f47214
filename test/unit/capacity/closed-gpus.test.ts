// Where a vGPU goes while GPUs are out of service or do not answer, and why it goes nowhere.
import assert from "node:assert/strict";
import type { Stock } from "../../../agent/capacity/stock.ts";
import { typeName } from "../../fakes/fake-kernel.ts";
import { ownVgpuId, pciAddress } from "../../fakes/ids.ts";
import { byType, decide, gpusOf } from "./placing.ts";

describe("a drained GPU", () => {
  const drains =
    (...drained: number[]): Stock["closed"] =>
    (gpu) =>
      drained.some((n) => gpu === pciAddress(n))
        ? { reason: "GPU_DRAINED", why: "is drained: fan" }
        : undefined;

  it("is passed over, with its reason, for one that serves", () => {
    const decision = decide(gpusOf([1024, 1024]), byType("8"), { closed: drains(0) });
    assert.ok(decision.ok);
    assert.equal(decision.gpu, pciAddress(1));
    assert.deepEqual(
      decision.candidates.map(({ gpu, lost, why }) => [gpu, lost, why]),
      [
        [pciAddress(0), "GPU_DRAINED", "is drained: fan"],
        [pciAddress(1), undefined, "fits"],
      ],
    );
  });

  it("is why nothing is placed only where no other GPU could serve for want of room", () => {
    const reason = (...apertures: number[]): string | undefined => {
      const decision = decide(gpusOf(apertures), byType("1"), { closed: drains(0) });
      return decision.ok ? undefined : `${decision.reason}: ${decision.why}`;
    };
    assert.equal(reason(1024), `GPU_DRAINED: ${pciAddress(0)} is drained: fan`);
    assert.equal(reason(1024, 512), `GPU_DRAINED: ${pciAddress(0)} is drained: fan`);
    const full = decide(gpusOf([1024, 1024]), byType("1"), {
      closed: drains(0),
      promised: [1, 2].map((n) => ({
        vgpuId: ownVgpuId(n),
        gpu: pciAddress(1),
        sizes: { lowGmMib: 448, highGmMib: 0, fences: 4 },
      })),
    });
    assert.ok(!full.ok);
    assert.equal(full.reason, "APERTURE_EXHAUSTED");
    assert.match(full.why, new RegExp(`${pciAddress(0)} is drained: fan; no room on ${pciAddress(1)}`));
  });

  it("says a drained host once, however many GPUs it has", () => {
    const drained = (): ReturnType<Stock["closed"]> => ({
      reason: "HOST_DRAINED",
      why: "the host is drained",
    });
    const decision = decide(gpusOf([1024, 1024]), byType("8"), { closed: drained });
    assert.ok(!decision.ok);
    assert.deepEqual([decision.reason, decision.why], ["HOST_DRAINED", "the host is drained"]);
  });

  it("lacks for a type that it does not offer the type first", () => {
    const decision = decide(gpusOf([256]), byType("1"), { closed: drains(0) });
    assert.ok(!decision.ok);
    assert.equal(decision.reason, "TYPE_UNKNOWN");
  });
});

describe("a GPU of which the kernel does not say how many of a type it would make", () => {
  const why = `has a count of ${typeName("8")} that cannot be read; vgpuctl doctor says why`;

  it("is passed over, with its reason, for one that serves", () => {
    const decision = decide(gpusOf([1024, 1024]), byType("8"), { uncounted: [typeName("8")] });
    assert.ok(decision.ok);
    assert.deepEqual(
      decision.candidates.map(({ gpu, lost, why: said }) => [gpu, lost, said]),
      [
        [pciAddress(0), "VGPU_COUNT_UNREADABLE", why],
        [pciAddress(1), undefined, "fits"],
      ],
    );
  });

  it("is why nothing is placed, and not a want of room", () => {
    const decision = decide(gpusOf([1024]), byType("8"), { uncounted: [typeName("8")] });
    assert.ok(!decision.ok);
    assert.deepEqual([decision.reason, decision.why], ["VGPU_COUNT_UNREADABLE", `${pciAddress(0)} ${why}`]);
  });

  it("serves with its other types", () => {
    assert.ok(decide(gpusOf([1024]), byType("4"), { uncounted: [typeName("8")] }).ok);
  });
});
