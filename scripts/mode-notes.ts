// What each mode offers on each hypervisor, for people. Whether this release serves it is in the code (diagnosis/checks/served.ts).
import type { Mode } from "../agent/core/modes.ts";

export interface ModeNotes {
  /** What realises it, by hypervisor; undefined where nothing does. */
  readonly backends: Readonly<Record<"kvm" | "xen", string | undefined>>;
  readonly vgpu: string;
  readonly types: string;
  readonly screen: string;
  readonly share: string;
  readonly migration: string;
  readonly metrics: string;
  readonly limit: string;
}

export const modeNotes: Readonly<Record<Mode, ModeNotes>> = {
  "gvt-g": {
    backends: { kvm: "`kvmgt`", xen: "`xengt`" },
    vgpu: "a slice: a mediated device of i915",
    types: "the kernel's, as `i915-GVTg_V5_4`",
    screen: "its own, shown on consoles; `ramfb` before the guest's driver runs",
    share: "by the type's weight, 2 to 16; fixed",
    migration: "none: mainline has none for it",
    metrics: "what is made and left of memory, fences and instances; no use by slice: the kernel counts none",
    limit: "7 a GPU, less by aperture and hidden memory; one a domain and GPU",
  },
  "gvt-d": {
    backends: { kvm: "`passthrough` (vfio-pci)", xen: "`passthrough` (pciback)" },
    vgpu: "the whole GPU",
    types: "`gpu`",
    screen: "the GPU's own connectors",
    share: "none: it is one guest's",
    migration: "none",
    metrics: "whether it is taken, and by whom; no use: the guest's driver alone sees it",
    limit: "1 a GPU",
  },
  "gvt-s": {
    backends: { kvm: "`virgl` (virtio-gpu)", xen: undefined },
    vgpu: "a seat: a virtio-gpu that renders on the GPU's node, by a process of the host's",
    types: "`seat`",
    screen: "the virtio-gpu's, shown on consoles",
    share: "the host's scheduler, among processes; not set",
    migration: "none while 3D is on",
    metrics: "how many seats are taken, by whom",
    limit: "`limits.render_seats` a GPU, 8 unless set; the kernel has none",
  },
  sriov: {
    backends: { kvm: "`sriov` (vfio-pci, xe-vfio-pci)", xen: "`sriov` (pciback)" },
    vgpu: "a virtual function",
    types: "`vf`",
    screen: "none; the guest's own remote protocol",
    share: "quantum, timeout and priority of a function, where the driver offers them",
    migration: "by xe-vfio-pci",
    metrics: "how many functions there are and are taken, and their quotas",
    limit: "what the device and its driver allow: 7 to 63 a GPU",
  },
};
