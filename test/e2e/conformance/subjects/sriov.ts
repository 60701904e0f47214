// Virtual functions under KVM: bound to vfio-pci.
import { Backend, Mode } from "../../../../proto/gen/vgpud/v1/gpu.ts";
import { SECOND_GPU } from "../../harness/requests.ts";
import { functionsIn } from "../given-devices.ts";
import { cut, setMode } from "../modes.ts";
import type { Subject } from "../subject.ts";

const ROOM = 3;
const AT_MOST = 7;

export const sriov: Subject = {
  backend: "sriov",
  shown: { backend: Backend.SRIOV, mode: Mode.SRIOV },
  host: `
kernel: 7.1.4
enable_gvt: absent
kvmgt: false
gpus:
  - { address: "${SECOND_GPU}", device: "56c0", aperture_mib: 4096, driver: xe, boot_vga: false, total_vfs: ${AT_MOST} }
`,
  gpu: SECOND_GPU,
  type: "vf",
  askedBy: "mode",
  room: ROOM,
  exhausted: ["FUNCTIONS_EXHAUSTED"],
  otherMode: Mode.GVT_S,
  makeWhole: (world) => cut(world, SECOND_GPU, 0),
  bringIntoMode: async (world) => {
    await setMode(world, SECOND_GPU, Mode.SRIOV);
    await cut(world, SECOND_GPU, ROOM);
  },
  made: ({ functions }) =>
    functions.filter(({ of, driver }) => of !== null && driver === "vfio-pci").map(({ address }) => address),
  given: functionsIn,
  account: ({ virtualFunctions, types }) => ({
    own: virtualFunctions?.usedOwn ?? NaN,
    foreign: virtualFunctions?.usedForeign ?? NaN,
    free: types[0]?.allocatable ?? NaN,
  }),
  series: ({ own, foreign }) => [
    `vgpud_gpu_virtual_functions{pci_address="${SECOND_GPU}",state="own"} ${own}`,
    `vgpud_gpu_virtual_functions{pci_address="${SECOND_GPU}",state="foreign"} ${foreign}`,
    `vgpud_gpu_virtual_functions{pci_address="${SECOND_GPU}",state="idle"} ${ROOM - own - foreign}`,
    `vgpud_gpu_virtual_functions{pci_address="${SECOND_GPU}",state="off"} ${AT_MOST - ROOM}`,
  ],
  takeForOthers: () => Promise.resolve({ pciFunction: 1 }),
  lacks: {},
};
