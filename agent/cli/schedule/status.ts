// `vgpuctl schedule status`
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import { ClaimState } from "../../../proto/gen/vgpud/v1/claim.ts";
import type { Answer } from "../command.ts";
import type { Environment } from "../environment.ts";
import { CliError } from "../errors/cli-error.ts";
import type { Arguments } from "../line/arguments.ts";
import { domainDetail } from "../view/domain-view.ts";
import { messageJson } from "../view/json.ts";
import { closing } from "./held.ts";
import { resourcesText } from "./list.ts";
import { namedClaim, type Named } from "./named.ts";
import { opened, type Opened } from "./opened.ts";

export async function status(args: Arguments, environment: Environment): Promise<Answer> {
  using parts = await opened(args, environment);
  const named = await namedClaim(args.operand(), parts, environment.signal);
  const host = named.held?.place.host ?? args.text("host");
  if (host === undefined) {
    const hints = ["a host that may have a domain of it all the same is named with --host"];
    throw new CliError("failure", `nothing is booked for claim ${named.claimId}`, { hints });
  }
  return shown(named, host, await domainOf(named.claimId, host, parts));
}

/** Undefined where the host has none. */
async function domainOf(
  claimId: string,
  host: string,
  { agentOf, saidBy }: Opened,
): Promise<Domain | undefined> {
  using agent = closing(agentOf(host, "read"));
  try {
    const ref = { ref: { $case: "claimId", value: claimId } } as const;
    return (await agent.vgpud.getDomain({ domain: ref, withUsage: false })).domain;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (error.reason === "DOMAIN_NOT_FOUND") return undefined;
    throw saidBy(host, error);
  }
}

function shown({ claimId, held }: Named, host: string, domain: Domain | undefined): Answer {
  const lives = domain !== undefined && domain.claimState !== ClaimState.GONE;
  const fields = [
    ["claim id", claimId],
    ["host", host],
    ["GPU", held?.place.gpu],
    ["booked", held === undefined ? "nothing" : resourcesText(held.resources)],
    ...(lives || held === undefined
      ? []
      : [
          [
            "domain",
            `${domain ? "gone" : "none"}: the booking is given back in time, or by destroy`,
          ] as const,
        ]),
  ] as const;
  return {
    json: {
      claim_id: claimId,
      host,
      gpu: held?.place.gpu ?? null,
      booking: held === undefined ? "none" : "held",
      resources: held?.resources ?? {},
      ...messageJson({ domain }),
    },
    text: [
      { kind: "fields", fields },
      ...(domain && (lives || held === undefined) ? domainDetail(domain) : []),
    ],
    names: [claimId],
  };
}
