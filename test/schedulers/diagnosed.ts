// What an agent says of its scheduler when it is asked for a diagnosis.
import assert from "node:assert/strict";
import type { Condition } from "../../proto/gen/vgpud/v1/condition.ts";
import { DiagnoseRequest, HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import type { Rpc } from "../e2e/harness/rpc.ts";
import { until } from "../e2e/harness/until.ts";

/** A comparison may have to wait for the one before. */
const HEALED_MS = 60_000;

export async function conditionOf(rpc: Rpc, reason: string): Promise<Condition> {
  const { conditions } = await rpc.call(Hosts.diagnose, DiagnoseRequest.fromPartial({}));
  const found = conditions.find((each) => each.reason === reason);
  assert.ok(found);
  return found;
}

/** `status` without its prefix, as FAIL. */
export async function comesTo(
  rpc: Rpc,
  reason: string,
  status: "PASS" | "FAIL" | "NOT_APPLICABLE",
  patienceMs = HEALED_MS,
): Promise<Condition> {
  const look = async (): Promise<Condition | false> => {
    const found = await conditionOf(rpc, reason);
    return found.status === `CONDITION_STATUS_${status}` && found;
  };
  return await until(`${reason} comes to ${status}`, look, patienceMs);
}
