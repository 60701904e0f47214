// Slices of XenGT under Xen: made for the number of a domain, by its device model or by vgpud itself, with kernels of both times.
import { Backend, Mode } from "../../../../proto/gen/vgpud/v1/gpu.ts";
import { GpuServiceService as Gpus } from "../../../../proto/gen/vgpud/v1/gpu_service.ts";
import { GPU, type } from "../../harness/requests.ts";
import { BROADWELL, BY_AGENT, BY_MODEL, DEVICE_MODEL, SKYLAKE } from "../../harness/xengt-host.ts";
import { numbersIn } from "../given-devices.ts";
import { setMode } from "../modes.ts";
import { bootsKernel } from "./on-xen.ts";
import type { Subject } from "../subject.ts";
import { ofSlices } from "./slices.ts";

const WITH_A_DOMAIN =
  "the case names no domain, and XenGT makes slices for domains that are there alone (`create-vgpu --domain-uuid`)";

/** Of the two times of XenGT's interface. */
const kernels = {
  "2017": { host: SKYLAKE, type: type(4) },
  "2015": { host: BROADWELL, type: "i915-GVTg_V4_4" },
} as const;

interface Variant {
  readonly backend: Subject["backend"];
  readonly kernel: keyof typeof kernels;
  /** Who writes the line that makes a slice. */
  readonly by: "device model" | "agent";
}

function subjectOf({ backend, kernel, by }: Variant): Subject {
  const { host, type: counted } = kernels[kernel];
  return {
    backend,
    shown: { backend: Backend.XENGT, mode: Mode.GVT_G },
    host,
    libvirtUri: "xen:///system",
    settings: by === "agent" ? BY_AGENT : BY_MODEL,
    adapt: bootsKernel,
    gpu: GPU,
    type: counted,
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
    ...ofSlices(GPU, counted),
    takeForOthers: () => Promise.resolve({ xengt: { deviceModel: DEVICE_MODEL, lowGmMib: 128 } }),
    lacks: {
      "stands without a domain": WITH_A_DOMAIN,
      "is there while its domain is off": WITH_A_DOMAIN,
    },
  };
}

export const xengt = subjectOf({ backend: "xengt", kernel: "2017", by: "device model" });
export const xengtByAgent = subjectOf({ backend: "xengt by agent", kernel: "2017", by: "agent" });
export const xengt2015ByAgent = subjectOf({ backend: "xengt 2015 by agent", kernel: "2015", by: "agent" });
