// The machine of a request, and how it is started up.
import * as pb from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import { plainHardware, type Firmware } from "../../lifecycle/domain-spec.ts";
import { formed, invalid, join, known, refuse } from "./fields.ts";
import { MACHINE } from "./forms.ts";

const types = {
  [pb.FirmwareType.UNSPECIFIED]: "bios",
  [pb.FirmwareType.BIOS]: "bios",
  [pb.FirmwareType.UEFI]: "uefi",
  [pb.FirmwareType.UNRECOGNIZED]: undefined,
} as const satisfies Record<pb.FirmwareType, Firmware["type"] | undefined>;

export function parseMachine(machine: pb.Machine | undefined, path: string): string {
  const type = machine?.type ?? "";
  return type === "" ? plainHardware.machine : formed(join(path, "type"), type, MACHINE);
}

export function parseFirmware({ firmware, machine, boot }: pb.DomainSpec, path: string): Firmware {
  if (!firmware) return plainHardware.firmware;
  const { secureBoot, tpm } = firmware;
  const type = known(types[firmware.type], join(path, "type"));
  const isI440fx = /^pc(-i440fx-.*)?$/.test(machine?.type ?? "");
  refuse([
    secureBoot && type !== "uefi" && invalid(join(path, "secure_boot"), "needs type UEFI"),
    // Only q35 has the system management mode that keeps the guest from writing the variables itself.
    secureBoot && isI440fx && invalid(join(path, "secure_boot"), "needs a machine of type q35"),
    type === "uefi" &&
      boot?.source?.$case === "kernel" &&
      secureBoot &&
      invalid(join(path, "secure_boot"), "does not go with a kernel that is loaded directly"),
  ]);
  return { type, secureBoot, tpm };
}
