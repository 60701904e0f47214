// Hosts of Xen whose kernel has XenGT, simulated, and what is asked of them.
import { z } from "zod";
import { GpuServiceService as Gpus } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { bootsKernel } from "../conformance/subjects/on-xen.ts";
import { GPU, type Draft } from "./requests.ts";
import { until } from "./until.ts";
import { present, World } from "./world.ts";

/** QEMU with Intel's patches. */
export const DEVICE_MODEL = "/usr/lib/xengt/bin/qemu-system-i386";
export const BY_AGENT = "xengt: { instance_creator: agent }";
export const BY_MODEL = `xengt: { device_model: ${DEVICE_MODEL} }`;
export const THEIRS = "6c9c1f1e-bbbb-4000-8000-000000000001";
export const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };

/** Of the two times of its interface, each on a processor that its kernels are known for. */
export const SKYLAKE = hostWith('xengt: "2017"', "1912");
export const BROADWELL = hostWith('xengt: "2015"\nenable_gvt: absent', "1626");

function hostWith(kernel: string, device: string): string {
  return `
hypervisor: xen
${kernel}
kvmgt: false
vfio_pci: false
device_models: [${DEVICE_MODEL}]
gpus: [{ address: "${GPU}", device: "${device}", aperture_mib: 512 }]
`;
}

export function startXengt(
  host: string,
  settings: string,
  process: Parameters<typeof World.start>[1] = {},
): Promise<World> {
  return World.start(host, process, { libvirtUri: "xen:///system", settings });
}

export function createOnXen(
  on: World,
  name: string,
  more: (draft: Draft) => void = () => undefined,
): ReturnType<World["create"]> {
  return on.create(name, (draft) => {
    bootsKernel(draft, on.images);
    more(draft);
  });
}

const truthSchema = z.object({
  xengt: z.array(
    z.object({ domid: z.number(), lowMib: z.number(), highMib: z.number(), fences: z.number() }),
  ),
  domains: z.array(z.object({ name: z.string(), state: z.string() })),
});
export type XengtTruth = z.infer<typeof truthSchema>;

/** What the host has, whatever the agent has seen of it. */
export async function truthOf(on: World): Promise<XengtTruth> {
  return truthSchema.parse(await on.host.control({ command: "snapshot" }));
}

export async function sizesOn(on: World): Promise<readonly (readonly [number, number, number])[]> {
  return (await truthOf(on)).xengt.map(({ lowMib, highMib, fences }) => [lowMib, highMib, fences]);
}

/** How many of each type may be had. */
export async function typesOn(on: World): Promise<Readonly<Record<string, number>>> {
  const { gpu } = await on.rpc.call(Gpus.getGpu, { gpu: GPU });
  return Object.fromEntries((gpu?.types ?? []).map(({ name, allocatable }) => [name, allocatable]));
}

/** The number of a guest that somebody else runs. */
export async function theirDomid(on: World): Promise<number> {
  await on.defineForeign({ name: "theirs", uuid: THEIRS });
  await on.asSomebodyElse(async (libvirt) => {
    await libvirt.startDomain(present(await libvirt.lookupDomainByName("theirs")));
  });
  const domid = async (): Promise<number | undefined> =>
    (await on.domains()).find(({ name }) => name === "theirs")?.xenDomid;
  await until("it is seen", async () => (await domid()) !== undefined);
  return present(await domid());
}
