// The page of the modes: what each offers on each hypervisor, and what of it this release serves. Pure.
import { modes, type Mode } from "../agent/core/modes.ts";
import { isServed } from "../agent/diagnosis/checks/served.ts";
import { page, table } from "./markdown.ts";
import { modeNotes, type ModeNotes } from "./mode-notes.ts";

const hypervisors = { kvm: "KVM", xen: "Xen" } as const;

type Hypervisor = keyof typeof hypervisors;

/** By the word before each row. */
const rows: Readonly<Record<string, (notes: ModeNotes) => string>> = {
  "a vGPU is": ({ vgpu }) => vgpu,
  types: ({ types }) => types,
  screen: ({ screen }) => screen,
  EDID: ({ edid }) => edid,
  "share of time": ({ share }) => share,
  migration: ({ migration }) => migration,
  metrics: ({ metrics }) => metrics,
  limit: ({ limit }) => limit,
};

export function modesPage(): string {
  const known = Object.keys(hypervisors) as Hypervisor[];
  const standings = known.map((each) => [hypervisors[each], ...modes.map((mode) => standing(mode, each))]);
  return page(
    "Modes",
    "How a GPU can be shared, and what a guest gets of it. A GPU is in one mode at a time; `vgpuctl set-mode` changes it " +
      "while nothing of it is in use ([how](../modes.md)). Which modes a host can be used in, and what stands in the way, " +
      "says `vgpuctl doctor`.",
    [table(["", ...modes.map(code)], standings), ...known.map(offers)].join("\n\n"),
  );
}

function standing(mode: Mode, hypervisor: Hypervisor): string {
  const backend = modeNotes[hypervisor][mode]?.backend;
  if (backend === undefined) return "impossible";
  return isServed(mode, hypervisor) ? `${backend}: served` : `${backend}: diagnosed, not served yet`;
}

function offers(hypervisor: Hypervisor): string {
  const notes = modeNotes[hypervisor];
  const possible = modes.flatMap((mode) => (notes[mode] ? [{ mode, noted: notes[mode] }] : []));
  const facts = Object.entries(rows).map(([word, of]) => [word, ...possible.map(({ noted }) => of(noted))]);
  return `## On ${hypervisors[hypervisor]}\n\n${table(["", ...possible.map(({ mode }) => code(mode))], facts)}`;
}

function code(text: string): string {
  return `\`${text}\``;
}
