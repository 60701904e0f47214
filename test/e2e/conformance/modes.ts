// How subjects bring a GPU into a mode.
import {
  GpuServiceService as Gpus,
  SetGpuModeRequest,
  SetVirtualFunctionsRequest,
} from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import type { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { World } from "../harness/world.ts";

export async function setMode(world: World, gpu: string, mode: Mode): Promise<void> {
  await world.rpc.call(Gpus.setGpuMode, SetGpuModeRequest.fromPartial({ gpu, mode }));
}

export async function cut(world: World, gpu: string, count: number): Promise<void> {
  await world.rpc.call(Gpus.setVirtualFunctions, SetVirtualFunctionsRequest.fromPartial({ gpu, count }));
}
