// The whole GPU for one guest under KVM: bound to vfio-pci.
import { Backend, Mode } from "../../../../proto/gen/vgpud/v1/gpu.ts";
import { SECOND_GPU } from "../../harness/requests.ts";
import { functionsIn } from "../given-devices.ts";
import { setMode } from "../modes.ts";
import type { Subject } from "../subject.ts";

export const passthrough: Subject = {
  backend: "passthrough",
  shown: { backend: Backend.PASSTHROUGH, mode: Mode.GVT_D },
  host: `
kernel: 7.1.4
gpus: [{ address: "${SECOND_GPU}", device: "56c0", aperture_mib: 4096, driver: xe, boot_vga: false }]
`,
  gpu: SECOND_GPU,
  type: "gpu",
  askedBy: "mode",
  room: 1,
  exhausted: ["GPU_EXHAUSTED"],
  otherMode: Mode.UNSPECIFIED,
  bringIntoMode: (world) => setMode(world, SECOND_GPU, Mode.GVT_D),
  // The driver that it has is the mode's, not the guest's.
  made: () => [],
  given: functionsIn,
  account: ({ whole }) => ({
    own: whole?.usedOwn ?? NaN,
    foreign: whole?.usedForeign ?? NaN,
    free: whole?.free ?? NaN,
  }),
  series: ({ own, foreign }) => [`vgpud_gpu_whole_free{pci_address="${SECOND_GPU}"} ${1 - own - foreign}`],
  takeForOthers: () => Promise.resolve({ pciFunction: 0 }),
  lacks: {
    "makes something in the kernel":
      "the GPU is taken from the host with the change of its mode, not by a create",
    "is there while its domain is off":
      "the GPU is taken from the host with the change of its mode, not by a create",
    "is shared": "there is one to be had",
  },
};
