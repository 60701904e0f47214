// What a specification leaves to the place it gets: known once a GPU and a type are chosen. Pure.
import { AgentError } from "../core/errors.ts";
import type { Placed } from "../capacity/place.ts";
import type { Inventory } from "../inventory/model.ts";
import { typeOf } from "../inventory/share.ts";
import type { DomainSpec } from "./domain-spec.ts";

/** @throws AgentError FIELD_INVALID when the screen is larger than the type's */
export function onGpu(
  spec: DomainSpec,
  { gpu: address, share }: Pick<Placed, "gpu" | "share">,
  { gpus }: Inventory,
): DomainSpec {
  const gpu = gpus.get(address);
  const type = typeOf(share);
  const resolution = gpu?.types.find(({ name }) => name === type)?.resolution;
  refuseLargerScreen(spec, { type, resolution });
  const { numa } = spec;
  if (numa?.nodes.length !== 0) return spec;
  // A host of one node names none, and all its memory is on it.
  return { ...spec, numa: { ...numa, nodes: gpu?.numaNode === undefined ? [] : [gpu.numaNode] } };
}

function refuseLargerScreen(
  { display }: DomainSpec,
  { type, resolution }: { readonly type: string; readonly resolution: string | undefined },
): void {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(resolution ?? "") ?? [];
  const size = display?.size;
  if (!size || width === undefined || height === undefined) return;
  const field = size.width > Number(width) ? "width" : size.height > Number(height) ? "height" : undefined;
  if (field === undefined) return;
  const message = `domain.vgpu_display.${field} is ${size[field]}; a vGPU of type ${type} shows at most ${width}x${height}`;
  throw new AgentError("FIELD_INVALID", message, {
    field: `domain.vgpu_display.${field}`,
    details: { type, resolution: `${width}x${height}` },
  });
}
