// Slices of XenGT under Xen: made for the number of a domain by its device model.
import { Backend, Mode } from "../../../../proto/gen/vgpud/v1/gpu.ts";
import { GpuServiceService as Gpus } from "../../../../proto/gen/vgpud/v1/gpu_service.ts";
import { GPU, type } from "../../harness/requests.ts";
import { numbersIn } from "../given-devices.ts";
import { setMode } from "../modes.ts";
import { bootsKernel } from "./on-xen.ts";
import type { Subject } from "../subject.ts";
import { ofSlices } from "./slices.ts";

const TYPE = type(4);
const DEVICE_MODEL = "/usr/lib/xengt/bin/qemu-system-i386";
const WITH_A_DOMAIN = "the case names no domain, and XenGT makes slices for domains that are there alone (`create-vgpu --domain-uuid`)";

export const xengt: Subject = {
  backend: "xengt",
  shown: { backend: Backend.XENGT, mode: Mode.GVT_G },
  host: `
hypervisor: xen
xengt: "2017"
kvmgt: false
vfio_pci: false
device_models: [${DEVICE_MODEL}]
gpus: [{ address: "${GPU}", device: "1912", aperture_mib: 512 }]
`,
  libvirtUri: "xen:///system",
  settings: `xengt: { device_model: ${DEVICE_MODEL} }`,
  adapt: bootsKernel,
  gpu: GPU,
  type: TYPE,
  askedBy: "type",
  // Of 512 MiB of aperture the host keeps 128, and each takes 128.
  room: 3,
  exhausted: ["APERTURE_EXHAUSTED"],
  otherMode: Mode.GVT_D,
  bringIntoMode: async (world) => {
    // A processor's GPU that was given away goes back to its driver with the next boot alone.
    const { gpu } = await world.rpc.call(Gpus.getGpu, { gpu: GPU });
    if (gpu?.driver !== "i915") {
      await setMode(world, GPU, Mode.UNSPECIFIED);
      await world.kill();
      await world.boot();
      await world.startAgain();
    }
    await setMode(world, GPU, Mode.GVT_G);
  },
  made: ({ xengt: slices }) => slices.map(({ domid }) => String(domid)),
  given: numbersIn,
  ...ofSlices(GPU, TYPE),
  takeForOthers: () => Promise.resolve({ xengt: { deviceModel: DEVICE_MODEL, lowGmMib: 128 } }),
  lacks: {
    "stands without a domain": WITH_A_DOMAIN,
    "is there while its domain is off": WITH_A_DOMAIN,
  },
};
