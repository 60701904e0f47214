// Where a physical function's virtual ones are, whether there are any or not: PCI Express base specification, SR-IOV, "First VF
// Offset" and "VF Stride" (kernel drivers/pci/iov.c, pci_iov_virtfn_bus and pci_iov_virtfn_devfn). No other device of the host can
// be there.
import { parsePciAddress, type PciAddress } from "../core/ids.ts";
import { fact, unsignedInt, type HostFiles } from "./host-files.ts";

/** Empty for a function without SR-IOV, and where the device does not say. */
export async function functionAddresses(files: HostFiles, address: PciAddress): Promise<PciAddress[]> {
  const dir = `sys/bus/pci/devices/${address}`;
  const [total = 0, offset, stride] = await Promise.all(
    ["sriov_totalvfs", "sriov_offset", "sriov_stride"].map((name) =>
      fact(files, `${dir}/${name}`, unsignedInt),
    ),
  );
  if (offset === undefined || stride === undefined) return [];
  const first = routingIdOf(address) + offset;
  return Array.from({ length: total }, (_, index) => addressAt(address, first + index * stride)).filter(
    (each) => each !== undefined,
  );
}

/** Bus, device and function as the 16 bits that packets are routed by. */
function routingIdOf(address: PciAddress): number {
  const [, bus = "", device = "", part = ""] = address.split(/[:.]/);
  return (parseInt(bus, 16) << 8) | (parseInt(device, 16) << 3) | Number(part);
}

function addressAt(physical: PciAddress, routingId: number): PciAddress | undefined {
  const hex = (value: number): string => value.toString(16).padStart(2, "0");
  const [bus, device, part] = [routingId >> 8, (routingId >> 3) & 0x1f, routingId & 0x7];
  return parsePciAddress(`${physical.slice(0, 4)}:${hex(bus)}:${hex(device)}.${part}`);
}
