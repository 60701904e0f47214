// The difference between what a claim is meant to be and what the host shows, as a list of steps. Pure.
// Laws: a step names only what stands in the ledger; after the steps are executed, planning again gives none.
import type { DomainId, VgpuId } from "../core/ids.ts";
import { isAlive, type Domain, type Inventory, type Unknown } from "../inventory/model.ts";
import { functionOf } from "../inventory/share.ts";
import { isMade, isMadeForDomain, isThere } from "../inventory/standing.ts";
import {
  hasEnded,
  isSettled,
  powerOffAt,
  type Claim,
  type DomainClaim,
  type Failure,
  type Reservation,
  type SliceClaim,
  type VgpuClaim,
} from "./claim.ts";
import { pausedUntil } from "./restarts.ts";
import { troubleOf } from "./trouble.ts";

export type Step =
  | { readonly kind: "create-vgpu"; readonly claim: SliceClaim }
  | { readonly kind: "define-domain"; readonly claim: DomainClaim }
  /** `paused`: its guest waits until its slice is there. */
  | { readonly kind: "start-domain"; readonly domainId: DomainId; readonly paused: boolean }
  | { readonly kind: "resume-domain"; readonly domainId: DomainId }
  /** Asks the guest to shut down and notes in the ledger that it was asked. */
  | { readonly kind: "ask-shutdown"; readonly domainId: DomainId }
  | { readonly kind: "force-off"; readonly domainId: DomainId }
  | { readonly kind: "remove-vgpu"; readonly vgpuId: VgpuId }
  | { readonly kind: "undefine-domain"; readonly domainId: DomainId }
  /** Writes down how far the claim has come; `of` is the claim's kind. */
  | Settle<DomainClaim>
  | Settle<VgpuClaim>
  | Settle<Reservation>
  /** The host has booted since: notes it, and what is to be started with the host is to run. */
  | { readonly kind: "autostart"; readonly bootId: string; readonly run: boolean }
  /** Its guest has rebooted, and waits to be started again: notes it, and it is to run. */
  | { readonly kind: "restart" }
  /** Nothing can be done until something outside changes, at the latest at `until` (milliseconds since the epoch). */
  | { readonly kind: "wait"; readonly why: WaitReason; readonly until: number | undefined };

interface Settle<Kind extends Claim> {
  readonly kind: "settle";
  readonly of: Kind["kind"];
  readonly state: Kind["state"];
  readonly goal: Kind["goal"];
  readonly failure: Failure | undefined;
}

/**
 * What the planner waits for: who does not say which domains there are, a guest that was asked to shut down, or the end of the pause
 * that one which reboots in a loop is given.
 */
type WaitReason = Unknown["away"] | "guest" | "reboots";
export type StepKind = Step["kind"];

/** The steps that lead one claim to its goal, in order. `wall` is in milliseconds since the epoch. */
export function plan(claim: Claim, inventory: Inventory, wall: number): Step[] {
  if (claim.state === "gone") return [];
  switch (claim.kind) {
    case "reservation":
      return planReservation(claim, wall);
    case "vgpu":
      return planVgpu(claim, inventory);
    case "domain":
      return planDomain(claim, inventory, wall);
  }
}

/** Nothing is on the host for it: that its time has come is all that can happen to it. */
function planReservation(reservation: Reservation, wall: number): Step[] {
  return hasEnded(reservation, wall) ? [over("reservation", undefined)] : [];
}

/**
 * Needs no fact of libvirt's: who may take the slice away is told by who has it open, and that is tested right before. One
 * that has gone, by a reboot or by somebody's hand, is made again under its name, since its claim is still a promise.
 */
function planVgpu(claim: VgpuClaim, inventory: Inventory): Step[] {
  // Also where it is not seen, as for a domain's.
  if (claim.goal === "absent")
    return [{ kind: "remove-vgpu", vgpuId: claim.vgpuId }, over("vgpu", claim.failure)];
  const steps: Step[] = isToMake(claim, inventory) ? [{ kind: "create-vgpu", claim }] : [];
  if (isSettled(claim)) return steps;
  return [...steps, { kind: "settle", of: "vgpu", state: "active", goal: "present", failure: undefined }];
}

/**
 * A PCI function may be bound for a guest already, by whomever, and a render node is there before anybody has a seat at it: a create
 * asks for them all the same, which tests that nobody has the one open, and that QEMU can render on the other.
 */
function isToMake(claim: SliceClaim, inventory: Inventory): boolean {
  // Of a domain that is off nobody waits for it: whoever starts that domain has it made then.
  if (claim.kind === "vgpu" && isSettled(claim) && isMadeForDomain(claim, inventory))
    return !isThere(claim, inventory) && isOn(claim.forDomain, inventory);
  const isNew = claim.state === "creating" && claim.share.mode !== "gvt-g";
  return isNew || !isThere(claim, inventory);
}

