// Runs the table over a host: every condition with its evidence, and for each GPU what stands in the way of each mode.
import { messageOf } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import { modes, type Mode } from "../core/modes.ts";
import type { PciGpu } from "../discovery/pci-gpus.ts";
import {
  notApplicable,
  type Check,
  type Code,
  type Condition,
  type Finding,
  type HostSubject,
} from "./condition.ts";
import { Look, UnreadableError, type ExaminedFiles } from "./look.ts";
import { table } from "./table.ts";

export interface Diagnosis {
  /** Those of the host first, then of each GPU by its address; causes before what depends on them. */
  readonly conditions: readonly Condition[];
  /** By the GPU's address. */
  readonly verdicts: readonly Verdict[];
}

/** How a GPU could be used. */
export interface Verdict {
  readonly gpu: PciAddress;
  readonly modes: readonly ModeVerdict[];
}

export interface ModeVerdict {
  readonly mode: Mode;
  /** What stands in the way, first what cannot be changed, then causes; empty when the mode works. */
  readonly because: readonly Condition[];
  /** What would stand in the way and could not be looked for, unless something else shows that it does not. */
  readonly notKnown: readonly Condition[];
}

/** Whether the mode works, as far as is known: what is not known is no yes. */
export function isAvailable({ because, notKnown }: ModeVerdict): boolean {
  return because.length === 0 && notKnown.length === 0;
}

/** Whatever cannot be read is a condition that is not known; a host is never the reason for this to reject. */
export async function diagnose(
  files: ExaminedFiles,
  host: HostSubject,
  checks: readonly Check[] = table,
): Promise<Diagnosis> {
  const gpus = [...host.gpus].sort((a, b) => (a.address < b.address ? -1 : 1));
  const ofHost = await examined(checks, { files, host, gpu: undefined });
  const ofGpus: Condition[] = [];
  const verdicts: Verdict[] = [];
  for (const gpu of gpus) {
    const found = await examined(checks, { files, host, gpu });
    const all = explained([...ofHost, ...found]);
    const judged = modes.map((mode) => verdictOn(mode, all));
    const own = all.filter((condition) => condition.gpu !== undefined);
    ofGpus.push(...vouchedFor(setBeside(own), judged));
    verdicts.push({ gpu: gpu.address, modes: judged });
  }
  return { conditions: [...explained(ofHost).map(ofItsKind), ...ofGpus], verdicts };
}

/** The host, or one GPU of it. */
interface Patient {
  readonly files: ExaminedFiles;
  readonly host: HostSubject;
  readonly gpu: PciGpu | undefined;
}

/** What the checks say of it. One check after the other: the agent has other things to do. */
async function examined(checks: readonly Check[], { files, host, gpu }: Patient): Promise<Condition[]> {
  const conditions: Condition[] = [];
  for (const check of checks) {
    if ((check.of === "gpu") !== (gpu !== undefined)) continue;
    const look = new Look(files);
    const finding = await found(check, { look, host, gpu });
    const { code, dependsOn } = check;
    const costs = costsOf(check, finding);
    conditions.push({ code, finding, costs, dependsOn, evidence: look.evidence, gpu: gpu?.address });
  }
  return conditions;
}

function costsOf({ costs, spares }: Check, { says }: Finding): Condition["costs"] {
  const spared: readonly string[] = spares?.[says] ?? [];
  return spared.length === 0
    ? costs
    : Object.fromEntries(Object.entries(costs).filter(([mode]) => !spared.includes(mode)));
}

async function found(
  check: Check,
  { look, host, gpu }: Omit<Patient, "files"> & { readonly look: Look },
): Promise<Finding> {
  try {
    if (check.of === "host") return await check.check(look, host);
    return gpu ? await check.check(look, { host, gpu }) : notApplicable("no-such-gpu");
  } catch (error) {
    const values =
      error instanceof UnreadableError
        ? { path: `/${error.path}`, why: error.why }
        : { path: check.code, why: messageOf(error) };
    return { status: "unknown", says: "unreadable", values };
  }
}

