// What happens on the host of the screenshots: an office day on two GPUs, with guests of several owners.
import { open } from "node:fs/promises";
import path from "node:path";
import { Connection } from "../../agent/node-libvirt/connection.ts";
import { Libvirt } from "../../agent/node-libvirt/libvirt.ts";
import {
  CreateDomainRequest,
  DestroyDomainRequest,
  StopDomainRequest,
} from "../../proto/gen/vgpud/v1/domain_service.ts";
import { DiskFormat } from "../../proto/gen/vgpud/v1/domain_spec.ts";
import type { SimulatedVgpud } from "./simulated-vgpud.ts";

const FIRST = "0000:00:02.0";
const SECOND = "0000:03:00.0";
const type = (size: 1 | 2 | 4 | 8): string => `i915-GVTg_V5_${size}`;
const NOVA = "f0e1d2c3-5b4a-4978-8695-a4b3c2d1e0f1";
const SPARE = "f0e1d2c3-5b4a-4978-8695-a4b3c2d1e0f2";

export const HOST = `
hostname: gvt-7
cpus: 16
memory_mib: 65536
gpus:
  - { address: "${FIRST}", aperture_mib: 1024, numa_node: 0 }
  - { address: "${SECOND}", aperture_mib: 512, numa_node: 1, boot_vga: false }
mdevs:
  - { gpu: "${FIRST}", type: ${type(4)}, uuid: ${NOVA} }
  - { gpu: "${SECOND}", type: ${type(8)}, uuid: ${SPARE} }
`;
export const SETTINGS = "networks: [default]\n";

interface Own {
  readonly gpu: string;
  readonly size: 1 | 2 | 4 | 8;
  readonly vcpus: number;
  readonly memoryMib: number;
}

interface Foreign {
  readonly vcpus: number;
  readonly memoryMib: number;
  readonly mdev?: string;
}

const own: Readonly<Record<string, Own>> = {
  "cad-1": { gpu: FIRST, size: 2, vcpus: 4, memoryMib: 8192 },
  "render-1": { gpu: FIRST, size: 4, vcpus: 4, memoryMib: 4096 },
  "desk-1": { gpu: SECOND, size: 8, vcpus: 2, memoryMib: 2048 },
  "desk-2": { gpu: SECOND, size: 8, vcpus: 2, memoryMib: 2048 },
};
const foreign: Readonly<Record<string, Foreign>> = {
  "nova-000001f4": { vcpus: 2, memoryMib: 4096, mdev: NOVA },
  "build-1": { vcpus: 8, memoryMib: 8192 },
  "build-2": { vcpus: 8, memoryMib: 8192 },
  "db-1": { vcpus: 4, memoryMib: 8192 },
  mail: { vcpus: 2, memoryMib: 2048 },
  "web-1": { vcpus: 2, memoryMib: 2048 },
};
const NONE = { seconds: 0n, nanos: 0 };
const LATE = { name: "web-2", vcpus: 2, memoryMib: 2048 };

/** Ten minutes in which one domain is started late and one is shut down. */
export async function tenMinutes(vgpud: SimulatedVgpud): Promise<void> {
  for (const [name, what] of Object.entries(own)) await createOwn(vgpud, name, what);
  for (const [name, what] of Object.entries(foreign)) await startForeign(vgpud, { name, ...what });
  await vgpud.passTime(24);
  await startForeign(vgpud, LATE);
  await vgpud.passTime(14);
  // The last change makes vgpud look at the host again: what it shows is then as new as its clock.
  await vgpud.rpc.stopDomain(StopDomainRequest.fromPartial({ ...named("desk-1"), gracePeriod: NONE }));
  await vgpud.passTime(3);
}

/** A slice that is to go while the kernel keeps it. */
export async function stuckSlice(vgpud: SimulatedVgpud): Promise<void> {
  await vgpud.control({ command: "set-faults", faults: [{ kind: "REMOVE_BLOCKS" }] });
  // It is answered when the page has long been seen.
  void vgpud.rpc
    .destroyDomain(DestroyDomainRequest.fromPartial({ ...named("render-1"), gracePeriod: NONE }))
    .catch(() => undefined);
  await vgpud.shows("VGPU_REMOVE_BLOCKED");
}

async function createOwn(
  { rpc, images }: SimulatedVgpud,
  name: string,
  { gpu, size, vcpus, memoryMib }: Own,
): Promise<void> {
  const disk = path.join(images, `${name}.img`);
  await using file = await open(disk, "w");
  await file.truncate(16 * 1024 * 1024);
  await rpc.createDomain(
    CreateDomainRequest.fromPartial({
      claimId: `office:${name}`,
      domain: {
        ...{ name, vcpus, memoryMib },
        disks: [{ path: disk, format: DiskFormat.RAW }],
        nics: [{ attachment: { $case: "network", value: "default" } }],
      },
      vgpu: { gpu, want: { $case: "type", value: type(size) } },
    }),
  );
}

async function startForeign(
  { libvirtSocket }: SimulatedVgpud,
  { name, vcpus, memoryMib, mdev }: Foreign & { readonly name: string },
): Promise<void> {
  const slice =
    mdev === undefined
      ? ""
      : `<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='${mdev}'/></source></hostdev>`;
  const xml = `<domain type='kvm'><name>${name}</name><memory unit='MiB'>${memoryMib}</memory><vcpu>${vcpus}</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type></os><devices>
    <disk type='file'><source file='/srv/vm/${name}.img'/><target dev='vda'/></disk>
    <interface type='bridge'><source bridge='br0'/></interface>${slice}</devices></domain>`;
  const connection = await Connection.open({ socket: libvirtSocket, uri: "qemu:///system" });
  try {
    const libvirt = new Libvirt(connection);
    await libvirt.startDomain(await libvirt.defineDomain(xml));
  } finally {
    await connection.close();
  }
}

function named(name: string) {
  return { domain: { ref: { $case: "name", value: name } } } as const;
}
