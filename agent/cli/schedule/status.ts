// `vgpuctl schedule status`
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
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
import { domainOfClaim, isGone, otherThan, RIGHT_ADDRESS } from "./whereabouts.ts";

export async function status(args: Arguments, environment: Environment): Promise<Answer> {
  using parts = await opened(args, environment);
  const asked = { word: args.operand(), host: args.text("host") };
  const named = await namedClaim(asked, parts, environment.signal);
  const { host } = named;
  if (host === undefined) {
    const hints = ["a host that may have a domain of it all the same is named with --host"];
    throw new CliError("failure", `nothing is booked for claim ${named.claimId}`, { hints });
  }
  const domain = await domainOf(named, host, { parts, isMeant: asked.host === host });
  return shown(named, host, domain);
}

interface Asking {
  readonly parts: Opened;
  /** The user named the host: what answers is taken at its word. */
  readonly isMeant: boolean;
}

/** Undefined where the host has none. @throws CliError where another host may have answered */
async function domainOf(
  { claimId }: Named,
  host: string,
  { parts, isMeant }: Asking,
): Promise<Domain | undefined> {
  const { agentOf, saidBy, line } = parts;
  using agent = closing(agentOf(host, "read"));
  let other: string | undefined;
  try {
    const domain = await domainOfClaim(claimId, agent.vgpud);
    other = domain || isMeant ? undefined : await otherThan(host, agent.vgpud);
    if (other === undefined) return domain;
  } catch (error) {
    throw error instanceof CliError ? saidBy(host, error) : error;
  }
  const message = `what answers as ${host} has no domain of claim ${claimId}, and ${other}`;
  const taken = `where that is the host that is meant: ${line("status", claimId, "--host", host)}`;
  throw new CliError("conflict", message, { hints: [RIGHT_ADDRESS, taken] });
}

function shown({ claimId, held }: Named, host: string, domain: Domain | undefined): Answer {
  const lives = domain !== undefined && !isGone(domain);
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
