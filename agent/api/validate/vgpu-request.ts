// From a vGPU request as it came over the wire to a wish that can be placed.
import * as pb from "../../../proto/gen/vgpud/v1/placement.ts";
import type { Policy } from "../../capacity/policies.ts";
import type { Wish } from "../../capacity/wish.ts";
import { parsePciAddress, type PciAddress } from "../../core/ids.ts";
import { formed, inRange, invalid, join, printable, refuseUnserved, required } from "./fields.ts";
import { sizesOfFlavor } from "./flavor-metadata.ts";
import { NODE } from "./forms.ts";
import { parseKnownMode } from "./modes.ts";
import { parseNeeds } from "./vgpu-needs.ts";
import { GM_MIB, LOW_GM_MIB, FENCES } from "./vgt-sizes.ts";

const TYPE = { pattern: /^[A-Za-z0-9._-]+$/, maxBytes: 64, described: "1 to 64 letters, digits and ._-" };

const policies = {
  [pb.PlacementPolicy.UNSPECIFIED]: "pack",
  [pb.PlacementPolicy.PACK]: "pack",
  [pb.PlacementPolicy.SPREAD]: "spread",
  [pb.PlacementPolicy.NUMA]: "numa",
  [pb.PlacementPolicy.UNRECOGNIZED]: undefined,
} as const satisfies Record<pb.PlacementPolicy, Policy | undefined>;

/** @throws AgentError `invalid-argument` with the field, `path` before it */
export function parseVgpuRequest(request: pb.VgpuRequest | undefined, path: string): Wish {
  if (!request) throw required(path);
  refuseUnserved(request, {
    unset: pb.VgpuRequest.create(),
    fields: ["want", "gpu", "policy", "numa"],
    path,
  });
  const policy = policies[request.policy];
  if (policy === undefined)
    throw invalid(join(path, "policy"), "has a value that is not known to this release");
  const near = parseNuma(request.numa, policy, join(path, "numa"));
  const wish = { size: parseWant(request.want, path), gpu: parseGpu(request.gpu, join(path, "gpu")), policy };
  return near ? { ...wish, near } : wish;
}

/** A preference that the policy does not look at would be ignored. */
function parseNuma(
  numa: pb.NumaPreference | undefined,
  policy: Policy,
  path: string,
): readonly number[] | undefined {
  if (!numa) return undefined;
  if (policy !== "numa") throw invalid(path, "counts only with policy NUMA");
  return [inRange(join(path, "node"), numa.node, NODE)];
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
      return { by: "mode", mode: parseKnownMode(want.value, join(path, "mode")) };
    case "needs":
      return { by: "needs", anyOf: parseNeeds(want.value, join(path, "needs")) };
    case "flavor":
      return { by: "sizes", sizes: sizesOfFlavor(want.value.metadata, join(path, "flavor.metadata")) };
  }
}

function parseSizes(sizes: pb.VgtSizes, path: string): Wish["size"] {
  return {
    by: "sizes",
    sizes: {
      lowGmMib: inRange(join(path, "vgt_low_gm_sz"), sizes.vgtLowGmSz, LOW_GM_MIB),
      highGmMib: inRange(join(path, "vgt_high_gm_sz"), sizes.vgtHighGmSz, GM_MIB),
      fences: inRange(join(path, "vgt_fence_sz"), sizes.vgtFenceSz, FENCES),
    },
  };
}

function parseGpu(address: string, field: string): PciAddress | undefined {
  return address === "" ? undefined : parseGpuAddress(address, field);
}

/** @throws AgentError `invalid-argument` for what is empty or no PCI address. */
export function parseGpuAddress(address: string, field: string): PciAddress {
  if (address === "") throw required(field);
  const gpu = parsePciAddress(address);
  if (!gpu) throw invalid(field, `must be a PCI address as 0000:00:02.0, is ${printable(address)}`);
  return gpu;
}
