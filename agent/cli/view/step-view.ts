// Steps between host and claims as a table.
import type { ReconcileStep } from "../../../proto/gen/vgpud/v1/host_service.ts";
import type { Cell } from "./paint.ts";
import type { Text } from "./text.ts";
import { failureText, stateCell } from "./words.ts";

export function stepTable(steps: readonly ReconcileStep[]): Text {
  const rows = steps.map((step): readonly Cell[] => [
    step.claimId,
    step.kind,
    stateCell(step.state, "STEP_STATE"),
    step.object,
    failureText(step.failure) ?? step.message,
  ]);
  const columns = ["CLAIM", "STEP", "STATE", "OBJECT", "WHY"].map((title) => ({ title }));
  return [{ kind: "table", columns, rows }];
}
