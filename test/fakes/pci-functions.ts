// PCI functions in a tree of files: as a kernel lays them out, without one that reacts.
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

export interface FunctionOptions {
  /** None is bound without it. */
  readonly driver?: string;
  readonly group?: string;
  readonly vendor?: string;
  readonly class?: string;
  /** Its physical function. */
  readonly of?: string;
}

export class PciFunctions {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async add(device: string, options: FunctionOptions = {}): Promise<void> {
    const { driver, group, of } = options;
    const directory = this.#at(device);
    await mkdir(directory, { recursive: true });
    await mkdir(path.join(this.#root, "sys/bus/pci/devices"), { recursive: true });
    await symlink(
      `../../../devices/pci0000:00/${device}`,
      path.join(this.#root, "sys/bus/pci/devices", device),
    );
    await writeFile(path.join(directory, "vendor"), `${options.vendor ?? "0x8086"}\n`);
    await writeFile(path.join(directory, "class"), `${options.class ?? "0x030000"}\n`);
    for (const name of ["driver_override", "sriov_drivers_autoprobe", "sriov_numvfs"])
      await writeFile(path.join(directory, name), "");
    await writeFile(path.join(this.#root, "sys/bus/pci/drivers_probe"), "");
    if (driver !== undefined) {
      const drivers = path.join(this.#root, "sys/bus/pci/drivers", driver);
      await mkdir(drivers, { recursive: true });
      await writeFile(path.join(drivers, "unbind"), "");
      await symlink(`../../../bus/pci/drivers/${driver}`, path.join(directory, "driver"));
    }
    if (group !== undefined) {
      await symlink(`../../../kernel/iommu_groups/${group}`, path.join(directory, "iommu_group"));
      if (driver?.includes("vfio") === true)
        await writeFile(path.join(this.#root, "dev/vfio", group), "").catch(() => undefined);
    }
    if (of !== undefined) {
      const number = Number(device.slice(-1)) - 1;
      await symlink(`../${device}`, path.join(this.#at(of), `virtfn${number}`));
      await symlink(`../${of}`, path.join(directory, "physfn"));
    }
  }

  /** Xen's driver is loaded, and has nothing. */
  async addPciback(): Promise<void> {
    const driver = path.join(this.#root, "sys/bus/pci/drivers/pciback");
    await mkdir(driver, { recursive: true });
    for (const name of ["new_slot", "remove_slot", "unbind"]) await writeFile(path.join(driver, name), "");
  }

  /** Its driver of DRM shows nodes. */
  async addDrmNodes(device: string, names: readonly string[]): Promise<void> {
    for (const name of names) await mkdir(path.join(this.#at(device), "drm", name), { recursive: true });
  }

  /** What was written last to the file of the function. */
  async written(device: string, file: string): Promise<string> {
    return await readFile(path.join(this.#at(device), file), "utf8");
  }

  /** What was written last to the file of the PCI bus. */
  async writtenToBus(file: string): Promise<string> {
    return await readFile(path.join(this.#root, "sys/bus/pci", file), "utf8");
  }

  /** Removes a file of the function. */
  async without(device: string, file: string): Promise<void> {
    await rm(path.join(this.#at(device), file));
  }

  /** Where a file of the function is. */
  file(device: string, name: string): string {
    return path.join(this.#at(device), name);
  }

  #at(device: string): string {
    return path.join(this.#root, "sys/devices/pci0000:00", device);
  }
}
