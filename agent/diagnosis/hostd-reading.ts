// Whether vgpud-hostd is there, for the checks. Its socket takes nobody but vgpud, so that only a running agent can tell.
import type { Inventory } from "../inventory/model.ts";

export type HostdReading =
  /** There is nothing that it could be asked for. */
  | { readonly kind: "not-needed" }
  /** Its socket is there. Nothing was asked of it yet, and a question alone would start it. */
  | { readonly kind: "waits"; readonly socket: string }
  | { readonly kind: "answers"; readonly socket: string }
  | { readonly kind: "away"; readonly socket: string; readonly why: string };

/**
 * Whether there is something that hostd alone can do: on each GPU that can be given out in a way that is written to the kernel, and
 * on every host of Xen, whose guests are asked for through it.
 */
export function needsHostd({ host, gpus }: Pick<Inventory, "host" | "gpus">): boolean {
  if (host.hypervisor === "xen") return true;
  return [...gpus.values()].some(
    // The group is VFIO's, by which a GPU is given away whole.
    ({ types, sriov, iommuGroup }) => types.length > 0 || sriov !== undefined || iommuGroup !== undefined,
  );
}
