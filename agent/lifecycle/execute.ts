// Carries out one step of a plan. Every step may be repeated: after a crash the planner names again what was not seen done.
import { AgentError, holderName } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import type { KeyedLock } from "../core/keyed-lock.ts";
import { sliceOf, type DomainClaim, type SliceClaim } from "./claim.ts";
import { domainXml, type Hypervisor } from "./domain-xml.ts";
import type { Step } from "./plan.ts";
import type { DeviceModel, Domains, LastWords, ShutdownBy, Slices } from "./ports.ts";

export interface Hands {
  readonly slices: Slices;
  readonly domains: Domains;
  readonly hypervisor: (signal: AbortSignal) => Promise<Hypervisor>;
  /** Undefined where vgpud itself makes the slices of Xen's guests, and where there are none. */
  readonly deviceModel: DeviceModel | undefined;
  /**
   * Slices of one GPU are made one at a time, since what the kernel offers changes with each. Removals only give back:
   * one that hangs must not keep others from being made.
   */
  readonly gpuLock: KeyedLock<PciAddress>;
}

/** The steps that touch the host; the others change the ledger alone, or wait. */
export type HostStep = Exclude<Step, { readonly kind: "settle" | "autostart" | "restart" | "wait" }>;

type StartStep = Extract<Step, { readonly kind: "start-domain" }>;

export async function execute(
  hands: Hands,
  claim: SliceClaim,
  step: HostStep,
  signal: AbortSignal,
): Promise<void> {
  const { slices, domains, deviceModel, gpuLock } = hands;
  switch (step.kind) {
    case "create-vgpu":
      return gpuLock.run(claim.gpu, () => slices.create(sliceOf(step.claim), signal));
    case "define-domain":
      return define(hands, step.claim, signal);
    case "start-domain":
      if (!step.paused || !deviceModel) return domains.start(step.domainId, { paused: step.paused }, signal);
      return gpuLock.run(claim.gpu, () => startMaking({ domains, deviceModel }, claim, step, signal));
    case "resume-domain":
      return domains.resume(step.domainId, signal);
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

async function define(hands: Hands, claim: DomainClaim, signal: AbortSignal): Promise<void> {
  const { deviceModel, domains } = hands;
  const hypervisor = await hands.hypervisor(signal);
  const isXengt = hypervisor.domainType === "xen" && claim.share.mode === "gvt-g";
  const maker = isXengt ? deviceModel : undefined;
  await maker?.check();
  const on = maker ? { ...hypervisor, deviceModel: maker.path } : hypervisor;
  await domains.define(domainXml(claim, specOf(claim), on), signal);
  maker?.defined(claim.domain.id);
}

/** ENOMEM and ENOSPC, as Intel's QEMU tells them. */
const NO_ROOM = /create_vgt_instance failed: errno=(?:12|28)\b/;

/**
 * The domain's device model makes its slice. Of one that ended libvirt tells only that it did; why stands in the device model's own
 * log.
 */
async function startMaking(
  { domains, deviceModel }: { readonly domains: Domains; readonly deviceModel: DeviceModel },
  claim: SliceClaim,
  { domainId }: StartStep,
  signal: AbortSignal,
): Promise<void> {
  const start = claim.domain && (await deviceModel.starting({ id: domainId, name: claim.domain.name }));
  try {
    await domains.start(domainId, { paused: true }, signal);
    start?.succeeded();
  } catch (error) {
    const refusal = AgentError.from(error);
    if (refusal.reason !== "LIBVIRT_REFUSED" || !start) throw refusal;
    throw withLastWords(refusal, await start.lastWords(signal));
  }
}

function withLastWords(refusal: AgentError, last: LastWords): AgentError {
  if (last.kind === "silent") return refusal;
  const told =
    last.kind === "said"
      ? `its device model said last: ${last.words}${last.help === undefined ? "" : `; ${last.help}`}`
      : `${last.file} says why, and cannot be read now (${last.why})`;
  const reason = last.kind === "said" && NO_ROOM.test(last.words) ? "KERNEL_REPORTS_NO_ROOM" : refusal.reason;
  return new AgentError(reason, `${refusal.message}; ${told}`, { details: refusal.details, cause: refusal });
}

function askedBy({ domain }: SliceClaim): ShutdownBy {
  const agent = domain?.spec?.guestAgent;
  if (!agent) return "any";
  return agent.shutdown ? "agent" : "acpi";
}

async function remove(slices: Slices, claim: SliceClaim, signal: AbortSignal): Promise<void> {
  const { vgpuId } = claim;
  const outcome = await slices.remove(sliceOf(claim), signal);
  if (outcome.kind === "removed") return;
  const { holders } = outcome;
  const names = holders.map(holderName).join(", ");
  const by = names === "" ? "its holder was not found" : `held by ${names}`;
  const details = { vgpu_id: vgpuId, holders: names };
  if (outcome.kind === "held") {
    const message = `vGPU ${vgpuId} is still open (${by}); it is removed as soon as it is let go`;
    throw new AgentError("VGPU_IN_USE", message, { details, holders });
  }
  // XenGT's have none: there the driver alone is at work.
  const until = names === "" ? "vgpud asks again until it has" : "it does so when the holder ends";
  const message = `the kernel has not finished removing vGPU ${vgpuId} (${by}); ${until}`;
  throw new AgentError("VGPU_REMOVE_BLOCKED", message, { details, holders });
}

function specOf(claim: DomainClaim): NonNullable<DomainClaim["domain"]["spec"]> {
  const { spec, name, id } = claim.domain;
  if (spec) return spec;
  throw new AgentError(
    "DOMAIN_VANISHED",
    `domain ${name} (${id}) is not defined and its specification is not known`,
  );
}
