// Slices of GVT-g under KVM: mediated devices of i915.
import { Backend, Mode } from "../../../../proto/gen/vgpud/v1/gpu.ts";
import { GPU, type } from "../../harness/requests.ts";
import { mdevsIn } from "../given-devices.ts";
import { setMode } from "../modes.ts";
import type { Subject } from "../subject.ts";
import { ofSlices } from "./slices.ts";

const TYPE = type(4);
const THEIR_SLICE = "6c9c1f1e-aaaa-4000-8000-000000000001";

export const kvmgt: Subject = {
  backend: "kvmgt",
  shown: { backend: Backend.KVMGT, mode: Mode.GVT_G },
  host: `gpus: [{ address: "${GPU}", aperture_mib: 512 }]`,
  gpu: GPU,
  type: TYPE,
  askedBy: "type",
  // Of 512 MiB of aperture the host keeps 128, and each takes 128.
  room: 3,
  exhausted: ["APERTURE_EXHAUSTED"],
  otherMode: Mode.GVT_S,
  bringIntoMode: (world) => setMode(world, GPU, Mode.GVT_G),
  made: ({ mdevs }) => mdevs.map(({ uuid }) => uuid),
  given: mdevsIn,
  ...ofSlices(GPU, TYPE),
  takeForOthers: async (world) => {
    await world.host.control({ command: "create-mdev", gpu: GPU, type: TYPE, uuid: THEIR_SLICE });
    return { mdev: THEIR_SLICE };
  },
  lacks: {},
};