function isOn(id: DomainId | undefined, { domains }: Inventory): boolean {
  const domain = id === undefined || !domains.known ? undefined : domains.value.get(id);
  return domain !== undefined && isAlive(domain.state);
}

function over(of: Claim["kind"], failure: Failure | undefined): Step {
  return { kind: "settle", of, state: "gone", goal: "absent", failure };
}

function planDomain(claim: DomainClaim, inventory: Inventory, wall: number): Step[] {
  if (!inventory.domains.known)
    return isSettled(claim) ? [] : [{ kind: "wait", why: inventory.domains.away, until: undefined }];

  const shown = inventory.domains.value.get(claim.domain.id);
  const domain = isOwn(claim, shown) ? shown : undefined;
  const stranger = domain ? undefined : shown;
  const sliceExists = isThere(claim, inventory);
  const isToRemove = isMade(claim, inventory);
  const trouble = domain && troubleOf(claim, domain, inventory);
  const isUntested = !(domain && isAlive(domain.state)) && isToMake(claim, inventory);
  const forDomain = isMadeForDomain(claim, inventory);
  const view: View = {
    claim,
    domain,
    stranger,
    sliceExists,
    isUntested,
    isToRemove,
    forDomain,
    trouble,
    wall,
  };
  // Cut off between the mark and the ledger.
  if (claim.givenUp && claim.goal !== "absent" && stranger && !stranger.mark)
    return [over("domain", undefined)];
  const drifted = autostart(view, inventory.host.bootId) ?? restart(view) ?? drift(view);
  if (drifted) return [drifted];
  switch (claim.goal) {
    case "running":
      return towardsRunning(view);
    case "stopped":
      return towardsStopped(view);
    case "absent":
      return towardsAbsent(view);
  }
}

interface View {
  readonly claim: DomainClaim;
  /** Undefined when libvirt has no such domain, or one that does not bear this claim's mark. */
  readonly domain: Domain | undefined;
  /** A domain under the claim's UUID that does not bear its mark. */
  readonly stranger: Domain | undefined;
  /** Whether its domain could be started. */
  readonly sliceExists: boolean;
  /** Whether nobody has looked yet who has it. */
  readonly isUntested: boolean;
  /** Whether something is in the kernel for it. */
  readonly isToRemove: boolean;
  /** Whether its slice is made when its domain is there, and is of no use when that is off. */
  readonly forDomain: boolean;
  /** What somebody else did to its vGPU. */
  readonly trouble: Failure | undefined;
  readonly wall: number;
}

/** A domain without the claim's mark is somebody else's, even under our UUID: it is not ours to touch (law 3). */
function isOwn(claim: DomainClaim, domain: Domain | undefined): boolean {
  return domain?.mark?.vgpuId === claim.vgpuId;
}

/**
 * A slice does not survive a reboot, so that libvirt's own autostart would come too early: the claim's goal makes the slice
 * first. What runs already was started by somebody else, and only has to be seen.
 */
function autostart({ claim, domain }: View, bootId: string): Step | undefined {
  if (!claim.domain.autostart || claim.bootId === bootId || claim.goal === "absent" || !isSettled(claim))
    return undefined;
  // Which boot this is could not be read, now or when it was written down: that is no boot that was seen.
  if (bootId === "" || domain === undefined || claim.state === "failed") return undefined;
  return { kind: "autostart", bootId, run: claim.bootId !== "" && !isAlive(domain.state) };
}

/** Xen does not start such a guest again by itself: its slice has to be made first, for the number that it gets then. */
function restart({ claim, domain, forDomain }: View): Step | undefined {
  if (domain?.awaitsRestart !== true || !forDomain || claim.givenUp) return undefined;
  return claim.goal === "running" && isSettled(claim) ? { kind: "restart" } : undefined;
}

/** What happened to a settled claim behind our back becomes its intent: nobody's decision is fought. */
function drift({ claim, domain, trouble }: View): Step | undefined {
  if (claim.goal === "absent" || !isSettled(claim)) return undefined;
  const { state } = claim;
  if (domain === undefined) {
    const message = `domain ${claim.domain.name} (${claim.domain.id}) was undefined by somebody else; its room is kept until it is defined again or destroyed`;
    const failure = { reason: "DOMAIN_VANISHED", message } as const;
    return state === "failed" ? undefined : settle("failed", claim.goal, failure);
  }
  const [shown, goal] = isAlive(domain.state)
    ? (["active", "running"] as const)
    : (["stopped", "stopped"] as const);
  if (trouble) {
    const known = state === "failed" && claim.goal === goal && claim.failure?.reason === trouble.reason;
    return known ? undefined : settle("failed", goal, trouble);
  }
  return state === shown ? undefined : settle(shown, goal);
}

function settle(state: DomainClaim["state"], goal: DomainClaim["goal"], failure?: Failure): Step {
  return { kind: "settle", of: "domain", state, goal, failure };
}

