// GVT-g on KVM as the mdev bus shows it (Documentation/driver-api/vfio-mediated-device.rst).
// `name` and `description` are optional: GVT-g of kernel 5.10 has no `name` (gvt/gvt.c), the directory's name is the id.
import { parsePciAddress, parseVgpuId, type PciAddress, type VgpuId } from "../../core/ids.ts";
import type { HostFiles } from "../../discovery/host-files.ts";
import type { SliceSource } from "../../discovery/observe.ts";
import type { PciGpu } from "../../discovery/pci-gpus.ts";
import type { Gpu, KernelVgpu, VgpuType } from "../../inventory/model.ts";
import { parseDescription } from "./type-description.ts";

const PARENTS = "sys/class/mdev_bus";
const DEVICES = "sys/bus/mdev/devices";

export class MdevBus implements SliceSource {
  readonly #files: HostFiles;

  constructor(files: HostFiles) {
    this.#files = files;
  }

  async describe(gpu: PciGpu): Promise<Pick<Gpu, "mdevParent" | "types">> {
    const dir = `${PARENTS}/${gpu.address}/mdev_supported_types`;
    const names = await this.#files.list(dir);
    const mdevParent = names.length > 0 || (await this.#files.list(PARENTS)).includes(gpu.address);
    const types = await Promise.all(names.map((name) => this.#readType(dir, name)));
    return { mdevParent, types: types.filter((type) => type !== undefined) };
  }

  /** Slices whose parent is no PCI function (samples such as mtty) are not ours to know. */
  async slices(): Promise<readonly KernelVgpu[]> {
    const ids = vgpuIdsOf(await this.#files.list(DEVICES));
    const found = await Promise.all(ids.map((id) => this.#readSlice(id)));
    const leaving = await this.#leaving(new Set(ids));
    return [...found.filter((slice) => slice !== undefined), ...leaving];
  }

  /**
   * Slices whose removal waits for a holder: the bus has forgotten them, and which type they were, but their GPU has not
   * (kernel drivers/base/bus.c, bus_remove_device), and what they take is not given back yet.
   */
  async #leaving(onBus: ReadonlySet<VgpuId>): Promise<readonly KernelVgpu[]> {
    const gpus = (await this.#files.list(PARENTS)).map(parsePciAddress).filter((gpu) => gpu !== undefined);
    const found = await Promise.all(
      gpus.map(async (gpu) => {
        const here = vgpuIdsOf(await this.#files.list(`${PARENTS}/${gpu}`)).filter((id) => !onBus.has(id));
        return here.map((id) => ({ id, gpu, type: "", iommuGroup: undefined }));
      }),
    );
    return found.flat();
  }

  /** Undefined when the type vanished between the listing and the read. */
  async #readType(dir: string, name: string): Promise<VgpuType | undefined> {
    const [available, description] = await Promise.all([
      this.#files.read(`${dir}/${name}/available_instances`),
      this.#files.read(`${dir}/${name}/description`),
    ]);
    if (available === undefined || !/^\d+$/.test(available)) return undefined;
    return { name, ...parseDescription(description), kernelAvailable: Number(available) };
  }

  async #readSlice(id: VgpuId): Promise<KernelVgpu | undefined> {
    const [type, group, gpu] = await Promise.all([
      this.#files.linkName(`${DEVICES}/${id}/mdev_type`),
      this.#files.linkName(`${DEVICES}/${id}/iommu_group`),
      this.#parentOf(id),
    ]);
    if (type === undefined || gpu === undefined) return undefined;
    return { id, gpu, type, iommuGroup: group === undefined ? undefined : Number(group) };
  }

  /** The device's real directory lies in its parent's: `…/0000:00:02.0/<uuid>`. */
  async #parentOf(id: VgpuId): Promise<PciAddress | undefined> {
    return parsePciAddress((await this.#files.linkParentName(`${DEVICES}/${id}`)) ?? "");
  }
}

function vgpuIdsOf(names: readonly string[]): VgpuId[] {
  return names.map(parseVgpuId).filter((id) => id !== undefined);
}
