// A claim that the user names and that is booked on one host while another has the domain of it, as where somebody booked it anew by hand:
// asking the booked host for one would make a second domain on the same disks.
import { claimRef } from "../request/domain-ref.ts";
import { shellLine } from "../line/shell-line.ts";
import { CliError } from "../errors/cli-error.ts";
import { closing } from "./held.ts";
import { LOOK } from "./silent-hosts.ts";
import { domainOfClaim, isGone, whereaboutsOf, type Search } from "./whereabouts.ts";

interface Looking extends Omit<Search, "agentOf"> {
  readonly agentOf: (host: string, kind: "read", how: typeof LOOK) => ReturnType<Search["agentOf"]>;
}

/**
 * Asks no other host where the booked one has the domain. One that cannot be asked is passed over: the booking says where the domain should
 * be. Throws a PlacementError, or a CliError where another host has the domain.
 */
export async function refuseElsewhere(claimId: string, booked: string, looking: Looking): Promise<void> {
  const agentOf: Search["agentOf"] = (host, kind) => looking.agentOf(host, kind, LOOK);
  if (await mayHave(booked, claimId, { agentOf })) return;
  const { found } = await whereaboutsOf(claimId, { ...looking, agentOf, butFor: booked });
  if (found === undefined || isGone(found.domain)) return;
  const { host } = found;
  const there = shellLine(["vgpuctl", "destroy", claimRef(claimId)]);
  throw new CliError(
    "conflict",
    `claim ${claimId} is booked on ${booked}, and ${host} has the domain of it: no second one is made`,
    {
      lines: [
        `  to keep that domain: give the booking on ${booked} back, and the same line again books it on ${host}`,
        `  for one on ${booked}: end that domain on ${host} first: ${there}`,
      ],
    },
  );
}

/** Whether the host has it, or does not say: what it says to the create is what counts then. */
async function mayHave(
  host: string,
  claimId: string,
  { agentOf }: Pick<Search, "agentOf">,
): Promise<boolean> {
  try {
    using asked = closing(agentOf(host, "read"));
    return (await domainOfClaim(claimId, asked.vgpud)) !== undefined;
  } catch (error) {
    if (!(error instanceof CliError) || error.ending === "interrupted") throw error;
    return true;
  }
}
