// A claim that the user names and nothing is booked for: a domain of it has to be gone on with where it is, since candidates of
// Placement would lead to a second one on the same disks.
import { parsePciAddress } from "../../core/ids.ts";
import type { Vgpud } from "../client/vgpud.ts";
import { CliError } from "../errors/cli-error.ts";
import { isGone } from "../gone.ts";
import { closing } from "./held.ts";
import type { Opened } from "./opened.ts";
import type { Place } from "./places.ts";
import { notKnown, providerOf, whereaboutsOf, type Search } from "./whereabouts.ts";

export interface LostBooking {
  readonly place: Place;
  /** Of that GPU, in Placement. */
  readonly provider: string;
}

interface Options extends Search, Pick<Opened, "saidBy"> {
  readonly agentOf: (
    host: string,
    kind: "read",
  ) => Pick<Vgpud, "getDomain" | "getHost" | "getVgpu" | "close">;
}

/** Undefined where every host says that it has no such claim. @throws CliError where that is not certain, or the claim has ended */
export async function lostBooking(claimId: string, options: Options): Promise<LostBooking | undefined> {
  const { found, providers, ...others } = await whereaboutsOf(claimId, options);
  if (found === undefined || isGone(found.domain)) {
    const unsure = notKnown(claimId, others, {
      otherwise: "for another domain: without --claim-id, and with a file (-f) that names other disks",
      saidBy: options.saidBy,
    });
    if (unsure) throw unsure;
  }
  if (found === undefined) return undefined;
  const { host, domain } = found;
  if (isGone(domain)) {
    const message = `${host}: claim ${claimId} has been or is being destroyed; ask with a new claim id`;
    throw new CliError("conflict", message, { reason: "CLAIM_ENDED" });
  }
  using agent = closing(options.agentOf(host, "read"));
  const ref = { ref: { $case: "claimId", value: claimId } } as const;
  const gpu = parsePciAddress((await agent.vgpud.getVgpu({ vgpu: ref })).vgpu?.gpu ?? "");
  const provider = gpu && providerOf(host, gpu, providers);
  if (gpu && provider !== undefined) return { place: { host, gpu }, provider };
  const message = `${host} has a domain of claim ${claimId}, on no GPU that is in Placement: it cannot be booked`;
  throw new CliError("conflict", message, {
    hints: ["the same line again once its vgpud has published the GPU there"],
  });
}

/**
 * Where Placement is full for it, that is mostly of the claim itself: what a domain without a booking takes is reserved there, until vgpud
 * compares its books and sees the new one.
 */
export function unbookable(
  claimId: string,
  { host, gpu }: Place,
  { why, isFull }: { readonly why: string; readonly isFull: boolean },
): CliError {
  const full =
    "its room has to be free there once more, beside what is reserved for it while nothing is booked for it, and is not";
  const message = `${host} has the domain of claim ${claimId} on ${gpu}, and it cannot be booked there again now: ${isFull ? full : why}`;
  const again = isFull
    ? `the same line again once as much is free on ${gpu} for a moment: what is reserved is free again when vgpud has next compared its books (scheduler.heal_every)`
    : "the same line again";
  return new CliError("conflict", message, {
    hints: [
      again,
      "until then the domain goes on without a booking: its room is reserved in Placement as long as it lives",
    ],
  });
}
