// Diagnose, and what of the last examination stands with each GPU.
import type { Condition } from "../../proto/gen/vgpud/v1/condition.ts";
import type { DiagnoseRequest, DiagnoseResponse } from "../../proto/gen/vgpud/v1/host_service.ts";
import { Mode as WireMode } from "../../proto/gen/vgpud/v1/gpu.ts";
import type { PciAddress } from "../core/ids.ts";
import { languageOf, type Language } from "../core/language.ts";
import { modes, type Mode } from "../core/modes.ts";
import type { Diagnosis } from "../diagnosis/diagnose.ts";
import { failuresOf, isOfRoom } from "../diagnosis/checks/room.ts";
import type { Report } from "../diagnosis/diagnostician.ts";
import type { GpuView } from "../lifecycle/views.ts";
import type { ApiContext, ViewContext } from "./context.ts";
import { toWireCondition, toWireDiagnosis, toWireSupport, wireModes } from "./convert/condition.ts";
import { gpuDrainConditions, hostDrainConditions } from "./convert/drain-conditions.ts";
import type { Diagnosed } from "./convert/gpu.ts";
import { gpuNotFound } from "./gpu-not-found.ts";
import { invalid } from "./validate/fields.ts";
import { parseGpuAddress } from "./validate/vgpu-request.ts";

/** Examines host and GPUs anew; a drain stands in the way of whatever mode. */
export async function diagnosed(context: ApiContext, request: DiagnoseRequest): Promise<DiagnoseResponse> {
  const mode = modeAsked(request.mode);
  const gpu = request.gpu === "" ? undefined : parseGpuAddress(request.gpu, "gpu");
  const { diagnosis } = context;
  const report = await diagnosis.refresh();
  if (gpu !== undefined && !report.host.gpus.some(({ address }) => address === gpu)) throw gpuNotFound(gpu);
  const language = languageOf(request.language);
  const gpus = report.host.gpus.map(({ address }) => address).filter((each) => (gpu ?? each) === each);
  const found = toWireDiagnosis(report.diagnosis, {
    ...{ mode, gpu, at: report.at, hypervisor: hypervisorOf(report) },
    language,
    since: (condition) => diagnosis.since(condition),
  });
  const conditions = [...drainsOf(context, gpus, language), ...found.conditions];
  // The host's first, whose address is empty.
  return {
    ...found,
    conditions: conditions.toSorted((a, b) => (a.gpu < b.gpu ? -1 : Number(a.gpu > b.gpu))),
  };
}

function drainsOf(
  { drains: { current } }: ApiContext,
  gpus: readonly PciAddress[],
  language: Language,
): Condition[] {
  return [
    ...hostDrainConditions(current.host, language),
    ...gpus.flatMap((gpu) => gpuDrainConditions(gpu, current.gpus.get(gpu), language)),
  ];
}

/** What of the host itself failed in the last examination; nothing before the first. */
export function hostConditionsOf({ diagnosis }: ViewContext): Condition[] {
  const failed = (diagnosis.latest?.diagnosis.conditions ?? []).filter(
    ({ gpu, finding }) => gpu === undefined && finding.status === "fail",
  );
  const shown = { language: "en", since: diagnosis.since.bind(diagnosis) } as const;
  return failed.map((each) => toWireCondition(each, shown));
}

/** What the last examination said of a GPU, nothing before the first; of its room what stands now. */
export function diagnosedOf({ diagnosis }: ViewContext, view: GpuView): Diagnosed {
  const { address } = view.gpu;
  const report = diagnosis.latest;
  const { conditions, verdicts } = report?.diagnosis ?? NOTHING;
  const verdict = verdicts.find((each) => each.gpu === address);
  const failed = conditions.filter(
    (each) => each.gpu === address && each.finding.status === "fail" && !isOfRoom(each),
  );
  const shown = { language: "en", since: diagnosis.since.bind(diagnosis) } as const;
  return {
    modes: report && verdict ? verdict.modes.map((each) => toWireSupport(each, hypervisorOf(report))) : [],
    conditions: [...failuresOf(view, address), ...failed].map((each) => toWireCondition(each, shown)),
  };
}

const NOTHING: Diagnosis = { conditions: [], verdicts: [] };

function hypervisorOf({ host }: Report): "kvm" | "xen" {
  return host.hypervisor === "xen" ? "xen" : "kvm";
}

function modeAsked(wire: WireMode): Mode | undefined {
  if (wire === WireMode.UNSPECIFIED) return undefined;
  const mode = modes.find((each) => wireModes[each] === wire);
  if (mode === undefined) throw invalid("mode", "has a value that is not known to this release");
  return mode;
}
