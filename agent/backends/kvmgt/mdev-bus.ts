// GVT-g on KVM as the mdev bus shows it (Documentation/driver-api/vfio-mediated-device.rst).
// `name` and `description` are optional: GVT-g of kernel 5.10 has no `name` (gvt/gvt.c), the directory's name is the id.
import { parsePciAddress, parseVgpuId, type PciAddress, type VgpuId } from "../../core/ids.ts";
import { fact, unsignedInt, type HostFiles } from "../../discovery/host-files.ts";
import type { SliceSource } from "../../discovery/kernel-facts.ts";
import type { PciGpu } from "../../discovery/pci-gpus.ts";
import { sizesByName } from "../../inventory/gvt-g.ts";
import type { Gpu, KernelVgpu, VgpuType } from "../../inventory/model.ts";
import { parseDescription } from "./type-description.ts";

const PARENTS = "sys/class/mdev_bus";
const DEVICES = "sys/bus/mdev/devices";

export class MdevBus implements SliceSource {
  readonly #files: HostFiles;

  constructor(files: HostFiles) {
    this.#files = files;
  }

  /**
   * A parent's link on the class is made when all its types are there and goes before the first of them does (mdev_core.c,
   * mdev_register_parent and mdev_unregister_parent): what was read while it stood is whole.
   */
  async describe(gpu: PciGpu): Promise<Pick<Gpu, "mdevParent" | "types">> {
    const dir = `${PARENTS}/${gpu.address}/mdev_supported_types`;
    const names = await this.#files.list(dir);
    const types = await Promise.all(names.map((name) => this.#readType(dir, name)));
    const mdevParent = (await this.#files.list(PARENTS)).includes(gpu.address);
    return { mdevParent, types: mdevParent ? types : [] };
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
        return here.map((id) => ({ id, gpu, type: "", isLeaving: true, iommuGroup: undefined }));
      }),
    );
    return found.flat();
  }

  /**
   * One that is listed is kept whatever of it cannot be read: what its slices take has to be counted.
   */
  async #readType(dir: string, name: string): Promise<VgpuType> {
    const [kernelAvailable, described] = await Promise.all([
      fact(this.#files, `${dir}/${name}/available_instances`, unsignedInt),
      this.#readDescription(`${dir}/${name}/description`),
    ]);
    return { name, ...described, sizes: described.sizes ?? sizesByName(name), kernelAvailable };
  }

  async #readDescription(path: string): Promise<ReturnType<typeof parseDescription>> {
    const text = await this.#files.read(path);
    const described = parseDescription(text);
    if (text !== undefined && described.sizes === undefined) this.#files.doubt?.(path, text);
    return described;
  }

  async #readSlice(id: VgpuId): Promise<KernelVgpu | undefined> {
    const [type, group, gpu] = await Promise.all([
      this.#files.linkName(`${DEVICES}/${id}/mdev_type`),
      this.#files.linkName(`${DEVICES}/${id}/iommu_group`),
      this.#parentOf(id),
    ]);
    if (type === undefined || gpu === undefined) return undefined;
    return { id, gpu, type, isLeaving: false, iommuGroup: group === undefined ? undefined : Number(group) };
  }

  /** The device's real directory lies in its parent's: `…/0000:00:02.0/<uuid>`. */
  async #parentOf(id: VgpuId): Promise<PciAddress | undefined> {
    return parsePciAddress((await this.#files.linkParentName(`${DEVICES}/${id}`)) ?? "");
  }
}

function vgpuIdsOf(names: readonly string[]): VgpuId[] {
  return names.map(parseVgpuId).filter((id) => id !== undefined);
}
