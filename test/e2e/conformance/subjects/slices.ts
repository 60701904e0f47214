// What subjects of mode gvt-g have in common, whatever makes their slices: a budget of a GPU, and the series that tell it.
import type { Subject } from "../subject.ts";

/** `type`: the one that is counted on. */
export function ofSlices(gpu: string, type: string): Pick<Subject, "account" | "series"> {
  return {
    account: ({ budget, types }) => ({
      own: budget?.usedOwn?.instances ?? NaN,
      foreign: budget?.usedForeign?.instances ?? NaN,
      free: types.find(({ name }) => name === type)?.allocatable ?? NaN,
    }),
    series: ({ own, foreign }) => [
      `vgpud_gpu_used_instances{pci_address="${gpu}",holder="own"} ${own}`,
      `vgpud_gpu_used_instances{pci_address="${gpu}",holder="foreign"} ${foreign}`,
    ],
  };
}
