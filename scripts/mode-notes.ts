// What each mode offers on each hypervisor, for people. Whether this release serves it is in the code (diagnosis/checks/served.ts).
import type { Mode } from "../agent/core/modes.ts";

export interface ModeNotes {
  /** What realises it. */
  readonly backend: string;
  readonly vgpu: string;
  readonly types: string;
  readonly screen: string;
  /** What describes the screen to the guest. */
  readonly edid: string;
  readonly share: string;
  readonly migration: string;
  readonly metrics: string;
  readonly limit: string;
}

/** A mode that is missing is impossible there. */
type NotesByMode = Readonly<Partial<Record<Mode, ModeNotes>>>;

const kvm = {
  "gvt-g": {
    backend: "`kvmgt`",
    vgpu: "a slice: a mediated device of i915",
    types: "the kernel's, as `i915-GVTg_V5_4`",
    screen: "its own, shown on consoles; `ramfb` before the guest's driver runs",
    edid: "kvmgt's, of the type's resolution; QEMU's where `vgpu_display` asks for another size",
    share: "by the type's weight, 2 to 16; fixed",
    migration: "none: mainline has none for it",
    metrics: "what is made and left of memory, fences and instances; no use by slice: the kernel counts none",
    limit: "7 a GPU, less by aperture and hidden memory; one a domain and GPU",
  },
  "gvt-d": {
    backend: "`passthrough` (vfio-pci)",
    vgpu: "the whole GPU",
    types: "`gpu`",
    screen: "the GPU's own connectors",
    edid: "the monitors' own",
    share: "none: it is one guest's",
    migration: "none",
    metrics: "whether it is taken, and by whom; no use: the guest's driver alone sees it",
    limit: "1 a GPU",
  },
  "gvt-s": {
    backend: "`virgl` (virtio-gpu)",
    vgpu: "a seat: a virtio-gpu that renders on the GPU's node, by a process of the host's",
    types: "`seat`",
    screen: "the virtio-gpu's, shown on consoles",
    edid: "QEMU's, of the size that `vgpu_display` asks for, until whoever views the console asks for another",
    share: "the host's scheduler, among processes; not set",
    migration: "none while 3D is on",
    metrics:
      "how many seats are taken, by whom; engine time and memory of each domain, by what the host's driver counts for its QEMU (`vgpud_domain_gpu_*`)",
    limit:
      "`limits.render_seats` a GPU, 8 unless set, or its own of `limits.render_seats_by_gpu`; the kernel has none",
  },
  sriov: {
    backend: "`sriov` (vfio-pci, xe-vfio-pci)",
    vgpu: "a virtual function",
    types: "`vf`",
    screen: "none; the guest's own remote protocol",
    edid: "none: a function has no connectors",
    share: "quantum, timeout and priority of a function, where the driver offers them",
    migration: "by xe-vfio-pci",
    metrics:
      "how many functions there are and are taken, and their quotas of memory and address space; quantum, timeout and priority are in `gpus` and the API alone; what each uses of the engines, where xe counts it and perf is installed (`vgpud_vgpu_engine_*_total`)",
    limit: "what the device and its driver allow: 7 to 63 a GPU",
  },
} as const satisfies Readonly<Record<Mode, ModeNotes>>;

const xen = {
  "gvt-g": {
    backend: "`xengt`",
    vgpu: "a slice: an instance of XenGT in dom0's kernel, for a domain of type HVM",
    types: "those of KVM, as `i915-GVTg_V5_4`, or a list in the form of XenServer's (`xengt.types`)",
    screen: "its own, where QEMU with Intel's patches makes the slice (`xengt.instance_creator`)",
    edid: "XenGT's; the `monitor_config_file` of XenServer's list, which Intel's QEMU would take one from, is passed over",
    share:
      "in kernels since 2017 by a weight of the type, 2 to 16, which is fixed and which they do not tell (`gpus` shows `-`)",
    migration: "none: libvirt has none for it",
    metrics:
      "what is made and left of memory, fences and instances; how busy a slice was of its time, on kernels of 2016 alone (`vgpud_vgpu_utilization_ratio`)",
    limit: "7 a GPU, 3 on Haswell, less by aperture and hidden memory; one a domain",
  },
  "gvt-d": {
    ...kvm["gvt-d"],
    backend: "`passthrough` (pciback)",
    limit:
      "1 a GPU; 00:02.0 in no domain of type HVM: QEMU wants to be told of it (igd-passthru), for which libvirt has no word",
  },
  sriov: { ...kvm.sriov, backend: "`sriov` (pciback)", migration: "none" },
} as const satisfies NotesByMode;

export const modeNotes: Readonly<Record<"kvm" | "xen", NotesByMode>> = { kvm, xen };
