// In Simplified Chinese: what the machine as a whole must be.
import type { machine as english } from "../en/machine.ts";
import type { Same } from "../text.ts";

export const machine: Same<typeof english> = {
  NO_HYPERVISOR: {
    title: "虚拟机管理程序",
    messages: {
      xen: "本机是 Xen 主机",
      kvm: "KVM 已加载",
      "no-flags": "/proc/cpuinfo 中没有 flags",
      "not-loaded": "处理器支持虚拟化，但 KVM 未加载",
      "no-virtualization": "处理器没有显示 VT-x 或 AMD-V",
      "not-nested": "这台虚拟机的处理器没有显示 VT-x 或 AMD-V",
    },
    remedies: {
      "not-nested": "请在装有该 GPU 的物理机上运行 vgpud",
      "not-loaded": "加载模块：modprobe {module}；若被拒绝，原因见 dmesg",
      "no-virtualization": "在固件设置中打开虚拟化（VT-x，AMD 为 SVM），然后重新启动",
    },
  },
  INSIDE_GUEST: {
    title: "物理机",
    messages: {
      dom0: "本机是 Xen 的 dom0",
      "bare-metal": "本机不是虚拟机",
      "no-flags": "/proc/cpuinfo 中没有 flags",
      "xen-guest": "本机是 Xen 的客户机",
      guest: "本机是虚拟机（系统厂商 {vendor}）；i915 在客户机中会关闭 GVT-g",
      "nameless-guest": "本机是虚拟机；i915 在客户机中会关闭 GVT-g",
    },
    remedies: {
      "xen-guest": "请在 dom0 中运行 vgpud",
      guest: "请在装有该 GPU 的物理机上运行 vgpud",
      "nameless-guest": "请在装有该 GPU 的物理机上运行 vgpud",
    },
  },
  NO_INTEL_GPU: {
    title: "Intel GPU",
    messages: {
      found: "Intel 显示设备：{gpus}",
      none: "PCI 总线上没有显示设备",
      others: "PCI 总线上只有其他厂商的显示设备：{others}",
    },
    remedies: {
      none: "在固件设置中打开集成显卡；型号带 F 的处理器没有集成显卡",
      others: "在固件设置中打开集成显卡（常称 iGPU Multi-Monitor）；型号带 F 的处理器没有集成显卡",
    },
  },
  IOMMU_OFF: {
    title: "IOMMU",
    messages: {
      on: "内核有 {groups} 个 IOMMU 组",
      "xen-took":
        "Xen 已接管 IOMMU（其表名为 {table}）；只有以 iommu=off 启动 Xen 时，xl info 的 virt_caps 中才没有 hvm_directio",
      "xen-pvh": "dom0 的类型是 PVH，Xen 只在有 IOMMU 时才创建",
      "xen-left": "Xen 没有使用 IOMMU：dom0 能看到它的表（DMAR）",
      "xen-none": "固件没有向 Xen 提供 IOMMU：dom0 看不到任何 IOMMU 的表",
      "xen-not-seen": "dom0 看不到 Xen 是否使用 IOMMU；使用时 xl info 的 virt_caps 中有 hvm_directio",
      off: "内核没有 IOMMU 组（发现 {units} 个 IOMMU）",
      "off-amd": "内核没有 IOMMU 组（发现 {units} 个 IOMMU）",
      "told-off": "内核没有 IOMMU 组，启动参数为 {told}",
    },
    remedies: {
      off: "在固件设置中打开 VT-d，并以 intel_iommu=on iommu=pt 启动",
      "off-amd": "在固件设置中打开 IOMMU（AMD-Vi）；打开后内核会自动使用",
      "xen-left": "从 Xen 的命令行（xl info 的 xen_commandline）去掉 iommu=off 或 iommu=no 并重新启动",
      "xen-none": "在固件设置中打开 VT-d（AMD 为 IOMMU，即 AMD-Vi）；打开后 Xen 会自动使用",
      "told-off": "从内核命令行去掉 {told}，并在固件设置中打开 {name}",
    },
  },
  KERNEL_LOCKDOWN: {
    title: "允许加载其他驱动的内核",
    messages: {
      "not-needed": "本机没有 GPU 需要内核之外的驱动",
      none: "内核没有 lockdown 功能",
      off: "内核未被锁定",
      on: "内核已被锁定（{mode}）：在本机编译的带 SR-IOV 的 i915 只有用内核认可的密钥签名后才能加载",
    },
    remedies: {
      on: "查看模块是否已签名（modinfo -F signer i915）；若没有，为它签名并登记密钥（mokutil），或关闭 Secure Boot",
    },
  },
  MSRS_NOT_IGNORED: {
    title: "客户机访问 KVM 没有的寄存器",
    messages: {
      ignored: "KVM 会忽略它不认识的 MSR",
      "not-kvm": "本机不是 KVM 主机",
      absent: "KVM 没有显示参数 ignore_msrs",
      odd: "kvm.ignore_msrs 既不是 Y 也不是 N：{value}",
      "not-ignored":
        "kvm.ignore_msrs 为 {value}：Intel 的 Windows 显卡驱动会读取 KVM 没有的寄存器，客户机可能蓝屏",
    },
    remedies: { "not-ignored": "若有 Windows 客户机，请以 kvm.ignore_msrs=1 启动" },
  },
};
