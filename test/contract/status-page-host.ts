// The host that the status page is looked at on: two GPUs, slices of several owners, domains with and without a slice.
import { movableClock } from "../../scripts/screenshots/host-time.ts";
import { asSomebodyElse, foreignXml, type ForeignDomain } from "../e2e/harness/somebody-else.ts";
import { GPU, SECOND_GPU, type } from "../e2e/harness/requests.ts";
import { World } from "../e2e/harness/world.ts";

const FOREIGN = "f0e1d2c3-0000-4000-8000-000000000001";
const UNUSED = "f0e1d2c3-0000-4000-8000-000000000002";

const HOST = `
hostname: gvt-7
gpus:
  - { address: "${GPU}", aperture_mib: 1024, numa_node: 0 }
  - { address: "${SECOND_GPU}", aperture_mib: 512, numa_node: 1, boot_vga: false }
mdevs:
  - { gpu: "${GPU}", type: ${type(4)}, uuid: ${FOREIGN} }
  - { gpu: "${SECOND_GPU}", type: ${type(8)}, uuid: ${UNUSED} }
`;

/** Names that would be markup, that read from right to left, and that fit nowhere. */
export const ODD_NAMES = [
  `<script>document.title="taken"<script>`,
  `"><img src=x onerror=alert(1)>`,
  "\u202eשלום-desk",
  "long-".repeat(40),
] as const;

export async function statusPageHost(): Promise<World> {
  const world = await World.start(HOST, { env: movableClock });
  await startForeign(world, [
    { name: "nova-1", uuid: uuid(1), mdev: FOREIGN },
    ...ODD_NAMES.map((name, index) => ({ name: escaped(name), uuid: uuid(10 + index) })),
  ]);
  await world.create("cad-1", ({ vgpu }) => {
    vgpu.want = { $case: "type", value: type(2) };
    vgpu.gpu = GPU;
  });
  await world.create("desk-1", ({ vgpu }) => {
    vgpu.want = { $case: "type", value: type(8) };
    vgpu.gpu = SECOND_GPU;
  });
  return world;
}

/** Domains that run and that vgpud did not make. */
export async function startForeign(world: World, domains: readonly ForeignDomain[]): Promise<void> {
  await asSomebodyElse(world.host.libvirtSocket, async (libvirt) => {
    for (const domain of domains) await libvirt.startDomain(await libvirt.defineDomain(foreignXml(domain)));
  });
}

function uuid(n: number): string {
  return `d0000000-0000-4000-8000-${n.toString().padStart(12, "0")}`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
