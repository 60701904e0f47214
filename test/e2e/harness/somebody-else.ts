// Another user of the same libvirt, who knows nothing of vgpud.
import { Connection } from "../../../agent/node-libvirt/connection.ts";
import { subscribe } from "../../../agent/node-libvirt/events.ts";
import { Libvirt } from "../../../agent/node-libvirt/libvirt.ts";

/** Which of its drivers libvirt is asked by. */
export type LibvirtUri = "qemu:///system" | "xen:///system";

/** Does something with libvirt by a connection of one's own. */
export async function asSomebodyElse<T>(
  socket: string,
  act: (libvirt: Libvirt) => Promise<T>,
  uri: LibvirtUri = "qemu:///system",
): Promise<T> {
  const connection = await Connection.open({ socket, uri });
  try {
    return await act(new Libvirt(connection));
  } finally {
    await connection.close();
  }
}

/** As `asSomebodyElse`, with the changes of domains that libvirt tells; those of a call are there when it has answered. */
export async function asListener<T>(
  socket: string,
  act: (libvirt: Libvirt, heard: readonly string[]) => Promise<T>,
): Promise<T> {
  const connection = await Connection.open({ socket, uri: "qemu:///system" });
  const heard: string[] = [];
  try {
    await subscribe(connection, ["domain-lifecycle"], (event) => {
      if (event.kind === "domain-lifecycle") heard.push(`${event.domain.name} ${event.change}`);
    });
    return await act(new Libvirt(connection), heard);
  } finally {
    await connection.close();
  }
}

export interface ForeignDomain {
  readonly name: string;
  readonly uuid: string;
  /** The vGPU it names. */
  readonly mdev?: string;
  /** The PCI function it names: its function number on bus 3. */
  readonly pciFunction?: number;
  /** The node it renders on. */
  readonly renderNode?: string;
  /** A guest of Xen's: what its device model, by its path, is to have XenGT make. */
  readonly xengt?: { readonly deviceModel: string; readonly lowGmMib: number };
}

/** A definition without vgpud's mark, for libvirt's driver of that URI. */
export function foreignXml(
  { name, uuid, xengt, ...given }: ForeignDomain,
  uri: LibvirtUri = "qemu:///system",
): string {
  const isXen = uri === "xen:///system";
  const os = `<os><type arch='x86_64' machine='${isXen ? "xenfv" : "q35"}'>hvm</type></os>`;
  const model = xengt ? `<emulator>${xengt.deviceModel}</emulator>` : "";
  const devices = `<devices>${model}${devicesXml(given)}</devices>${xengt ? argumentsXml(xengt) : ""}`;
  const rest = `<memory unit='MiB'>64</memory><vcpu>1</vcpu>${os}${devices}`;
  return `<domain type='${isXen ? "xen" : "kvm"}'><name>${name}</name><uuid>${uuid}</uuid>${rest}</domain>`;
}

function argumentsXml({ lowGmMib }: NonNullable<ForeignDomain["xengt"]>): string {
  const words = ["-vga", "xengt", "-vgt_low_gm_sz", lowGmMib, "-vgt_high_gm_sz", 384, "-vgt_fence_sz", 4];
  const line = words.map((word) => `<xen:arg value='${word}'/>`).join("");
  return `<xen:commandline xmlns:xen='http://libvirt.org/schemas/domain/xen/1.0'>${line}</xen:commandline>`;
}

function devicesXml({
  mdev,
  pciFunction,
  renderNode,
}: Omit<ForeignDomain, "name" | "uuid" | "xengt">): string {
  const function_ = `<address domain='0x0000' bus='0x03' slot='0x00' function='0x${pciFunction ?? 0}'/>`;
  return [
    mdev !== undefined &&
      `<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='${mdev}'/></source></hostdev>`,
    pciFunction !== undefined &&
      `<hostdev mode='subsystem' type='pci' managed='yes'><source>${function_}</source></hostdev>`,
    renderNode !== undefined && `<graphics type='egl-headless'><gl rendernode='${renderNode}'/></graphics>`,
  ]
    .filter((device) => device !== false)
    .join("");
}
