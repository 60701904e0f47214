// docs/reference/doctor-on-beds.md, from what `vgpuctl doctor --all` has printed on each test bed. Pure.
import { page } from "./markdown.ts";

/** By the name of its record: what the bed is. */
export const doctoredBeds = {
  kvm: "KVM: Debian's kernel and libvirt, an imaginary GPU with GVT-g, all of it in a virtual machine",
  xen: "Xen: dom0 of Debian's Xen, whose kernel offers XenGT on an imaginary GPU, all of it in a virtual machine",
} as const;

export type DoctoredBed = keyof typeof doctoredBeds;

const INTRODUCTION = `What \`vgpuctl doctor --all\` prints of the two test beds (test/testbed of the source), as last recorded: every condition of
[the diagnosis](diagnosis.md) with what was found there. The beds are virtual machines with a GPU that is imaginary, and the diagnosis says
so where it can tell. The KVM bed is emulated and has no /dev/kvm, so that \`gvt-g\` is not possible there (\`NO_HYPERVISOR\`): the suites run vgpud
with a libvirt that starts QEMU's own emulation in the place of KVM, on the same mdev bus, slices and VFIO. CI holds which conditions pass and fail, and which modes are possible, against this record.`;

/** `printed`: by bed. */
export function doctorOnBedsPage(printed: Readonly<Record<DoctoredBed, string>>): string {
  const sections = (Object.keys(doctoredBeds) as DoctoredBed[]).map(
    (bed) =>
      `## ${doctoredBeds[bed]}\n\n\`\`\`console\n$ vgpuctl doctor --all\n${printed[bed].trimEnd()}\n\`\`\``,
  );
  return page("Doctor on the test beds", INTRODUCTION, sections.join("\n\n"));
}

/** A condition that doctor has printed. */
export interface Printed {
  /** As `ERROR` or `OK`; `-` where it does not apply. */
  readonly standing: string;
  readonly reason: string;
  /** Empty for the host. */
  readonly gpu: string;
}

const CONDITION = /^(ERROR|WARNING|INFO|UNKNOWN|OK|-) +([A-Z][A-Z0-9_]+)(?: +(\S+))?$/;

/** In the order in which they were printed; what they say and what was seen is left out. */
export function conditionsIn(printed: string): readonly Printed[] {
  return printed.split("\n").flatMap((line) => {
    const [, standing, reason, gpu = ""] = CONDITION.exec(line) ?? [];
    return standing === undefined || reason === undefined ? [] : [{ standing, reason, gpu }];
  });
}

/** The lines about modes, each without the blanks of its layout. */
export function verdictsIn(printed: string): readonly string[] {
  const [verdicts = ""] = printed.split("\n\n");
  return verdicts.split("\n").map((line) => line.trim().replaceAll(/ +/g, " "));
}
