// Whether it is known what XenGT of 2015 and 2016 has left, for the checks: root alone may read it, and hostd does so for the agent.
import type { PciAddress } from "../core/ids.ts";
import type { Inventory } from "../inventory/model.ts";
import { VGT_RESOURCES } from "../inventory/xengt.ts";

/** By the address of each GPU that has it. */
export type VgtCounts = ReadonlyMap<PciAddress, VgtCount>;

interface VgtCount {
  /** By a look before, when it cannot be read now. */
  readonly isKnown: boolean;
  /** Undefined when it can. */
  readonly why: string | undefined;
}

export function vgtCountsOf(inventory: Pick<Inventory, "gpus" | "unread"> | undefined): VgtCounts {
  const why = inventory?.unread.find(({ path }) => path === VGT_RESOURCES)?.why;
  const counted = [...(inventory?.gpus.values() ?? [])].filter(
    ({ vgt, types }) => vgt === "2015" && types.length > 0,
  );
  return new Map(
    counted.map(({ address, types }) => {
      const isKnown = types.every(({ kernelAvailable }) => kernelAvailable !== undefined);
      return [address, { isKnown, why }];
    }),
  );
}
