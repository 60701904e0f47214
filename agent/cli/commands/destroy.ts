// `vgpuctl destroy`
import { ClaimState, Ownership } from "../../../proto/gen/vgpud/v1/claim.ts";
import type { Arguments } from "../line/arguments.ts";
import { changeAnswer, graceMs, stopFields, stopFlags } from "../change.ts";
import { CliError } from "../errors/cli-error.ts";
import type { ChangeCommand } from "../command.ts";
import { domainRef, refOperand } from "../request/domain-ref.ts";
import { printable } from "../view/paint.ts";
import type { Vgpud } from "../client/vgpud.ts";
import { word } from "../view/words.ts";

export const destroyCommand: ChangeCommand = {
  kind: "change",
  name: "destroy",
  summary: "stop a domain, remove its vGPU and definition, end its claim; disks stay",
  operands: [refOperand],
  flags: [
    ...stopFlags,
    { name: "allow-missing", help: "a domain that does not exist is no error", field: "allow_missing" },
    { name: "yes", short: "y", help: "do not ask first; without a terminal nobody is asked" },
  ],
  forms: { name: "the domain's name" },
  examples: ["vgpuctl destroy web-1", "vgpuctl destroy claim:job-17 --now --allow-missing --yes"],
  extraMs: graceMs,
  ref: (args) => args.operand(),
  question,
  run: async (args, vgpud) =>
    changeAnswer(
      await vgpud.destroyDomain({
        domain: domainRef(args.operand()),
        requestId: "",
        ...stopFields(args),
        allowMissing: args.has("allow-missing"),
      }),
    ),
};

/** Says what will be gone. What vgpud does not know is left to the request itself, which says so. */
async function question(args: Arguments, vgpud: Vgpud): Promise<string | undefined> {
  const ref = { domain: domainRef(args.operand()), withUsage: false };
  const { domain } = await vgpud.getDomain(ref).catch(nothingKnown);
  if (domain === undefined || domain.ownership === Ownership.FOREIGN) return undefined;
  // Without the claim that it was made for it is left alone.
  if (domain.ownership === Ownership.ORPHAN && domain.claimState !== ClaimState.GONE) return undefined;
  const state = word(domain.state, "DOMAIN_STATE") ?? "state unknown";
  // Of one whose claim has ended the definition alone can go.
  const vgpuIds = domain.ownership === Ownership.OWN ? domain.vgpuIds : [];
  const vgpus = vgpuIds.length === 0 ? "" : ` and its vGPU ${vgpuIds.join(" ")}`;
  return printable(`destroy domain ${domain.name} (${state})${vgpus}? its disks stay`);
}

function nothingKnown(error: unknown): { readonly domain: undefined } {
  if (error instanceof CliError && error.reason === "DOMAIN_NOT_FOUND") return { domain: undefined };
  throw error;
}
