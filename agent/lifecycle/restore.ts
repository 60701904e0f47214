// After a boot: cuts GPUs into their virtual functions again and makes the slices of living claims, before libvirt starts its
// domains. Needs ledger, record of modes and kernel alone. What it cannot do it leaves to the agent, which sees more and tries longer.
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import { sizesOf } from "../inventory/share.ts";
import { cutGpu, type Cutter } from "./cut.ts";
import { isOnItsWay } from "./on-its-way.ts";
import { sliceOf, type Claim, type SliceClaim } from "./claim.ts";
import type { ModeRecord } from "./gpu-modes.ts";
import type { Slices } from "./ports.ts";

interface Waiting {
  readonly clock: Clock;
  /** Ends the waiting for drivers and for hostd. */
  readonly stop: AbortSignal;
}

export interface RestoreOptions extends Waiting {
  readonly claims: readonly Claim[];
  readonly slices: Pick<Slices, "create">;
  readonly onEnd: (claim: SliceClaim, failure: AgentError | undefined) => void;
}

/** Between two tries, while a GPU's driver is not there yet. */
const RETRY_MS = 500;

/** How many slices are missing at the end, made in their order. A slice that is there already counts as made. */
export async function restoreSlices(options: RestoreOptions): Promise<number> {
  let missing = 0;
  for (const claim of options.claims.filter(outlivesReboot).sort(byPrecedence)) {
    const failure = await patiently(() => options.slices.create(sliceOf(claim), options.stop), options);
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

export interface RestoreFunctionsOptions extends Waiting {
  readonly record: ModeRecord;
  readonly functions: Cutter;
  readonly onEnd: (gpu: PciAddress, count: number, failure: AgentError | undefined) => void;
}

/** How many GPUs are without their virtual functions at the end. One that is cut otherwise may be in use: who uses it libvirt tells, later. */
export async function restoreFunctions(options: RestoreFunctionsOptions): Promise<number> {
  const { record, functions, stop, onEnd } = options;
  const toCut = [...record].filter(([, { mode, functions: count = 0 }]) => mode === "sriov" && count > 0);
  const failures = await Promise.all(
    toCut.map(async ([gpu, { functions: count = 0, profile }]) => {
      const failure = await patiently(async () => {
        if ((await functions.cutInto(gpu)) === 0) await cutGpu({ gpu, count, profile }, functions, stop);
      }, options);
      onEnd(gpu, count, failure);
      return failure;
    }),
  );
  return failures.filter((failure) => failure !== undefined).length;
}

/** Why it could not be done in the time there is. */
async function patiently(
  work: () => Promise<void>,
  { clock, stop }: Waiting,
): Promise<AgentError | undefined> {
  for (;;) {
    try {
      await work();
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
  return reason === "HOSTD_UNAVAILABLE" || reason === "KERNEL_TIMEOUT" || isOnItsWay(reason);
}