function towardsRunning(view: View): Step[] {
  const { claim, domain, stranger, sliceExists, isUntested, forDomain } = view;
  if (isSettled(claim)) return [];
  if (stranger) return [givenUp(claim, stranger)];
  if (forDomain) return runningWithSlice(view);
  const steps: Step[] = [];
  if (!sliceExists || isUntested) steps.push({ kind: "create-vgpu", claim });
  if (!domain) steps.push({ kind: "define-domain", claim });
  if (!domain || !isAlive(domain.state))
    steps.push({ kind: "start-domain", domainId: claim.domain.id, paused: false });
  return [...steps, settle("active", "running")];
}

/** The domain first, whose guest waits: its slice is made for the number that it gets, by its device model or by vgpud. */
function runningWithSlice({ claim, domain, sliceExists, isToRemove, wall }: View): Step[] {
  const { id: domainId } = claim.domain;
  const hasEnded = domain?.awaitsRestart === true;
  const isOff = !domain || hasEnded || !isAlive(domain.state);
  const until = isOff ? pausedUntil(claim.restarts, wall) : undefined;
  const steps: Step[] = hasEnded ? [{ kind: "force-off", domainId }] : [];
  // What is left of its last run has a number that is nobody's now, and takes the room that it needs.
  const isLeft = until === undefined ? claim.state !== "creating" : isToRemove;
  if (isOff && (hasEnded || isLeft)) steps.push({ kind: "remove-vgpu", vgpuId: claim.vgpuId });
  if (until !== undefined) return [...steps, { kind: "wait", why: "reboots", until }];
  if (!domain) steps.push({ kind: "define-domain", claim });
  if (isOff) steps.push({ kind: "start-domain", domainId, paused: true });
  if (isOff || !sliceExists) steps.push({ kind: "create-vgpu", claim });
  if (isOff || domain.state === "paused") steps.push({ kind: "resume-domain", domainId });
  return [...steps, settle("active", "running")];
}

/** To define would be to overwrite: a create is undone, a claim that had a domain keeps what it holds and says so. */
function givenUp({ state }: DomainClaim, { id, name }: Domain): Step {
  const message = `domain ${name}, which vgpud did not make, has UUID ${id}; it is left alone`;
  const failure = { reason: "DOMAIN_UUID_EXISTS", message } as const;
  return settle("failed", state === "creating" ? "absent" : "running", failure);
}

function towardsStopped(view: View): Step[] {
  const { claim, sliceExists, isToRemove, forDomain } = view;
  const off = powerOff(view);
  if (off.at(-1)?.kind === "wait") return off;
  const steps: Step[] = [...off];
  const keeps = claim.domain.onStop === "hold";
  // A PCI function that was given back may be another claim's by now, a slice has a name of its own.
  const isGivenBack = isSettled(claim) && functionOf(claim) !== undefined;
  // Of one that was made for its domain only the room can be kept.
  const isLeft = isToRemove || (forDomain && !isSettled(claim));
  if ((!keeps || forDomain) && isLeft && !isGivenBack)
    steps.push({ kind: "remove-vgpu", vgpuId: claim.vgpuId });
  if (!isSettled(claim)) steps.push(settle("stopped", "stopped"));
  // The slice of a held claim that is off is missing after a reboot, or when its guest had lost it: it is made again before others
  // take the room. That the domain is off does not hang on it.
  if (keeps && !sliceExists && !forDomain && claim.state !== "failed")
    steps.push({ kind: "create-vgpu", claim });
  return steps;
}

/**
 * The domain stays defined until the slice is gone: its mark is what a lost ledger is rebuilt from. The slice is removed
 * also where it is not seen: a create that was given up may still be on its way, and hostd lets the removal wait for it.
 */
function towardsAbsent(view: View): Step[] {
  const { claim, domain } = view;
  const off = powerOff(view);
  if (off.at(-1)?.kind === "wait") return off;
  const steps: Step[] = [...off, { kind: "remove-vgpu", vgpuId: claim.vgpuId }];
  if (domain) steps.push({ kind: "undefine-domain", domainId: domain.id });
  return [...steps, over("domain", claim.failure)];
}

function powerOff({ claim, domain, wall }: View): Step[] {
  // A guest that rebooted where it was to shut down has ended: nothing is to be waited for.
  if (domain?.awaitsRestart) return [{ kind: "force-off", domainId: domain.id }];
  if (!domain || !isAlive(domain.state)) return [];
  const { forceAt, askedAt } = powerOffAt(claim.powerOff ?? { forceAt: wall, askedAt: undefined }, wall);
  if (forceAt !== undefined && wall >= forceAt) return [{ kind: "force-off", domainId: domain.id }];
  const wait: Step = { kind: "wait", why: "guest", until: forceAt };
  return askedAt === undefined ? [{ kind: "ask-shutdown", domainId: domain.id }, wait] : [wait];
}
