// The accounts of a GPU in the modes beside gvt-g as the contract shows them.
import * as pb from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { FunctionsAccount, FunctionUse } from "../../capacity/accounts/virtual-functions.ts";
import type { WholeGpuAccount, WholeGpuHolder } from "../../capacity/accounts/whole-gpu.ts";
import type { FunctionAmounts } from "../../inventory/virtual-functions.ts";
import type { ModeAccounts } from "../../lifecycle/mode-accounts.ts";
import { toMib, toWireVfProfile } from "./vf-profile.ts";

const holders = {
  claim: pb.WholeGpuHolder.CLAIM,
  domain: pb.WholeGpuHolder.DOMAIN,
  driver: pb.WholeGpuHolder.DRIVER,
  boot: pb.WholeGpuHolder.BOOT,
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
  const { sriov, functions, used, free, unused, allocated } = account;
  return pb.VirtualFunctions.fromPartial({
    total: sriov.total,
    enabled: functions.length,
    autoprobe: sriov.autoprobe,
    usedOwn: used?.own,
    usedForeign: used?.foreign,
    ...{ free, unused },
    functions: functions.map(toWireFunction),
    allocated: toWireResources(allocated),
    available: toWireResources(sriov.available),
    largestQuota: toWireResources(sriov.largestQuota),
  });
}

function toWireFunction({ function: of, domain, domainName, free }: FunctionUse): pb.VirtualFunction {
  const { number, address, driver, quota } = of;
  const { execQuantum, preemptTimeout, schedPriority } = toWireVfProfile(of);
  return pb.VirtualFunction.fromPartial({
    number,
    pciAddress: address,
    driver: driver ?? "",
    free,
    domainUuid: domain ?? "",
    domainName: domainName ?? "",
    quota: toWireResources(quota),
    ...{ execQuantum, preemptTimeout, schedPriority },
  });
}

/** Undefined where nothing is told. */
function toWireResources(amounts: FunctionAmounts): pb.FunctionResources | undefined {
  const { vramBytes, ggttBytes, contexts, doorbells } = amounts;
  if (Object.values(amounts).every((amount) => amount === undefined)) return undefined;
  return pb.FunctionResources.fromPartial({
    vramMib: toMib(vramBytes),
    ggttMib: toMib(ggttBytes),
    contexts,
    doorbells,
  });
}

function toWireWhole({ used, free, heldBy, domain, domainName }: WholeGpuAccount): pb.WholeGpu {
  return pb.WholeGpu.fromPartial({
    usedOwn: used?.own,
    usedForeign: used?.foreign,
    free,
    heldBy: heldBy.map((holder) => holders[holder]),
    domainUuid: domain ?? "",
    domainName: domainName ?? "",
  });
}
