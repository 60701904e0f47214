// The page of the modes: what each offers on each hypervisor, and what of it this release serves. Pure.
import { modes, type Mode } from "../agent/core/modes.ts";
import { isServed } from "../agent/diagnosis/checks/served.ts";
import { page, table } from "./markdown.ts";
import { modeNotes, type ModeNotes } from "./mode-notes.ts";

const hypervisors = ["kvm", "xen"] as const;

/** By the word before each row. */
const rows: Readonly<Record<string, (notes: ModeNotes) => string>> = {
  "a vGPU is": ({ vgpu }) => vgpu,
  types: ({ types }) => types,
  screen: ({ screen }) => screen,
  "share of time": ({ share }) => share,
  migration: ({ migration }) => migration,
  metrics: ({ metrics }) => metrics,
  limit: ({ limit }) => limit,
};

export function modesPage(): string {
  const served = hypervisors.map((hypervisor) => [
    hypervisor === "kvm" ? "KVM" : "Xen",
    ...modes.map((mode) => standing(mode, hypervisor)),
  ]);
  const facts = Object.entries(rows).map(([word, of]) => [word, ...modes.map((mode) => of(modeNotes[mode]))]);
  return page(
    "Modes",
    "How a GPU can be shared, and what a guest gets of it. A GPU is in one mode at a time; `vgpuctl set-mode` changes it " +
      "while nothing of it is in use ([how](../modes.md)). Which modes a host can be used in, and what stands in the way, " +
      "says `vgpuctl doctor`.",
    table(["", ...modes.map((mode) => `\`${mode}\``)], [...served, ...facts]),
  );
}

function standing(mode: Mode, hypervisor: (typeof hypervisors)[number]): string {
  const backend = modeNotes[mode].backends[hypervisor];
  if (backend === undefined) return "impossible";
  return isServed(mode, hypervisor) ? `${backend}: served` : `${backend}: diagnosed, not served yet`;
}
