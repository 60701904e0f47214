// docs/reference/conformance.md, from what test/e2e/conformance has recorded of each backend, and from which suites of the beds do
// the same on a real kernel. Pure.
import { page, table } from "./markdown.ts";

/**
 * The columns of the page, each with a subject in test/e2e/conformance/subjects. A backend that is there on both hypervisors is one
 * column on each, as `passthrough` and `passthrough on Xen`; `xengt` is that of 2017, whose slices device models make.
 */
export const backendNames = [
  "kvmgt",
  "xengt",
  "xengt by agent",
  "xengt 2015 by agent",
  "virgl",
  "passthrough",
  "sriov",
  "passthrough on Xen",
  "sriov on Xen",
] as const;

/** The groups of cases, in the order of the page; each has a golden file and a suite of its name. */
export const groupNames = [
  "create",
  "list",
  "metrics",
  "destroy",
  "crash",
  "race",
  "foreign",
  "reboot",
  "refusals",
  "reservation",
] as const;

export type GroupName = (typeof groupNames)[number];

export type BackendName = (typeof backendNames)[number];

/** What came of a case on a backend: that it went well or not, or why it means nothing there. */
export type Outcome = "passed" | "failed" | { readonly impossible: string };

/** By case, then by backend; one that is missing was not run. */
export type GroupOutcomes = Readonly<Record<string, Readonly<Partial<Record<BackendName, Outcome>>>>>;

export type Conformance = Readonly<Record<GroupName, GroupOutcomes>>;

/** A test of a bed that does what a case does. */
export interface BedTest {
  /** The file below test/testbed. */
  readonly suite: string;
  /** As the run of that suite tells it. */
  readonly title: string;
}

/** What came of such tests in the last recorded run of their bed: by suite, then by title. One that is missing was not run. */
export type BedOutcomes = Readonly<Record<string, Readonly<Record<string, "passed" | "failed">>>>;

/** Of one group: by case, then by backend. */
export type GroupBedTests = Readonly<Record<string, Readonly<Partial<Record<BackendName, BedTest>>>>>;

export type BedTests = Readonly<Partial<Record<GroupName, GroupBedTests>>>;

const INTRODUCTION = `Every backend does what every other does: the same cases, written once, run over each
(\`test/e2e/conformance\`). The columns of the backends are what the last recorded run on the simulated host has seen; CI runs the
cases and fails where one does not pass, or where this page is not what it has seen. The last column is what the last recorded run of
the test beds has seen: real kernels with a real Xen, libvirt and QEMU, in virtual machines with a GPU that is imaginary
(\`test/testbed\`). It names the test that looks at the same for each backend; one that it does not name was not run there, and no bed
can run \`virgl\` or \`sriov on Xen\` (docs/design.md of the source says why). CI runs these, too. Nothing here has been run on Intel hardware.
\`xengt\` is XenGT since 2017 whose slices QEMU with Intel's patches makes; by \`agent\` vgpud makes them itself
(\`xengt.instance_creator\`), and of 2015 is dom0's kernel of 2015 and 2016.

- **passed**: on the simulated host.
- **impossible**: the case means nothing on that backend; the number leads to the reason below the table.
- **not run**: nobody has run it there.`;

export function conformancePage(conformance: Conformance, beds: BedTests, seen: BedOutcomes): string {
  const groups = groupNames.map(
    (group) =>
      `## ${group}\n\n${groupText(conformance[group], (what) => bedText(beds[group]?.[what] ?? {}, seen))}`,
  );
  return page("Conformance", INTRODUCTION, [summary(conformance), ...groups].join("\n\n"));
}

function summary(conformance: Conformance): string {
  const rows = groupNames.map((group) => {
    const cases = Object.values(conformance[group]);
    return [group, ...backendNames.map((backend) => tally(cases.map((outcomes) => outcomes[backend])))];
  });
  return table(["", ...backendNames.map(code)], rows);
}

/** As `5 of 6, 1 impossible`. */
function tally(outcomes: readonly (Outcome | undefined)[]): string {
  const impossible = outcomes.filter((outcome) => typeof outcome === "object").length;
  const passed = outcomes.filter((outcome) => outcome === "passed").length;
  const all = `${passed} of ${outcomes.length - impossible} passed`;
  return impossible === 0 ? all : `${all}, ${impossible} impossible`;
}

function groupText(cases: GroupOutcomes, bedsOf: (what: string) => string): string {
  const notes: string[] = [];
  const numberOf = (why: string): number => {
    if (!notes.includes(why)) notes.push(why);
    return notes.indexOf(why) + 1;
  };
  const cell = (outcome: Outcome | undefined): string => {
    if (outcome === undefined) return "not run";
    return typeof outcome === "string" ? outcome : `impossible (${numberOf(outcome.impossible)})`;
  };
  const rows = Object.entries(cases).map(([what, outcomes]) => [
    what,
    ...backendNames.map((backend) => cell(outcomes[backend])),
    bedsOf(what),
  ]);
  const text = table(["", ...backendNames.map(code), "real kernel (bed)"], rows);
  return notes.length === 0 ? text : `${text}\n\n${notes.map((why, at) => `${at + 1}. ${why}`).join("\n")}`;
}

function bedText(beds: GroupBedTests[string], seen: BedOutcomes): string {
  const covered = backendNames.flatMap((backend) => {
    const test = beds[backend];
    if (!test) return [];
    const outcome = seen[test.suite]?.[test.title] ?? "not run";
    return [`${code(backend)}: ${outcome} (${code(test.suite)}, “${test.title}”)`];
  });
  return covered.length === 0 ? "not run" : covered.join("; ");
}

function code(text: string): string {
  return `\`${text}\``;
}
