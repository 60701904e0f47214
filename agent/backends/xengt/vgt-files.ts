// XenGT as dom0's kernel shows it below /sys/kernel/vgt: which of its interfaces there is, and for which domains it has made slices
// (kernel drivers/gpu/drm/i915: vgt/sysfs.c of 2015 and 2016, gvt/xengt.c since 2017).
import { foreignVgpuId } from "../../core/vgpu-mark.ts";
import { parsePciAddress, type PciAddress } from "../../core/ids.ts";
import { readHostFacts } from "../../discovery/host-facts.ts";
import type { HostFiles } from "../../discovery/host-files.ts";
import type { SliceSource } from "../../discovery/kernel-facts.ts";
import type { Offers, PciGpu } from "../../discovery/pci-gpus.ts";
import { INTEGRATED } from "../../inventory/integrated.ts";
import type { KernelVgpu, VgpuType, VgtInterface } from "../../inventory/model.ts";
import { VGT_RESOURCES } from "../../inventory/xengt.ts";
import { xengtTypes, type XengtType } from "./types.ts";
import type { ListedType } from "./whitelist.ts";

const ROOT = "sys/kernel/vgt";
const CONTROL = `${ROOT}/control`;
const CREATE = "create_vgt_instance";
const RESOURCES = VGT_RESOURCES.slice(`${CONTROL}/`.length);

/** What `available_resource` has left. */
export interface VgtLeft {
  readonly lowFreeMib: number;
  readonly fencesFree: number;
}

export interface VgtFilesOptions {
  readonly files: HostFiles;
  /** The operator's; undefined: GVT-g's own. */
  readonly listed: readonly ListedType[] | undefined;
  /** Reads what root alone may; undefined when it is not known. */
  readonly left: () => Promise<VgtLeft | undefined>;
}

export class VgtFiles implements SliceSource {
  readonly #options: VgtFilesOptions;

  constructor(options: VgtFilesOptions) {
    this.#options = options;
  }

  /** One GPU alone is driven: the processor's, by i915. */
  async describe({ address, driver, deviceId }: PciGpu): Promise<Offers> {
    const none = { mdevParent: false, types: [] };
    if (address !== INTEGRATED || driver !== "i915") return none;
    const { files, listed, left } = this.#options;
    const vgt = await vgtInterface(files);
    if (vgt === undefined) return none;
    const types = xengtTypes(deviceId, { vgt, listed });
    const room = vgt === "2015" ? await left() : undefined;
    return { mdevParent: false, vgt, types: types.map((type) => asOffered(type, vgt, room)) };
  }

  /** Named by their number alone, which is a domain's: whose that is, others tell. */
  async slices(): Promise<readonly KernelVgpu[]> {
    const { files } = this.#options;
    const domids = await domidsIn(files);
    if (domids.length === 0) return [];
    const { hostname, bootId } = await readHostFacts(files);
    return domids.map((domid) => ({
      id: foreignVgpuId({ hostname, bootId, ref: `vm${domid}` }),
      ...{ gpu: INTEGRATED_ADDRESS, type: "", isLeaving: false, iommuGroup: undefined, domid },
    }));
  }
}

/** Undefined where dom0's kernel has none. */
export async function vgtInterface(files: HostFiles): Promise<VgtInterface | undefined> {
  const names = await files.list(CONTROL);
  if (!names.includes(CREATE)) return undefined;
  return names.includes(RESOURCES) ? "2015" : "2017";
}

const INTEGRATED_ADDRESS = parsePciAddress(INTEGRATED) as PciAddress;

/** The domains for which there is a slice. The host's own `vm0` is none. */
export async function domidsIn(files: HostFiles): Promise<readonly number[]> {
  const names = await files.list(ROOT);
  return names.filter((name) => /^vm[1-9]\d{0,4}$/.test(name)).map((name) => Number(name.slice("vm".length)));
}

function asOffered(
  { name, sizes, resolution }: XengtType,
  vgt: VgtInterface,
  left: VgtLeft | undefined,
): VgpuType {
  const type = { name, sizes, resolution, weight: undefined };
  if (vgt === "2017") return { ...type, kernelAvailable: undefined, uncounted: true };
  const count = left && Math.min(left.lowFreeMib / sizes.lowGmMib, left.fencesFree / sizes.fences);
  return { ...type, kernelAvailable: count === undefined ? undefined : Math.floor(count) };
}
