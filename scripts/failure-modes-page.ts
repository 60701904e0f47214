// docs/failure-modes.md, from what test/e2e/failure-modes.test.ts has seen and recorded. Pure.
import { page, table } from "./markdown.ts";

/** What came of one call. */
export interface SeenCall {
  /** The claim's state that came back, with the reason that keeps it there; or the error's code and reason. */
  readonly answer: string;
  /** It was answered when the fault was over, and not before. */
  readonly waited?: true;
  /** After so many seconds the caller is to come again; absent: not told. */
  readonly retrySeconds?: number;
  /** The commands of the processes that were named as holders. */
  readonly holders?: readonly string[];
  /** The state of the call's claim right behind the answer; `none`: there is no claim, `unknown`: nobody tells. */
  readonly claim: string;
}

/** What a caller saw while a fault lasted, and when it was over. */
export interface FailureMode {
  /** What somebody was told whom the fault is about, as a second vgpud. */
  readonly told?: string;
  readonly create: SeenCall;
  readonly destroy: SeenCall;
  /** A create on another GPU. */
  readonly elsewhere: SeenCall;
  readonly reads: string;
  /** Of a claim that stood before: its state and that of its domain. */
  readonly standing: string;
  readonly over: string;
  /** What became of all that by itself, and of the same calls made again. */
  readonly after: {
    readonly created: string;
    readonly destroyed: string;
    readonly standing: string;
    readonly createAgain: string;
    readonly destroyAgain: string;
  };
}

/** By group, then by what happens to it. */
export type FailureModes = Readonly<Record<string, Readonly<Record<string, FailureMode>>>>;

const INTRODUCTION = `What a caller sees of vgpud while something around it fails. Each line is what
\`test/e2e/failure-modes.test.ts\` has seen and recorded in \`test/golden/failure-modes.json\`; the test fails where it sees something
else. On a simulated host with two GPUs, on the first of which two domains run, a fault is set, and while it lasts three calls are made
side by side: a CreateDomain on the first GPU, a DestroyDomain of one of the two, and a CreateDomain on the other GPU. Then
lists, host and health service are read. When the fault is over, the test looks at what becomes of it all by itself and makes the same
calls once more. In the end it destroys everything, and fails if a vGPU, a domain or a claim is left over.

How to read it:

- Every call was answered while the fault lasted, by a limit of vgpud's own if need be, unless the line says *waits*. No call depends on
  its caller's deadline, except where vgpud itself stands still.
- *made* is a domain that runs with its vGPU (its claim is ACTIVE), *gone* one that has been destroyed (GONE). All else is the gRPC
  code with the reason of its ErrorInfo; a code without a reason was made by the transport.
- *again in 2 s* is the RetryInfo. Without one it does not help to repeat the call: something has to change first.
- *claim* is what GetDomain tells of it right behind the answer; *none*: the call has left nothing. A claim that is FAILED after a
  create is being undone, one that is DELETING goes on, both by themselves. To repeat a call with the same claim id is safe at any
  time.
- *afterwards* tells what became of it by itself, and behind an arrow what the same call answered that was made again.
- The second of the two domains runs on and its claim is ACTIVE, unless the line says otherwise.

What is not here: \`sriov_numvfs\` that hangs is in [reference/faults.md](reference/faults.md) (SET_VIRTUAL_FUNCTIONS_BLOCKS). A driver that hangs in a file
below /sys is tested in \`test/contract/hanging-attribute.test.ts\` and told in [operations.md](operations.md#something-around-it-fails). A real kernel and a real libvirt that are held up,
stopped or killed are tested in the KVM bed (\`test/testbed/faults.ts\`, nightly \`test/testbed/long/agent-faults.test.ts\`), the end of
the agent at every step of its work by
\`test/e2e/crash-points.test.ts\`, a thousand calls at once by \`test/e2e/overload.test.ts\`. What others do to domains and vGPUs of vgpud
is in [operations.md](operations.md#host-and-ledger-differ), how to have such faults from the simulator in
[reference/faults.md](reference/faults.md).`;

const HEAD = [
  "",
  "CreateDomain",
  "DestroyDomain",
  "CreateDomain on another GPU",
  "reads",
  "over",
  "afterwards",
];

export function failureModesPage(modes: FailureModes): string {
  const groups = Object.entries(modes).map(([group, faults]) => {
    const rows = Object.entries(faults).map(([what, mode]) => rowOf(what, mode));
    return `## ${group}\n\n${table(HEAD, rows)}`;
  });
  return page("Failure modes", INTRODUCTION, groups.join("\n\n"));
}

function rowOf(what: string, mode: FailureMode): string[] {
  const { told, create, destroy, elsewhere, reads, standing, over, after } = mode;
  return [
    told === undefined ? what : `${what}: ${told}`,
    callText(create),
    callText(destroy),
    callText(elsewhere) === callText(create) ? "the same" : callText(elsewhere),
    `${reads}${standingText(standing)}`,
    over,
    `create: ${changeText(after.created, after.createAgain)}; ` +
      `destroy: ${changeText(after.destroyed, after.destroyAgain)}${standingText(after.standing)}`,
  ];
}

function callText({ answer, waited, retrySeconds, holders = [], claim }: SeenCall): string {
  const parts = [
    waited ? `*waits*, then ${answerText(answer)}` : answerText(answer),
    holders.length > 0 && `held by ${holders.join(", ")}`,
    retrySeconds !== undefined && `*again in ${retrySeconds} s*`,
    // Otherwise the answer tells it.
    answer !== claim && claim !== "unknown" && `claim: ${claim}`,
  ];
  return parts.filter((part) => part !== false).join("; ");
}

function changeText(state: string, again: string): string {
  return state === again ? answerText(state) : `${stateText(state)} → ${answerText(again)}`;
}

const SUCCESSES: Readonly<Record<string, string>> = { ACTIVE: "made", GONE: "gone" };

function answerText(answer: string): string {
  return SUCCESSES[answer] ?? answer;
}

/** Of what the call came to nothing about. */
function stateText(state: string): string {
  return state === "ACTIVE" ? "as before" : answerText(state);
}

function standingText(standing: string): string {
  return ["ACTIVE, running", "unknown"].includes(standing) ? "" : `; the second domain: ${standing}`;
}
