// Where a vGPU went and why, or why it went nowhere.
import { counted } from "../../core/counted.ts";
import type { PlacementCandidate, PlacementDecision } from "../../../proto/gen/vgpud/v1/placement.ts";
import { sizeColumns } from "./gpu-view.ts";
import { tableLines, type Column } from "./table.ts";
import { plain, type Cell } from "./paint.ts";
import type { Text } from "./text.ts";
import { word } from "./words.ts";

export function decisionText(decision: PlacementDecision): Text {
  return [
    {
      kind: "fields",
      fields: [
        ["GPU", decision.gpu],
        ["backend", word(decision.backend, "BACKEND")],
        ["type", decision.type],
        ...takenFields(decision.sizes),
        ["policy", word(decision.policy, "PLACEMENT_POLICY")],
        ["why", decision.message],
      ],
    },
    { kind: "table", columns: candidateColumns, rows: decision.candidates.map(candidateRow) },
  ];
}

/** None in the modes whose types have no sizes. */
function takenFields(sizes: PlacementDecision["sizes"]): readonly (readonly [name: string, value: Cell])[] {
  if (sizes === undefined) return [];
  const { lowGmMib, highGmMib, fences } = sizes;
  return [["takes", `${lowGmMib} MiB low GM, ${highGmMib} MiB high GM, ${counted(fences, "fence")}`]];
}

/** The candidates of a refusal, for stderr. */
export function refusedCandidates(decision: PlacementDecision): readonly string[] {
  if (decision.candidates.length === 0) return [];
  return tableLines(candidateColumns, decision.candidates.map(candidateRow), { paint: plain, wide: false });
}

const candidateColumns: readonly Column[] = [
  { title: "CANDIDATE" },
  { title: "TYPE" },
  ...sizeColumns.map(({ title, ...rest }) => ({ ...rest, title: `FREE ${title}` })),
  { title: "FREE VGPUS", align: "right", sparse: true },
  { title: "SCORE", align: "right" },
  { title: "RESULT" },
  { title: "WHY" },
];

function candidateRow(candidate: PlacementCandidate): readonly Cell[] {
  const { gpu, type, free, chosen, reason, message, score } = candidate;
  const result: Cell = chosen ? { text: "chosen", style: "good" } : reason === "" ? "ranked lower" : reason;
  return [
    gpu,
    type,
    free?.lowGmMib,
    free?.highGmMib,
    free?.fences,
    free?.instances,
    score?.toFixed(3),
    result,
    message,
  ];
}
