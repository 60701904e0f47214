// `vgpuctl schedule list`
import type { Answer } from "../command.ts";
import type { Environment } from "../environment.ts";
import type { Arguments } from "../line/arguments.ts";
import { stateCell } from "../view/words.ts";
import { allHeld, domainsOn, type Domains, type Held } from "./held.ts";
import { opened, type Opened } from "./opened.ts";
import { placementWork } from "./placement-failure.ts";
import { LOOK } from "./silent-hosts.ts";

export async function list(args: Arguments, environment: Environment): Promise<Answer> {
  using parts = await opened(args, environment);
  const { signal } = environment;
  const only = args.text("host");
  const held = await placementWork(signal, () => allHeld({ api: parts.api, signal }, only));
  // Where the user does not say how long, one that hangs is to keep nobody waiting for the others.
  const how = args.has("timeout") ? {} : LOOK;
  const domains = await domainsOn(new Set(held.map(({ place }) => place.host)), {
    agentOf: (host, kind) => parts.agentOf(host, kind, how),
  });
  return listed(held, domains, parts);
}

function listed(
  held: readonly Held[],
  { byClaim, unknown }: Domains,
  { line }: Pick<Opened, "line">,
): Answer {
  const seen = ({ claimId }: Held) => byClaim.get(claimId);
  return {
    json: {
      claims: held.map((each) => ({
        claim_id: each.claimId,
        ...each.place,
        resources: each.resources,
        domain: seen(each)?.name ?? null,
        domain_known: !unknown.has(each.place.host),
      })),
    },
    text: [
      {
        kind: "table",
        columns: [
          { title: "CLAIM" },
          { title: "HOST" },
          { title: "GPU" },
          { title: "DOMAIN" },
          { title: "STATE" },
          { title: "BOOKED", wide: true },
        ],
        rows: held.map((each) => {
          const domain = seen(each);
          return [
            each.claimId,
            ...[each.place.host, each.place.gpu],
            domain?.name ?? (unknown.has(each.place.host) ? "?" : "none"),
            domain && stateCell(domain.state, "DOMAIN_STATE"),
            resourcesText(each.resources),
          ];
        }),
      },
    ],
    names: held.map(({ claimId }) => claimId),
    messages: [
      ...[...unknown].map(([host, why]) => `warning: domains of ${host} are not known: ${why}`),
      ...idleHint(
        held.filter((each) => seen(each) === undefined && !unknown.has(each.place.host)),
        line,
      ),
    ],
  };
}

/** What to do about bookings that keep room from others for nothing, unless somebody is just making their domains. */
function idleHint(idle: readonly Held[], line: Opened["line"]): readonly string[] {
  const [first] = idle;
  if (first === undefined) return [];
  const ending = line("destroy", first.claimId);
  return [
    `hint: bookings without a domain: ${idle.length}; where none is being made, vgpud gives them back in time, or: ${ending}`,
  ];
}

/** As requests have them: `CUSTOM_VGT_FENCE:4`. */
export function resourcesText(resources: Held["resources"]): string {
  return Object.entries(resources)
    .map(([name, amount]) => `${name}:${amount}`)
    .join(",");
}
