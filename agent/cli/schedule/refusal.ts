// What a create that failed on a host means for its claim in Placement. Pure.
import { status } from "@grpc/grpc-js";
import { reasons, type Reason } from "../../core/reasons.ts";
import type { CliError } from "../errors/cli-error.ts";

export type Verdict =
  /** Nobody knows whether there is a domain, or there is one: the claim stays. */
  | { readonly then: "keep" }
  | {
      /**
       * `next`: another host may take the request; `wrong`: no other would or should either, and that is all. The claim is given back as soon
       * as it is certain that this host has nothing for it.
       */
      readonly then: "next" | "wrong";
      /** The refusal itself says that nothing was made; without it the host has to be asked whether it has the domain. */
      readonly isCertain: boolean;
    };

/** The domain of the claim is there, will be, or somebody is just removing it: to ask once would not tell how that ends. */
const keeping: ReadonlySet<string> = new Set<Reason>([
  "CALL_TIMEOUT",
  "CLAIM_REUSED",
  "CLAIM_STATE",
  "SUPERSEDED",
]);

/**
 * Made before anything is written down on the host, as those of a request that is wrong and the conditions of hosts are. Whatever is not
 * here may come in the middle of a create, which goes on, or is undone, when its caller has the answer already.
 */
const before: ReadonlySet<string> = new Set<Reason>([
  "APERTURE_EXHAUSTED",
  "HIGH_GM_EXHAUSTED",
  "FENCES_EXHAUSTED",
  "SEATS_EXHAUSTED",
  "GPU_EXHAUSTED",
  "FUNCTIONS_EXHAUSTED",
  "VGPU_LIMIT_REACHED",
  "CALLERS_LIMIT_REACHED",
  "CAPACITY_DISAGREES",
  "GPU_DRAINED",
  "HOST_DRAINED",
  "GPU_MODE_CHANGING",
  "MODE_UNSUPPORTED",
  "GPU_NOT_FOUND",
  "TYPE_UNKNOWN",
  "FIELD_NOT_SUPPORTED_HERE",
  "RAW_XML_DISABLED",
  "SOCKET_READ_ONLY",
  "STARTING",
  "TOO_MANY_CALLS",
  "SCHEDULER_UNAVAILABLE",
  "CLAIM_NOT_BOOKED",
  "CLAIM_NOT_COVERED",
]);

/** Which paths and networks there are is another question on each host. */
const ofHost: ReadonlySet<string> = new Set<Reason>(["PATH_NOT_ALLOWED", "NETWORK_NOT_ALLOWED"]);
/** Each host knows its own domains alone: where one says who writes to the disk, the next would write to the same image. */
const everywhere: ReadonlySet<string> = new Set<Reason>(["DISK_IN_USE"]);
const wrong: ReadonlySet<status> = new Set([status.INVALID_ARGUMENT, status.ALREADY_EXISTS]);

/** Statuses without a reason of vgpud's. An answer that is too large for us has the first one, too. */
const byTransport: Readonly<Partial<Record<status, Verdict>>> = {
  [status.RESOURCE_EXHAUSTED]: { then: "wrong", isCertain: false },
  [status.UNIMPLEMENTED]: { then: "next", isCertain: true },
  [status.UNAUTHENTICATED]: { then: "next", isCertain: true },
  [status.PERMISSION_DENIED]: { then: "next", isCertain: true },
};

/** `mayExist`: an earlier call may have made the domain there, of which a refusal of this one says nothing. */
export function verdictOn(error: Pick<CliError, "call" | "reason">, mayExist: boolean): Verdict {
  const verdict = ofFirst(error);
  if (!mayExist || verdict.then === "keep") return verdict;
  // A host that does not answer cannot be asked either.
  return error.call === undefined ? { then: "keep" } : { ...verdict, isCertain: false };
}

/** Of a host that was asked for the first time. */
function ofFirst({ call, reason }: Pick<CliError, "call" | "reason">): Verdict {
  // Nothing was sent.
  if (call === undefined) return { then: "next", isCertain: true };
  if (reason === undefined) return byTransport[call.code] ?? { then: "keep" };
  if (keeping.has(reason)) return { then: "keep" };
  return {
    then: everywhere.has(reason) || (wrong.has(call.code) && !ofHost.has(reason)) ? "wrong" : "next",
    isCertain: before.has(reason) || call.code === status.INVALID_ARGUMENT || isHostCondition(reason),
  };
}

function isHostCondition(reason: string): boolean {
  return Object.hasOwn(reasons, reason) && reasons[reason as Reason] === "host-condition";
}

/** What vgpud needs on its host does not answer it. */
const needsAway: ReadonlySet<string> = new Set<Reason>([
  "LIBVIRT_UNAVAILABLE",
  "LIBVIRT_TIMEOUT",
  "HOSTD_UNAVAILABLE",
  "KERNEL_TIMEOUT",
  "LEDGER_UNAVAILABLE",
]);
/** Vgpud itself is not there yet, as on all hosts after a power cut, or no more. */
const soonOver: ReadonlySet<string> = new Set<Reason>(["STARTING", "STOPPING"]);

/** How a candidate counts that was lost for a refusal: one that can do nothing now is as one that does not answer. */
export function lostFor(said: CliError): CliError {
  const hint = hintFor(said.reason ?? "");
  return hint === undefined ? said : said.with({ ending: "unreachable", hints: [...said.hints, hint] });
}

function hintFor(reason: string): string | undefined {
  if (needsAway.has(reason)) return "what is wrong on a host that is passed over so: vgpuctl doctor there";
  if (soonOver.has(reason))
    return "vgpud just starts or goes down there: the same line again soon; where it stays so: vgpuctl doctor there";
  return undefined;
}
