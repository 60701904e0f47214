// What a vGPU is to whoever gives it to a domain of his own, by what the contract says of it.
import { Mode, type Gpu } from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import { parsePciAddress, parseVgpuId, type PciAddress, type VgpuId } from "../../core/ids.ts";
import { CliError } from "../errors/cli-error.ts";

export type Device =
  /** A mediated device, with the GPU that it is on. */
  | { readonly kind: "slice"; readonly uuid: VgpuId; readonly gpu: PciAddress }
  | PciFunction
  /** A virtio-gpu that renders on the GPU's node. */
  | { readonly kind: "seat"; readonly gpu: PciAddress };

/** A virtual function, or a whole GPU. */
export interface PciFunction {
  readonly kind: "function";
  readonly address: PciAddress;
  /** The vGPU that it is. */
  readonly vgpuId: string;
  /** What keeps it for guests; empty while no driver is bound. */
  readonly driver: string;
}

/** @throws CliError for one that does not exist now, or that nobody can be given */
export function deviceOf({ vgpuId, gpu, backendRef, driver }: Vgpu): Device {
  const ref = backendRef?.ref;
  const functionAt = (address: string): Device => ({
    kind: "function",
    address: understood(parsePciAddress(address), address),
    vgpuId,
    driver,
  });
  switch (ref?.$case) {
    case "mdevUuid":
      return { kind: "slice", uuid: understood(parseVgpuId(ref.value), ref.value), gpu: gpuAt(gpu) };
    case "virtualFunction":
      return functionAt(ref.value.pciAddress);
    case "pciAddress":
      return functionAt(ref.value);
    case "renderNode":
      return { kind: "seat", gpu: gpuAt(gpu) };
    case "xenDomid":
      throw new CliError(
        "unsupported",
        `vGPU ${vgpuId} is made for Xen's domain ${ref.value}, which has it by its number, and is of use to no other`,
        { hints: ["for another domain that is there: vgpuctl create-vgpu --type TYPE --domain-uuid UUID"] },
      );
    case undefined:
      throw new CliError(
        "conflict",
        `vGPU ${vgpuId} does not exist now: there is nothing to give to a domain`,
        {
          look: ["vgpus", vgpuId],
        },
      );
  }
}

/** Nothing is made for one beforehand: the GPU is all that it needs. @throws CliError where it is in another mode */
export function seatOn({ pciAddress, mode }: Gpu): Device {
  if (mode === Mode.GVT_S) return { kind: "seat", gpu: gpuAt(pciAddress) };
  const message = `GPU ${pciAddress} is not in mode gvt-s: in any other a vGPU is made first, and named by its id`;
  throw new CliError("conflict", message, { look: ["vgpus"] });
}

function gpuAt(address: string): PciAddress {
  return understood(parsePciAddress(address), address);
}

function understood<T>(value: T | undefined, said: string): T {
  if (value !== undefined) return value;
  throw new CliError(
    "failure",
    `vgpud names a device ${JSON.stringify(said)}, which this vgpuctl does not understand`,
  );
}
