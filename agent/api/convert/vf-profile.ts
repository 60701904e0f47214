// What a virtual function was given and how it takes turns, as the contract shows it.
import { VfProfile } from "../../../proto/gen/vgpud/v1/placement.ts";
import type { VirtualFunction } from "../../inventory/virtual-functions.ts";
import { toWireDuration } from "./duration.ts";

const BYTES_PER_MIB = 1024 * 1024;
const NANOS_PER_MS = 1_000_000;
const NANOS_PER_US = 1_000;

/** What the driver does not tell is absent. */
export function toWireVfProfile({ quota, turns }: Pick<VirtualFunction, "quota" | "turns">): VfProfile {
  return VfProfile.fromPartial({
    execQuantum: durationOf(turns.execQuantumMs, NANOS_PER_MS),
    preemptTimeout: durationOf(turns.preemptTimeoutUs, NANOS_PER_US),
    schedPriority: turns.priority ?? "",
    vramQuotaMib: toMib(quota.vramBytes),
    ggttQuotaMib: toMib(quota.ggttBytes),
  });
}

/** Drivers give whole pages; what is less than a MiB is nobody's gain. */
export function toMib(bytes: number | undefined): bigint | undefined {
  return bytes === undefined ? undefined : BigInt(Math.floor(bytes / BYTES_PER_MIB));
}

function durationOf(count: number | undefined, nanosEach: number): VfProfile["execQuantum"] {
  return count === undefined ? undefined : toWireDuration(count * nanosEach);
}
