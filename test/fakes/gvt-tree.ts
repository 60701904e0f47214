// The files of one GVT-g GPU in a temporary directory: as a kernel lays them out, without one that reacts.
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export const GPU = "0000:00:02.0";
export const TYPE = "i915-GVTg_V5_4";

/** A root with one GPU that offers one type and has no vGPU. */
export class GvtTree implements AsyncDisposable {
  readonly root: string;
  readonly createFile: string;

  private constructor(root: string) {
    this.root = root;
    this.createFile = path.join(root, "sys/devices/pci0000:00", GPU, "mdev_supported_types", TYPE, "create");
  }

  static async make(): Promise<GvtTree> {
    const tree = new GvtTree(await mkdtemp(path.join(tmpdir(), "gvt-tree-")));
    for (const dir of [
      "sys/class/mdev_bus",
      "sys/bus/mdev/devices",
      "dev/vfio",
      "proc",
      path.dirname(tree.createFile),
    ]) {
      await mkdir(path.resolve(tree.root, dir), { recursive: true });
    }
    await symlink(`../../devices/pci0000:00/${GPU}`, path.join(tree.root, "sys/class/mdev_bus", GPU));
    await writeFile(tree.createFile, "");
    return tree;
  }

  /** Adds an mdev in the group and returns the path of its `remove` file. */
  async addMdev(
    vgpuId: string,
    options: { readonly group: string; readonly type?: string },
  ): Promise<string> {
    const gpu = path.join(this.root, "sys/devices/pci0000:00", GPU);
    const device = path.join(gpu, vgpuId);
    const remove = path.join(device, "remove");
    await mkdir(device);
    await writeFile(remove, "");
    await symlink(`../mdev_supported_types/${options.type ?? TYPE}`, path.join(device, "mdev_type"));
    await symlink(`../../../../kernel/iommu_groups/${options.group}`, path.join(device, "iommu_group"));
    await symlink(
      `../../../devices/pci0000:00/${GPU}/${vgpuId}`,
      path.join(this.root, "sys/bus/mdev/devices", vgpuId),
    );
    await writeFile(path.join(this.root, "dev/vfio", options.group), "");
    return remove;
  }

  /** Lets a QEMU of the domain appear in /proc with the group open. */
  async addQemu(pid: number, holds: { readonly domain: string; readonly group: string }): Promise<void> {
    const name = `guest=${holds.domain.replaceAll(",", ",,")},debug-threads=on`;
    await this.addProcess(pid, {
      command: "qemu-system-x86",
      words: ["/usr/bin/qemu-system-x86_64", "-name", name, "-S"],
      opens: `/dev/vfio/${holds.group}`,
    });
  }

  /** Lets a QEMU of the domain appear in /proc with a DRM node open, once for each text that its fdinfo has, and libvirt write it down. */
  async addRenderer(
    pid: number,
    {
      domain,
      uuid,
      opens,
      info,
    }: Readonly<Record<"domain" | "uuid" | "opens", string>> & { readonly info: readonly string[] },
  ): Promise<void> {
    await this.addProcess(pid, {
      command: "qemu-system-x86",
      words: ["/usr/bin/qemu-system-x86_64", "-name", `guest=${domain}`, "-uuid", uuid],
      opens,
    });
    const dir = path.join(this.root, "proc", String(pid));
    await mkdir(path.join(dir, "fdinfo"));
    for (const [index, text] of info.entries()) {
      await symlink(opens, path.join(dir, "fd", String(40 + index)));
      await writeFile(path.join(dir, "fdinfo", String(40 + index)), text);
    }
    await mkdir(path.join(this.root, "run/libvirt/qemu"), { recursive: true });
    await writeFile(path.join(this.root, "run/libvirt/qemu", `${domain}.pid`), `${pid}`);
  }

  /** Lets a process appear in /proc with a file open. */
  async addProcess(
    pid: number,
    { command, words = [command], opens }: { command: string; words?: readonly string[]; opens: string },
  ): Promise<void> {
    const dir = path.join(this.root, "proc", String(pid));
    await mkdir(path.join(dir, "fd"), { recursive: true });
    await writeFile(path.join(dir, "comm"), `${command}\n`);
    await writeFile(path.join(dir, "cmdline"), [...words, ""].join("\0"));
    await symlink(opens, path.join(dir, "fd", "31"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}
