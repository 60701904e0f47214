// Which consumers of Placement are vgpuctl's own: only those are ever shown, taken for one's own, or given back.
import { CONSUMER_TYPE } from "../../core/placement-names.ts";
import { CliError } from "../errors/cli-error.ts";
import type { SchedulePlacement } from "./placement-port.ts";

/** A consumer without a type may be anybody's. */
export function isOurs(consumerType: string | undefined): boolean {
  return consumerType === CONSUMER_TYPE;
}

/** @throws CliError for a Placement that does not tell whose a consumer is; PlacementError where it cannot be asked */
export async function requireTypes(
  api: Pick<SchedulePlacement, "knowsConsumerTypes">,
  signal: AbortSignal,
): Promise<void> {
  if (await api.knowsConsumerTypes(signal)) return;
  const message =
    "Placement is too old for vgpuctl schedule: it has no types of consumers, by which its bookings are told from those of others";
  throw new CliError("failure", message, {
    hints: ["it takes microversion 1.38, of OpenStack Xena, or later"],
  });
}
