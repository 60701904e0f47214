// Which node a domain wants its vGPU near to, when the request names none.
import assert from "node:assert/strict";
import type { Wish } from "../../../agent/capacity/wish.ts";
import { AgentError } from "../../../agent/core/errors.ts";
import type { HostFacts } from "../../../agent/inventory/model.ts";
import type { DomainSpec } from "../../../agent/lifecycle/domain-spec.ts";
import { nearDomain } from "../../../agent/lifecycle/near-nodes.ts";
import { domainSpec } from "../../fakes/claims.ts";

/** It does not say which CPU is on which node. */
const silent: HostFacts = { hostname: "h", bootId: "b", kernelRelease: "k", hypervisor: "kvm" };
const host: HostFacts = {
  ...silent,
  numaNodes: [
    { node: 0, cpus: "0-3,8-11" },
    { node: 1, cpus: "4-7,12-15" },
    { node: 2, cpus: "" },
  ],
};
const wish: Wish = { size: { by: "mode", mode: "gvt-g" }, gpu: undefined, policy: "numa" };

function pinned(...hostCpus: string[]): DomainSpec["cpu"] {
  const pins = hostCpus.map((cpus, vcpu) => ({ vcpu, hostCpus: cpus }));
  return {
    ...{ mode: "host-model", model: undefined, topology: undefined, maxPhysBits: undefined },
    ...{ pins, emulatorCpus: "4" },
  };
}

const nearOf = (spec: Partial<DomainSpec>, of = wish, on = host): readonly number[] | undefined =>
  nearDomain(of, domainSpec(1, spec), on).near;

describe("the node that a vGPU is wanted near to", () => {
  it("is the one that the request names, whatever the domain says", () => {
    assert.deepEqual(nearOf({ numa: { mode: "strict", nodes: [1] } }, { ...wish, near: [0] }), [0]);
  });

  it("is where the domain's memory is bound to, before where its CPUs are", () => {
    assert.deepEqual(nearOf({ numa: { mode: "strict", nodes: [1] }, cpu: pinned("0") }), [1]);
  });

  it("is where its virtual CPUs are pinned to", () => {
    assert.deepEqual(nearOf({ cpu: pinned("9") }), [0]);
    assert.deepEqual(nearOf({ cpu: pinned("12-13", "5") }), [1]);
    assert.deepEqual(nearOf({ cpu: pinned("3-4") }), [0, 1]);
    assert.deepEqual(nearOf({ numa: { mode: "strict", nodes: [] }, cpu: pinned("3") }), [0]);
  });

  it("has to be said by somebody", () => {
    const isRequired = (error: unknown): boolean =>
      error instanceof AgentError && error.reason === "FIELD_REQUIRED" && error.field === "vgpu.numa";
    assert.throws(() => nearOf({}), isRequired);
    assert.throws(() => nearOf({ cpu: pinned("99") }), isRequired);
    assert.throws(() => nearOf({ cpu: pinned("0") }, wish, silent), isRequired);
  });

  it("is nobody's business with another policy", () => {
    assert.equal(nearOf({ numa: { mode: "strict", nodes: [1] } }, { ...wish, policy: "pack" }), undefined);
  });
});
