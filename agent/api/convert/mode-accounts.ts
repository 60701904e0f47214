// The accounts of a GPU in the modes beside gvt-g as the contract shows them.
import * as pb from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { FunctionsAccount, FunctionUse } from "../../capacity/accounts/virtual-functions.ts";
import type { WholeGpuAccount, WholeGpuHolder } from "../../capacity/accounts/whole-gpu.ts";
import type { FunctionAmounts } from "../../inventory/virtual-functions.ts";
import type { ModeAccounts } from "../../lifecycle/mode-accounts.ts";
import { toWireDuration } from "./duration.ts";

const BYTES_PER_MIB = 1024 * 1024;
const NANOS_PER_MS = 1_000_000;
const NANOS_PER_US = 1_000;

const holders = {
  claim: pb.WholeGpuHolder.CLAIM,
  domain: pb.WholeGpuHolder.DOMAIN,
  driver: pb.WholeGpuHolder.DRIVER,
  vgpus: pb.WholeGpuHolder.VGPUS,
  "virtual-functions": pb.WholeGpuHolder.VIRTUAL_FUNCTIONS,
  seats: pb.WholeGpuHolder.SEATS,
  screens: pb.WholeGpuHolder.SCREENS,
} as const satisfies Record<WholeGpuHolder, pb.WholeGpuHolder>;

export function toWireAccounts({
  functions,
  whole,
  seats,
}: ModeAccounts): Pick<pb.Gpu, "virtualFunctions" | "whole" | "seats"> {
  return {
    virtualFunctions: functions && toWireFunctions(functions),
    whole: toWireWhole(whole),
    seats:
      seats &&
      pb.RenderSeats.fromPartial({
        usedOwn: seats.own,
        usedForeign: seats.foreign,
        total: seats.total,
      }),
  };
}

function toWireFunctions(account: FunctionsAccount): pb.VirtualFunctions {
  const { sriov, functions, used, free, allocated } = account;
  return pb.VirtualFunctions.fromPartial({
    total: sriov.total,
    enabled: functions.length,
    autoprobe: sriov.autoprobe,
    usedOwn: used?.own,
    usedForeign: used?.foreign,
    free,
    functions: functions.map(toWireFunction),
    allocated: toWireResources(allocated),
    available: toWireResources(sriov.available),
    largestQuota: toWireResources(sriov.largestQuota),
  });
}

function toWireFunction({
  function: { number, address, driver, quota, turns },
  domain,
  free,
}: FunctionUse): pb.VirtualFunction {
  return pb.VirtualFunction.fromPartial({
    number,
    pciAddress: address,
    driver: driver ?? "",
    free,
    domainUuid: domain ?? "",
    quota: toWireResources(quota),
    execQuantum: durationOf(turns.execQuantumMs, NANOS_PER_MS),
    preemptTimeout: durationOf(turns.preemptTimeoutUs, NANOS_PER_US),
    schedPriority: turns.priority ?? "",
  });
}

function durationOf(count: number | undefined, nanosEach: number): pb.VirtualFunction["execQuantum"] {
  return count === undefined ? undefined : toWireDuration(count * nanosEach);
}

/** Undefined where nothing is told. */
function toWireResources(amounts: FunctionAmounts): pb.FunctionResources | undefined {
  const { vramBytes, ggttBytes, contexts, doorbells } = amounts;
  if (Object.values(amounts).every((amount) => amount === undefined)) return undefined;
  return pb.FunctionResources.fromPartial({
    vramMib: mib(vramBytes),
    ggttMib: mib(ggttBytes),
    contexts,
    doorbells,
  });
}

/** Drivers give whole pages; what is less than a MiB is nobody's gain. */
function mib(bytes: number | undefined): bigint | undefined {
  return bytes === undefined ? undefined : BigInt(Math.floor(bytes / BYTES_PER_MIB));
}

function toWireWhole({ used, free, heldBy, domain }: WholeGpuAccount): pb.WholeGpu {
  return pb.WholeGpu.fromPartial({
    usedOwn: used?.own,
    usedForeign: used?.foreign,
    free,
    heldBy: heldBy.map((holder) => holders[holder]),
    domainUuid: domain ?? "",
  });
}
