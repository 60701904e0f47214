// Seats of GVT-s: domains whose virtio-gpu renders on the GPU's own node.
import { Backend, Mode } from "../../../../proto/gen/vgpud/v1/gpu.ts";
import { GPU } from "../../harness/requests.ts";
import { renderNodesIn } from "../given-devices.ts";
import { setMode } from "../modes.ts";
import type { Subject } from "../subject.ts";

const ROOM = 3;
/** In definitions by the GPU's address, which stays; in the contract as it is called since the last boot. */
const NODE = `/dev/dri/by-path/pci-${GPU}-render`;
const NODE_NOW = "/dev/dri/renderD128";

export const virgl: Subject = {
  backend: "virgl",
  shown: { backend: Backend.VIRGL, mode: Mode.GVT_S },
  host: `gpus: [{ address: "${GPU}", aperture_mib: 1024 }]`,
  gpu: GPU,
  limits: { render_seats: ROOM },
  type: "seat",
  askedBy: "mode",
  room: ROOM,
  exhausted: ["SEATS_EXHAUSTED"],
  otherMode: Mode.GVT_G,
  bringIntoMode: (world) => setMode(world, GPU, Mode.GVT_S),
  made: () => [],
  given: (definition) => renderNodesIn(definition).map((node) => (node === NODE ? NODE_NOW : node)),
  account: ({ seats }) => {
    const { usedOwn = NaN, usedForeign = NaN, total = NaN } = seats ?? {};
    return { own: usedOwn, foreign: usedForeign, free: total - usedOwn - usedForeign };
  },
  series: ({ own, foreign }) => [
    `vgpud_gpu_seats{pci_address="${GPU}",holder="own"} ${own}`,
    `vgpud_gpu_seats{pci_address="${GPU}",holder="foreign"} ${foreign}`,
    `vgpud_gpu_seats_max{pci_address="${GPU}"} ${ROOM}`,
  ],
  takeForOthers: () => Promise.resolve({ renderNode: NODE }),
  lacks: {
    "makes something in the kernel": "nothing is made in the kernel for a seat",
    "is there while its domain is off": "nothing is made in the kernel for a seat",
    "stands without a domain": "there is no seat without its domain",
    "needs hostd": "the kernel is asked for nothing for a seat",
  },
};
