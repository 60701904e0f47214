// From a vGPU request as it came over the wire to a wish that can be placed.
import { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import * as pb from "../../../proto/gen/vgpud/v1/placement.ts";
import type { Policy, Wish } from "../../capacity/place.ts";
import { AgentError } from "../../core/errors.ts";
import { parsePciAddress, type PciAddress } from "../../core/ids.ts";
import { formed, inRange, invalid, join, notServed, printable, refuseUnserved, required } from "./fields.ts";

const TYPE = { pattern: /^[A-Za-z0-9._-]+$/, maxBytes: 64, described: "1 to 64 letters, digits and ._-" };
const GM_MIB = { min: 0, max: 4096 };
const FENCES = { min: 0, max: 32 };

const policies = {
  [pb.PlacementPolicy.UNSPECIFIED]: "pack",
  [pb.PlacementPolicy.PACK]: "pack",
  [pb.PlacementPolicy.SPREAD]: "spread",
  [pb.PlacementPolicy.NUMA]: "not-served",
  [pb.PlacementPolicy.UNRECOGNIZED]: undefined,
} as const satisfies Record<pb.PlacementPolicy, Policy | "not-served" | undefined>;

export function parseVgpuRequest(request: pb.VgpuRequest | undefined, path: string): Wish {
  if (!request) throw required(path);
  refuseUnserved(request, { unset: pb.VgpuRequest.create(), fields: ["want", "gpu", "policy"], path });
  const policy = policies[request.policy];
  if (policy === undefined)
    throw invalid(join(path, "policy"), "has a value that is not known to this release");
  if (policy === "not-served") throw notServed(join(path, "policy"));
  return { size: parseWant(request.want, path), gpu: parseGpu(request.gpu, join(path, "gpu")), policy };
}

function parseWant(want: pb.VgpuRequest["want"], path: string): Wish["size"] {
  switch (want?.$case) {
    case undefined:
      throw required(join(path, "want"));
    case "type":
      return { by: "type", type: formed(join(path, "type"), want.value, TYPE) };
    case "sizes":
      return parseSizes(want.value, join(path, "sizes"));
    case "mode":
      return parseMode(want.value, join(path, "mode"));
    case "needs":
      throw notServed(join(path, "needs"));
  }
}

function parseSizes(sizes: pb.VgtSizes, path: string): Wish["size"] {
  return {
    by: "sizes",
    sizes: {
      lowGmMib: inRange(join(path, "vgt_low_gm_sz"), sizes.vgtLowGmSz, { ...GM_MIB, min: 1 }),
      highGmMib: inRange(join(path, "vgt_high_gm_sz"), sizes.vgtHighGmSz, GM_MIB),
      fences: inRange(join(path, "vgt_fence_sz"), sizes.vgtFenceSz, FENCES),
    },
  };
}

function parseMode(mode: Mode, field: string): Wish["size"] {
  if (mode === Mode.GVT_G) return { by: "mode" };
  if (mode === Mode.UNSPECIFIED || mode === Mode.UNRECOGNIZED)
    throw invalid(field, "must be a mode that is known to this release");
  throw new AgentError(
    "MODE_UNSUPPORTED",
    "no GPU of this host is shared in that mode; this release makes gvt-g slices",
    {
      field,
      details: { mode },
    },
  );
}

function parseGpu(address: string, field: string): PciAddress | undefined {
  if (address === "") return undefined;
  const gpu = parsePciAddress(address);
  if (!gpu) throw invalid(field, `must be a PCI address as 0000:00:02.0, is ${printable(address)}`);
  return gpu;
}
