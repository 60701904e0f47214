// A host as schedulers are told of it, and what a job has that asks for the smallest vGPU.
import type { Quantities } from "../../../../agent/capacity/quantities.ts";
import type { GpuSupply, HostSupply } from "../../../../agent/schedulers/supply.ts";
import { pciAddress } from "../../../fakes/ids.ts";

export const SMALL: Quantities = { slices: 1, lowGmMib: 64, highGmMib: 384, fences: 4 };
export const SMALL_GRES = "vgpu(CNT:1),vgt_low_gm_mb(CNT:64),vgt_high_gm_mb(CNT:384),vgt_fence(CNT:4)";
/** What others took, or made without a scheduler. */
export const FOREIGN: GpuSupply["held"][number] = { claimId: undefined, takes: SMALL };

const offer = (least: number, total: number, kept = 0) => ({ total, kept, least, most: total });
/** Seven slices, and 384 MiB of low GM for them. */
export const gpu = (given: Partial<GpuSupply> = {}): GpuSupply => ({
  gpu: pciAddress(),
  ...{
    mode: "gvt-g",
    platform: "Broadwell",
    types: [],
    drained: false,
    closed: false,
    closedBy: [],
    held: [],
  },
  offers: new Map([
    ["slices", offer(1, 7)],
    ["lowGmMib", offer(64, 512, 128)],
    ["highGmMib", offer(384, 3584, 384)],
    ["fences", offer(4, 32, 4)],
  ]),
  ...given,
});
/** What Slurm is to count of a host with such a GPU of which nothing is taken. */
export const ALL = "vgpu:7,vgt_low_gm_mb:384,vgt_high_gm_mb:3200,vgt_fence:28";

/** `living`: names of claims. */
export const host = (gpus: readonly GpuSupply[] = [gpu()], living: readonly string[] = []): HostSupply => ({
  hypervisor: "kvm",
  gpus,
  living: new Set(living),
  domainsKnown: true,
});
