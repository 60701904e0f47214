// Whether QEMU can render for its guests (virtio-gpu-gl, virglrenderer), which distributions put in packages of their own.
import type { OfferedDevices } from "./domain-capabilities.ts";

export type QemuOpengl =
  | { readonly has: true; readonly by: "libvirt" }
  | { readonly has: true; readonly by: "module"; readonly file: string }
  /** libvirt asked QEMU, and offers no guest these. */
  | { readonly has: false; readonly by: "libvirt"; readonly lacks: readonly string[] }
  /** QEMU's modules are in the folder, without that one. libvirt does not see it: QEMU itself lists what needs the module. */
  | { readonly has: false; readonly by: "module"; readonly file: string }
  | { readonly has: undefined };

/** Where distributions have QEMU's modules: Debian, Fedora and SUSE, Red Hat, Arch. */
const FOLDERS = ["usr/lib/x86_64-linux-gnu/qemu", "usr/lib64/qemu", "usr/lib64/qemu-kvm", "usr/lib/qemu"];
/** The device itself; hw-display-virtio-vga-gl.so and others put it on a bus (QEMU: hw/display/meson.build). */
const MODULE = "hw-display-virtio-gpu-gl.so";
const OF_VIRTIO_GPU = /^hw-display-virtio-.*\.so$/;

/** `names`: what is in a folder of the host, empty when there is none. `offered`: undefined where libvirt did not say. */
export async function qemuOpengl(
  names: (folder: string) => Promise<readonly string[]>,
  offered: OfferedDevices | undefined,
): Promise<QemuOpengl> {
  const lacks = offered === undefined ? [] : lackedBy(offered);
  if (lacks.length > 0) return { has: false, by: "libvirt", lacks };
  for (const folder of FOLDERS) {
    const modules = (await names(folder)).filter((name) => OF_VIRTIO_GPU.test(name));
    if (modules.length > 0)
      return { has: modules.includes(MODULE), by: "module", file: `/${folder}/${MODULE}` };
  }
  return offered === undefined ? { has: undefined } : { has: true, by: "libvirt" };
}

function lackedBy({ graphics, videos }: OfferedDevices): readonly string[] {
  return [
    ...(graphics.includes("egl-headless") ? [] : ["<graphics type='egl-headless'>"]),
    ...(videos.includes("virtio") ? [] : ["<video> of the model virtio"]),
  ];
}
