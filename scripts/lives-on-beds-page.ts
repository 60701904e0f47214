// docs/reference/lives-on-beds.md, from what the suites of the test beds have told of their lives. Pure.
import { page } from "./markdown.ts";

/** By the name of its record: what it is of. */
export const livesOnBeds = {
  "slice-life": "A slice of GVT-g and its domain, on KVM",
  "function-life": "Virtual functions and a whole GPU, on KVM",
  "function-others-life": "The same over kills of vgpud and beside domains of others",
  "xengt-life": "Slices of XenGT and their domains, on Xen",
  "xengt-others-life": "The same over a reboot of a guest, a kill of vgpud and beside a domain of others",
} as const;

export type LifeOnBed = keyof typeof livesOnBeds;

const INTRODUCTION = `What the suites of the two test beds (test/testbed of the source) tell while they run, as last recorded: from create to
destroy, over kills of vgpud and domains of others, on real kernels with a real Xen, libvirt and QEMU, in virtual machines with a GPU
that is imaginary. A line that begins with \`#\` says what it is; the lines that a kernel with XenGT was given, as
\`"1,128,512,4,-1,0"\`, are domain, low GM, high GM (MiB), fences, primary and cap, and a domain alone gives back.`;

/** `told`: by name. */
export function livesOnBedsPage(told: Readonly<Record<LifeOnBed, string>>): string {
  const sections = (Object.keys(livesOnBeds) as LifeOnBed[]).map(
    (name) => `## ${livesOnBeds[name]}\n\n\`\`\`console\n${told[name].trimEnd()}\n\`\`\``,
  );
  return page("Lives on the test beds", INTRODUCTION, sections.join("\n\n"));
}
