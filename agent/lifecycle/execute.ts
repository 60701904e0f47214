// Carries out one step of a plan. Every step may be repeated: after a crash the planner names again what was not seen done.
import { AgentError, type Holder } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import type { KeyedLock } from "../core/keyed-lock.ts";
import type { DomainClaim, SliceClaim } from "./claim.ts";
import { domainXml, type Hypervisor } from "./domain-xml.ts";
import type { Step } from "./plan.ts";
import type { Domains, ShutdownBy, Slices } from "./ports.ts";

export interface Hands {
  readonly slices: Slices;
  readonly domains: Domains;
  readonly hypervisor: (signal: AbortSignal) => Promise<Hypervisor>;
  /**
   * Slices of one GPU are made one at a time, since what the kernel offers changes with each. Removals only give back:
   * one that hangs must not keep others from being made.
   */
  readonly gpuLock: KeyedLock<PciAddress>;
}

/** The steps that touch the host; the others are the driver's own. */
export type HostStep = Exclude<Step, { readonly kind: "settle" | "autostart" | "wait" }>;

export async function execute(
  hands: Hands,
  claim: SliceClaim,
  step: HostStep,
  signal: AbortSignal,
): Promise<void> {
  const { slices, domains, gpuLock } = hands;
  switch (step.kind) {
    case "create-vgpu":
      return gpuLock.run(claim.gpu, () => slices.create(step.claim, signal));
    case "define-domain":
      return domains.define(
        domainXml(step.claim, specOf(step.claim), await hands.hypervisor(signal)),
        signal,
      );
    case "start-domain":
      return domains.start(step.domainId, signal);
    case "ask-shutdown":
      return domains.shutdown(step.domainId, askedBy(claim), signal);
    case "force-off":
      return domains.destroy(step.domainId, signal);
    case "remove-vgpu":
      return remove(slices, claim, signal);
    case "undefine-domain":
      return domains.undefine(step.domainId, signal);
  }
}

function askedBy({ domain }: SliceClaim): ShutdownBy {
  const agent = domain?.spec?.guestAgent;
  if (!agent) return "any";
  return agent.shutdown ? "agent" : "acpi";
}

async function remove(slices: Slices, claim: SliceClaim, signal: AbortSignal): Promise<void> {
  const { vgpuId } = claim;
  const outcome = await slices.remove(claim, signal);
  if (outcome.kind === "removed") return;
  const { holders } = outcome;
  const by = holders.length > 0 ? `held by ${holders.map(nameOf).join(", ")}` : "its holder was not found";
  const details = { vgpu_id: vgpuId, holders: holders.map(nameOf).join(", ") };
  if (outcome.kind === "held") {
    const message = `vGPU ${vgpuId} is still open (${by}); it is removed as soon as it is let go`;
    throw new AgentError("VGPU_IN_USE", message, { details, holders });
  }
  const message = `the kernel has not finished removing vGPU ${vgpuId} (${by}); it does so when the holder ends`;
  throw new AgentError("VGPU_REMOVE_BLOCKED", message, { details, holders });
}

function nameOf({ pid, command }: Holder): string {
  return `${command}[${pid}]`;
}

function specOf(claim: DomainClaim): NonNullable<DomainClaim["domain"]["spec"]> {
  const { spec, name, id } = claim.domain;
  if (spec) return spec;
  throw new AgentError(
    "DOMAIN_VANISHED",
    `domain ${name} (${id}) is not defined and its specification is not known`,
  );
}
