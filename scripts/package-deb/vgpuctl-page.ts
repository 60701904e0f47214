// The manual page of vgpuctl, from the tables that its help is made from. Pure.
import type { Command } from "../../agent/cli/command.ts";
import { errorKeys } from "../../agent/cli/errors/error-json.ts";
import { exitCodes, exitCodeWords } from "../../agent/cli/errors/exit-codes.ts";
import { globalFlags } from "../../agent/cli/line/global-flags.ts";
import { flagText, operandText } from "../../agent/cli/line/help.ts";
import { FLAVORS_FILE, SCHEDULE_FILE } from "../../agent/cli/schedule/words.ts";
import type { ManBlock, ManPage, Term } from "./man-page.ts";

export function vgpuctlPage(commands: readonly Command[]): ManPage {
  return {
    name: "vgpuctl",
    section: 1,
    summary: "show and change the vGPUs and domains of this host",
    sections: [
      { title: "SYNOPSIS", body: [{ kind: "lines", lines: ["vgpuctl COMMAND [ARGUMENTS] [FLAGS]"] }] },
      {
        title: "DESCRIPTION",
        body: paragraphs(
          "vgpuctl is the command line of vgpud(8) and speaks its gRPC API over the UNIX socket; schedule asks OpenStack Placement and the vgpuds of other hosts.",
          "Data goes to standard output, everything else to standard error. On a terminal destroy asks first, and a change that takes long is told about; without a terminal neither happens.",
          "vgpuctl help COMMAND prints what stands below of one command.",
        ),
      },
      {
        title: "OPTIONS",
        body: [...paragraphs("Every command takes these."), { kind: "terms", terms: flagTerms(globalFlags) }],
      },
      { title: "COMMANDS", body: commands.flatMap(commandBlocks) },
      {
        title: "JSON",
        body: [
          ...paragraphs(
            "With -o json or yaml a document has a schema_version; while that is 1, keys are only added: none goes, changes its type or its meaning.",
            "An error is then one document on standard error, whose key error has the following keys, null if not known.",
          ),
          { kind: "terms", terms: Object.entries(errorKeys) },
        ],
      },
      { title: "EXIT STATUS", body: [{ kind: "terms", terms: exitTerms() }] },
      {
        title: "ENVIRONMENT",
        body: [
          { kind: "terms", terms: [["NO_COLOR", "no colors when it is set and not empty, as --no-color"]] },
        ],
      },
      {
        title: "FILES",
        body: [
          {
            kind: "terms",
            terms: [
              ["/run/vgpud/vgpud.sock", "the socket of vgpud that is asked unless another is named"],
              [SCHEDULE_FILE, "where Placement and the hosts are, for schedule"],
              [FLAVORS_FILE, "the flavors of schedule"],
              ["/usr/share/doc/vgpud/vgpuctl.md", "how the commands are used, with their output"],
              ["/usr/share/doc/vgpud/examples/", "files for create -f and schedule"],
            ],
          },
        ],
      },
    ],
    seeAlso: ["vgpud(8)", "virsh(1)"],
  };
}

function paragraphs(...texts: readonly string[]): readonly ManBlock[] {
  return texts.map((text) => ({ kind: "paragraph", text }));
}

function commandBlocks({
  name,
  summary,
  operands,
  flags,
  forms = {},
  examples,
}: Command): readonly ManBlock[] {
  const terms: readonly Term[] = [
    ...operands.map((operand): Term => [operand.name, operand.help]),
    ...flagTerms(flags),
    ...Object.entries(forms).map(([form, prints]): Term => [`-o ${form}`, `prints ${prints}`]),
  ];
  return [
    { kind: "heading", text: [name, ...operands.map(operandText)].join(" ") },
    { kind: "paragraph", text: summary },
    { kind: "terms", terms },
    { kind: "lines", lines: examples },
  ];
}

function flagTerms(flags: Command["flags"]): readonly Term[] {
  return flags.map((flag) => [flagText(flag), flag.help]);
}

function exitTerms(): readonly Term[] {
  const words = new Map<string, string>(Object.entries(exitCodeWords));
  return Object.entries(exitCodes).map(([ending, code]) => [String(code), words.get(ending) ?? ""]);
}
