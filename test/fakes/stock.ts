// What GPUs are given out by on a host where nothing was set, made or promised.
import { gvtgCapacity } from "../../agent/backends/kvmgt/capacity-rule.ts";
import { functionsAccount } from "../../agent/capacity/accounts/virtual-functions.ts";
import { wholeGpuAccount } from "../../agent/capacity/accounts/whole-gpu.ts";
import type { Stock } from "../../agent/capacity/stock.ts";
import { nothingDrained } from "../../agent/lifecycle/drains.ts";
import { modeOf } from "../../agent/lifecycle/gpu-modes.ts";
import type { Terms } from "../../agent/lifecycle/views.ts";

export const inService = (): undefined => undefined;

export const untouched = {
  xengt: false,
  rule: gvtgCapacity,
  holdings: [],
  made: new Set<never>(),
  closed: inService,
  doubt: () => undefined,
  modeOf: (gpu) => modeOf(gpu, { record: new Map(), claimed: undefined }),
  seats: () => ({ total: 8, own: 0, foreign: 0 }),
  whole: (gpu) =>
    wholeGpuAccount(gpu, { isClaimed: false, isToGiveAway: false, isParked: false, vgpus: 0, seats: 0 }, []),
  functions: ({ sriov }) => sriov && functionsAccount(sriov, new Set(), []),
} as const satisfies Omit<Stock, "gpus">;

export const plainTerms: Terms = {
  rule: gvtgCapacity,
  drains: nothingDrained,
  modes: new Map(),
  renderSeats: () => 8,
};
