// After a boot: makes the slices of living claims again before libvirt starts its domains. Needs ledger and kernel alone.
// What it cannot do it leaves to the planner, which sees more and tries longer.
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import { sizesOf } from "../inventory/share.ts";
import type { Claim, SliceClaim } from "./claim.ts";
import type { Slices } from "./ports.ts";

export interface RestoreOptions {
  readonly claims: readonly Claim[];
  readonly slices: Pick<Slices, "create">;
  readonly clock: Clock;
  /** Ends the waiting for drivers and for hostd. */
  readonly stop: AbortSignal;
  readonly onEnd: (claim: SliceClaim, failure: AgentError | undefined) => void;
}

/** Between two tries, while a GPU's driver is not there yet. */
const RETRY_MS = 500;

/** How many slices are missing at the end, made in their order. A slice that is there already counts as made. */
export async function restoreSlices(options: RestoreOptions): Promise<number> {
  let missing = 0;
  for (const claim of options.claims.filter(outlivesReboot).sort(byPrecedence)) {
    const failure = await restored(claim, options);
    if (failure !== undefined) missing += 1;
    options.onEnd(claim, failure);
  }
  return missing;
}

/**
 * Whether the slice is to be there when libvirt starts: that of a domain that was on, which libvirt may start by itself,
 * that of one that was off and holds it, and that of a domain of others, whatever it did.
 */
export function outlivesReboot(claim: Claim): claim is SliceClaim {
  if (claim.state !== "active" && claim.state !== "stopped") return false;
  if (claim.kind === "vgpu") return claim.goal === "present";
  return claim.goal === "running" || (claim.goal === "stopped" && claim.domain.onStop === "hold");
}

/**
 * The largest first: what the host's display has pinned leaves pieces, and a large slice that comes after small ones may find
 * none. Where the host has less room than before, what may be started with it goes ahead of what stays off.
 */
function byPrecedence(a: SliceClaim, b: SliceClaim): number {
  return (
    (sizesOf(b.share)?.lowGmMib ?? 0) - (sizesOf(a.share)?.lowGmMib ?? 0) ||
    (sizesOf(b.share)?.highGmMib ?? 0) - (sizesOf(a.share)?.highGmMib ?? 0) ||
    Number(staysOff(a)) - Number(staysOff(b)) ||
    a.createdAt - b.createdAt
  );
}

function staysOff(claim: SliceClaim): boolean {
  return claim.kind === "domain" && claim.state === "stopped" && !claim.domain.autostart;
}

async function restored(
  claim: SliceClaim,
  { slices, clock, stop }: RestoreOptions,
): Promise<AgentError | undefined> {
  for (;;) {
    try {
      await slices.create(claim, stop);
      return undefined;
    } catch (error) {
      const failure = AgentError.from(error);
      if (!mayPass(failure) || stop.aborted) return failure;
      await clock.sleep(RETRY_MS, stop).catch(() => undefined);
    }
  }
}

/** At a boot the driver of a GPU, or hostd, may only be on its way, and what answers late has perhaps done it by then. */
function mayPass({ reason, details }: AgentError): boolean {
  if (reason === "KERNEL_REFUSED") return details["errno"] === "ENOENT";
  return reason === "HOSTD_UNAVAILABLE" || reason === "KERNEL_TIMEOUT" || reason === "RENDER_NODE_MISSING";
}