/** Where a cause fails, what follows from it tells nothing new; nor does what cannot be known while its cause cannot. */
function explained(conditions: readonly Condition[]): Condition[] {
  const causes: Record<"fail" | "unknown", Set<Code>> = { fail: new Set(), unknown: new Set() };
  return conditions.map((condition) => {
    const { finding, code, dependsOn } = condition;
    const { status } = finding;
    if (status !== "fail" && status !== "unknown") return condition;
    const cause =
      dependsOn.find((each) => causes.fail.has(each)) ??
      (status === "unknown" ? dependsOn.find((each) => causes.unknown.has(each)) : undefined);
    // What depends on this one is explained as it is itself.
    causes[cause !== undefined && causes.fail.has(cause) ? "fail" : status].add(code);
    return cause === undefined ? condition : { ...condition, finding: notApplicable("explained", { cause }) };
  });
}

/** These say what the GPU and its kernel cannot be brought to, and are told before what could be mended. */
const FINAL: ReadonlySet<Code> = new Set(["GVT_UNSUPPORTED_PLATFORM", "SRIOV_UNSUPPORTED_PLATFORM"]);

/** What a later kernel has is no fault of the GPU. */
const OF_KERNEL: ReadonlySet<string> = new Set(["later-kernel", "kernel"]);

/** What a hypervisor does not have is no fault of the host. */
const OF_HYPERVISOR: ReadonlySet<Code> = new Set(["VIRGL_NOT_ON_XEN"]);

function ofItsKind(condition: Condition): Condition {
  const { code, finding } = condition;
  return OF_HYPERVISOR.has(code) && finding.status === "fail" ? { ...condition, beside: true } : condition;
}

/**
 * A GPU that is made for slices is no worse for having no SR-IOV, nor the other way round; nor is one that somebody gave away whole
 * for having no driver of the host's.
 */
function setBeside(conditions: readonly Condition[]): Condition[] {
  const made = conditions.some(({ code, finding }) => FINAL.has(code) && finding.status === "pass");
  return conditions.map((condition) => {
    const { code, finding } = condition;
    if (code === "GPU_WITHOUT_DRIVER" && finding.says === "as-set") return { ...condition, beside: true };
    const beside = made && FINAL.has(code) && finding.status === "fail" && !OF_KERNEL.has(finding.says);
    return beside ? { ...condition, beside } : condition;
  });
}

/** What cannot be told by itself is no news where what it could stand in the way of is possible all the same. */
function vouchedFor(conditions: readonly Condition[], verdicts: readonly ModeVerdict[]): Condition[] {
  return conditions.map((condition) => {
    const { finding: own, costs } = condition;
    const costly = verdicts.filter(({ mode }) => costs[mode] === "error");
    if (own.status !== "unknown" || costly.length === 0 || !costly.every(isAvailable)) return condition;
    const by = conditions.find(
      ({ finding, dependsOn }) => finding.status === "pass" && dependsOn.includes(condition.code),
    );
    return by ? { ...condition, finding: notApplicable("vouched", { by: by.code }) } : condition;
  });
}

function verdictOn(mode: Mode, conditions: readonly Condition[]): ModeVerdict {
  const vital = conditions
    .filter(({ costs }) => costs[mode] === "error")
    .toSorted((one, other) => Number(FINAL.has(other.code)) - Number(FINAL.has(one.code)));
  // What passes vouches for what it depends on: a kernel that offers types has been told to.
  const vouched = new Set(
    conditions.flatMap(({ finding, dependsOn }) => (finding.status === "pass" ? dependsOn : [])),
  );
  return {
    mode,
    because: vital.filter(({ finding }) => finding.status === "fail"),
    notKnown: vital.filter(({ finding, code }) => finding.status === "unknown" && !vouched.has(code)),
  };
}
