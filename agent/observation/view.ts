// What one scrape describes: the joined views of the host, all of the same moment.
import type { Inventory } from "../inventory/model.ts";
import type { Claim } from "../lifecycle/claim.ts";
import type { DomainView, GpuView, VgpuView } from "../lifecycle/views.ts";

export interface MetricsView {
  /** Undefined before the first complete look; the lists of GPUs, vGPUs and domains are then empty. */
  readonly inventory: Inventory | undefined;
  readonly gpus: readonly GpuView[];
  readonly vgpus: readonly VgpuView[];
  readonly domains: readonly DomainView[];
  /** Every record of the ledger, tombstones included. */
  readonly claims: readonly Claim[];
}
