// What the diagnosis found, as the contract shows it.
import * as pb from "../../../proto/gen/vgpud/v1/condition.ts";
import { Backend, Mode as WireMode, type ModeSupport } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { DiagnoseResponse, type GpuVerdict } from "../../../proto/gen/vgpud/v1/host_service.ts";
import type { Language } from "../../core/language.ts";
import type { Mode } from "../../core/modes.ts";
import { isServed } from "../../diagnosis/checks/served.ts";
import type { Condition, Severity, Status } from "../../diagnosis/condition.ts";
import { isAvailable, type Diagnosis, type ModeVerdict, type Verdict } from "../../diagnosis/diagnose.ts";
import { messageOf, remedyOf, severityOf } from "../../diagnosis/words.ts";
import { cut } from "../cut.ts";
import { withoutControls } from "../validate/fields.ts";

export const wireModes = {
  "gvt-g": WireMode.GVT_G,
  "gvt-d": WireMode.GVT_D,
  "gvt-s": WireMode.GVT_S,
  sriov: WireMode.SRIOV,
} as const satisfies Record<Mode, WireMode>;

const statuses = {
  pass: pb.ConditionStatus.PASS,
  fail: pb.ConditionStatus.FAIL,
  unknown: pb.ConditionStatus.UNKNOWN,
  "not-applicable": pb.ConditionStatus.NOT_APPLICABLE,
} as const satisfies Record<Status, pb.ConditionStatus>;

const severities = {
  info: pb.Severity.INFO,
  warning: pb.Severity.WARNING,
  error: pb.Severity.ERROR,
} as const satisfies Record<Severity, pb.Severity>;

const backends = {
  "gvt-g": { kvm: Backend.KVMGT, xen: Backend.XENGT },
  "gvt-d": { kvm: Backend.PASSTHROUGH, xen: Backend.PASSTHROUGH },
  "gvt-s": { kvm: Backend.VIRGL, xen: Backend.UNSPECIFIED },
  sriov: { kvm: Backend.SRIOV, xen: Backend.SRIOV },
} as const satisfies Record<Mode, Record<"kvm" | "xen", Backend>>;

/** Of one value; a file may hold anything. */
const MAX_EVIDENCE_BYTES = 4096;
/** Of one condition; a folder that is looked through may hold any number of files. */
const MAX_EVIDENCE = 32;

export interface Shown {
  readonly language: Language;
  /** Only what concerns this mode; undefined: all. */
  readonly mode?: Mode | undefined;
  /** Only this GPU and the host; undefined: all. */
  readonly gpu?: string | undefined;
  readonly hypervisor: "kvm" | "xen";
  /** When the checks began, milliseconds since the epoch. */
  readonly at: number;
  /** When a condition came to be as it is, milliseconds since the epoch; undefined where nobody knows. */
  readonly since: (condition: Condition) => number | undefined;
}

export function toWireDiagnosis({ conditions, verdicts }: Diagnosis, shown: Shown): DiagnoseResponse {
  const { mode, gpu, language, at } = shown;
  const isShown = (condition: Condition): boolean =>
    (mode === undefined || condition.costs[mode] !== undefined) &&
    (gpu === undefined || condition.gpu === undefined || condition.gpu === gpu);
  return DiagnoseResponse.fromPartial({
    conditions: conditions.filter(isShown).map((condition) => toWireCondition(condition, shown)),
    verdicts: verdicts
      .filter((verdict) => gpu === undefined || verdict.gpu === gpu)
      .map((verdict) => toWireVerdict(verdict, shown)),
    language,
    observeTime: new Date(at),
  });
}

export function toWireCondition(
  condition: Condition,
  { language, mode, since }: Pick<Shown, "language" | "mode" | "since">,
): pb.Condition {
  const { code, finding, evidence, dependsOn, gpu } = condition;
  const changed = since(condition);
  return pb.Condition.fromPartial({
    reason: code,
    status: statuses[finding.status],
    severity: severities[severityOf(condition, mode)],
    message: messageOf(condition, language),
    evidence: toWireEvidence(evidence),
    remedy: remedyOf(condition, language),
    docUri: `docs/reference/diagnosis.md#${code.toLowerCase()}`,
    gpu: gpu ?? "",
    dependsOn: [...dependsOn],
    changeTime: changed === undefined ? undefined : new Date(changed),
  });
}

/** Of too many those that say something come first. */
function toWireEvidence(evidence: Condition["evidence"]): pb.Evidence[] {
  const told = evidence.length > MAX_EVIDENCE ? evidence.filter(({ value }) => value) : evidence;
  return told.slice(0, MAX_EVIDENCE).map(({ path, value = "" }) => ({
    path: withoutControls(cut(path, MAX_EVIDENCE_BYTES)),
    value: withoutControls(cut(value, MAX_EVIDENCE_BYTES)),
  }));
}

function toWireVerdict({ gpu, modes }: Verdict, { mode, hypervisor }: Shown): GpuVerdict {
  const shown = modes.filter((verdict) => mode === undefined || verdict.mode === mode);
  return { gpu, modes: shown.map((verdict) => toWireSupport(verdict, hypervisor)) };
}

export function toWireSupport(verdict: ModeVerdict, hypervisor: "kvm" | "xen"): ModeSupport {
  const { mode, because, notKnown } = verdict;
  return {
    mode: wireModes[mode],
    backend: backends[mode][hypervisor],
    available: isAvailable(verdict),
    reason: (because[0] ?? notKnown[0])?.code ?? "",
    served: isServed(mode, hypervisor),
  };
}
