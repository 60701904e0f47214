// The conditions in Simplified Chinese. What English has and this lacks does not compile.
import type { common as english, texts as englishTexts } from "./en.ts";

type Same<T> = { readonly [K in keyof T]: T[K] extends string ? string : Same<T[K]> };

export const common: Same<typeof english> = {
  unreadable: "无法读取 {path}：{why}",
  explained: "由 {cause} 引起",
  "no-such-gpu": "本机没有与此相关的 GPU",
};

export const texts: Same<typeof englishTexts> = {
  NO_HYPERVISOR: {
    title: "虚拟机管理程序",
    messages: {
      xen: "本机是 Xen 主机",
      kvm: "KVM 已加载",
      "no-flags": "/proc/cpuinfo 中没有 flags",
      "not-loaded": "处理器支持虚拟化，但 KVM 未加载",
      "no-virtualization": "处理器既没有 VT-x 也没有 AMD-V",
      "not-nested": "这台虚拟机的处理器既没有 VT-x 也没有 AMD-V",
    },
    remedies: {
      "not-nested": "请在装有该 GPU 的物理机上运行 vgpud",
      "not-loaded": "加载模块：modprobe kvm_intel；若被拒绝，原因见 dmesg",
      "no-virtualization": "在固件设置中打开 VT-x，然后重新启动",
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
    },
    remedies: {
      "xen-guest": "请在 dom0 中运行 vgpud",
      guest: "请在装有该 GPU 的物理机上运行 vgpud",
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
      xen: "在 Xen 下 IOMMU 归虚拟机管理程序管理；打开时 xl info 的 virt_caps 中有 hvm_directio",
      off: "内核没有 IOMMU 组（发现 {units} 个 IOMMU）",
      "told-off": "内核没有 IOMMU 组，启动参数为 {told}",
    },
    remedies: {
      off: "在固件设置中打开 VT-d，并以 intel_iommu=on iommu=pt 启动",
      "told-off": "从内核命令行去掉 {told}，并在固件设置中打开 VT-d",
    },
  },
  KERNEL_LOCKDOWN: {
    title: "允许加载其他驱动的内核",
    messages: {
      "not-needed": "本机没有 GPU 需要内核之外的驱动",
      none: "内核没有 lockdown 功能",
      off: "内核未被锁定",
      on: "内核已被锁定（{mode}）：只加载带签名的模块，而在本机编译的带 SR-IOV 的 i915 没有签名",
    },
    remedies: { on: "为模块签名并登记密钥（mokutil），或关闭 Secure Boot" },
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
  GVT_NOT_BUILT: {
    title: "带 GVT-g 的内核",
    messages: {
      xen: "在 Xen 下由另一种内核制作切片",
      loaded: "模块 kvmgt 已加载",
      configured: "内核编译时已包含：{line}",
      parameter: "i915 有参数 enable_gvt",
      "no-trace": "内核配置和 i915 的参数都无法说明",
      "not-configured": "内核编译时没有包含 GVT-g：{line}",
      "not-asked": "内核编译时没有包含 GVT-g：其配置中没有 CONFIG_DRM_I915_GVT_KVMGT",
      "no-parameter": "内核编译时没有包含 GVT-g：i915 没有参数 enable_gvt",
    },
    remedies: {
      "not-asked":
        "请使用带 CONFIG_DRM_I915_GVT_KVMGT 的内核；Debian 的 -amd64 内核带有，-cloud-amd64 内核没有",
      "not-configured":
        "请使用带 CONFIG_DRM_I915_GVT_KVMGT 的内核；Debian 的 -amd64 内核带有，-cloud-amd64 内核没有",
      "no-parameter":
        "请使用带 CONFIG_DRM_I915_GVT_KVMGT 的内核；Debian 的 -amd64 内核带有，-cloud-amd64 内核没有",
    },
  },
  GVT_DISABLED: {
    title: "在 i915 中打开 GVT-g",
    messages: {
      xen: "在 Xen 下由另一种内核制作切片",
      on: "i915.enable_gvt 为 {value}",
      told: "内核得到的参数是 enable_gvt={value}；i915 实际采用的值只有 root 能读取",
      evident: "该 GPU 已是中介设备的父设备，说明 GVT-g 已打开",
      "taken-back":
        "i915 得到的参数是 enable_gvt={value}，但又自行关闭；遇到不支持的 GPU 或在虚拟机中时会这样",
      off: "i915.enable_gvt 为 {value}：GVT-g 已关闭",
      "not-yet": "i915.enable_gvt 为 {value}；后来设置的 {said} 要到下次启动才生效",
      "not-set": "没有任何地方设置 i915.enable_gvt，因此 GVT-g 是关闭的",
    },
    remedies: {
      off: "在内核命令行加上 i915.enable_gvt=1 后重新启动；启动之后无法再打开",
      "not-yet": "重新启动；若 i915 从 initramfs 加载，请先更新它（update-initramfs -u 或 dracut -f）",
      "not-set": "在内核命令行加上 i915.enable_gvt=1 后重新启动；启动之后无法再打开",
    },
  },
  GVT_GUC_CONFLICT: {
    title: "不由 GuC 提交命令",
    messages: {
      xen: "在 Xen 下由另一种内核制作切片",
      "not-set": "没有设置 i915.enable_guc",
      "no-submission": "i915.enable_guc 为 {value}：不由 GuC 提交命令",
      odd: "i915.enable_guc 为 {value}，不是数字",
      "no-graphics": "i915.enable_guc 为 {value}：打开 GVT-g 时，这个内核的 i915 完全无法启动，主机没有图形",
      ignored:
        "i915.enable_guc 为 {value}；在 GVT-g 支持的 GPU 上，这个内核的 i915 会忽略由 GuC 提交命令的要求",
    },
    remedies: {
      "no-graphics": "以 i915.enable_guc=0 启动，或去掉该参数；值 2 只加载 HuC，不影响 GVT-g",
    },
  },
  KVMGT_NOT_LOADED: {
    title: "模块 kvmgt",
    messages: {
      xen: "在 Xen 下由另一种内核制作切片",
      loaded: "kvmgt 已加载",
      "built-in": "kvmgt 已编译进内核",
      "not-loaded": "kvmgt 未加载",
    },
    remedies: {
      "not-loaded": "执行 modprobe kvmgt；要在每次启动时加载：echo kvmgt > /etc/modules-load.d/kvmgt.conf",
    },
  },
  MDEV_NOT_LOADED: {
    title: "内核的中介设备总线",
    messages: {
      xen: "在 Xen 下没有中介设备",
      loaded: "mdev 已加载",
      "not-loaded": "mdev 未加载",
    },
    remedies: { "not-loaded": "执行 modprobe mdev，然后 modprobe -r kvmgt && modprobe kvmgt" },
  },
  VFIO_NOT_LOADED: {
    title: "vfio 的模块",
    messages: {
      xen: "在 Xen 下设备由 pciback 交给客户机",
      loaded: "vfio 已加载",
      missing: "未加载：{missing}",
    },
    remedies: {
      missing: "加载它们（modprobe {missing}），并在 /etc/modules-load.d 中写入文件以便每次启动时加载",
    },
  },
  GVT_TROUBLE_IN_LOG: {
    title: "GVT-g 在内核日志中的记录",
    messages: {
      quiet: "内核日志中没有 GVT-g 的问题",
      "not-readable": "vgpud 无权读取内核日志",
      unsupported: "内核称 GVT-g 不支持这个 GPU",
      guest: "内核称因为本机是客户机而关闭了 GVT-g",
      guc: "内核称 GVT-g 与由 GuC 提交命令不能并存",
      failsafe:
        "某个客户机的驱动与其 vGPU 不合，vGPU 已进入 failsafe 模式（{lines} 行）：客户机重新启动之前没有显示",
      "no-space": "主机的图形地址空间中没有足够大的连续区间，切片制作失败（{lines} 行）",
    },
    remedies: {
      unsupported: "参见 GVT_UNSUPPORTED_PLATFORM",
      guest: "参见 INSIDE_GUEST",
      guc: "参见 GVT_GUC_CONFLICT",
      failsafe: "更新客户机的显卡驱动，或给它更大的类型，然后重新启动客户机",
      "no-space": "停止主机的桌面，删除无人使用的切片，或在固件设置中增大 aperture",
    },
  },
  XENGT_MISSING: {
    title: "dom0 内核中的 XenGT",
    messages: {
      "not-xen": "本机不是 Xen 主机",
      "of-2016": "dom0 的内核带有 2015 至 2016 年的 XenGT",
      "of-2017": "dom0 的内核带有 2017 年及以后的 XenGT",
      "not-registered": "模块 xengt 已加载但没有提供接口：i915.enable_gvt 未打开，或不支持这个 GPU",
      missing: "dom0 的内核没有 XenGT：不存在 /sys/kernel/vgt",
    },
    remedies: {
      "not-registered": "以 i915.enable_gvt=1 启动 dom0，并在其 dmesg 中查找 gvt",
      missing:
        "XenGT 从未进入主线内核：请使用带 CONFIG_DRM_I915_GVT_XENGT 的 gvt-linux 内核并加载 xengt，或把整个 GPU 交给客户机（gvt-d）",
    },
  },
  VIRGL_NOT_ON_XEN: {
    title: "客户机的 virtio 图形",
    messages: {
      "not-xen": "本机不是 Xen 主机",
      xen: "libvirt 的 Xen 驱动没有 virtio 显卡",
    },
    remedies: { xen: "请使用 gvt-d，或 KVM 主机" },
  },
  LIBVIRT_UNAVAILABLE: {
    title: "libvirt 的应答",
    messages: {
      "not-asked": "没有询问 libvirt：{why}",
      answers: "{uri} 有应答，版本 {version}",
      away: "{uri} 没有应答：{why}",
    },
    remedies: { away: "启动守护进程（systemctl start libvirtd，或 virtqemud.socket），并查看其日志" },
  },
  LIBVIRT_TOO_OLD: {
    title: "支持 vGPU 的 libvirt",
    messages: {
      "not-known": "版本未知",
      recent: "版本 {version} 支持中介设备的显示和 ramfb",
      "recent-xen": "版本 {version} 可以向 Xen 的设备模型传递参数",
      old: "版本 {version} 早于 {least}，后者才开始支持中介设备的显示和 ramfb",
      "old-xen": "版本 {version} 早于 {least}，后者才开始能向 Xen 的设备模型传递参数",
    },
    remedies: {
      old: "把 libvirt 更新到 {least} 或更高版本",
      "old-xen": "把 libvirt 更新到 {least} 或更高版本，或用 xl 启动这类客户机",
    },
  },
  LIBVIRT_WITHOUT_OVERRIDE: {
    title: "能设置集成显卡选项的 libvirt",
    messages: {
      xen: "在 Xen 下设备模型有自己的选项",
      "not-known": "版本未知",
      has: "版本 {version} 支持 <qemu:override>",
      lacks: "版本 {version} 早于 {least}，后者才能设置 x-igd-gms 等选项",
    },
    remedies: { lacks: "若要对集成显卡使用 gvt-d，请把 libvirt 更新到 {least} 或更高版本" },
  },
  LIBVIRT_DRIVER_UNFIT: {
    title: "与虚拟机管理程序对应的 libvirt 驱动",
    messages: {
      "not-known": "驱动未知",
      fits: "{uri} 对应驱动 {driver}",
      other: "{uri} 对应驱动 {driver}，而本机需要 {wanted}",
    },
    remedies: { other: "在 vgpud 的配置中设置 libvirt.uri：KVM 用 qemu:///system，Xen 用 xen:///system" },
  },
  LIBVIRT_GUESTS_SUSPEND: {
    title: "主机关机时如何处理客户机",
    messages: {
      "not-enabled": "libvirt-guests.service 未启用",
      "shuts-down": "libvirt-guests 对客户机执行 {value}",
      told: "主机关机时 libvirt-guests 会挂起客户机，而带中介设备的客户机无法挂起，只会被强行结束",
      "by-default":
        "libvirt-guests 已启用且没有设置 ON_SHUTDOWN：它会挂起客户机，而带中介设备的客户机无法挂起，只会被强行结束",
    },
    remedies: {
      told: "在 /etc/default/libvirt-guests 中设置 ON_SHUTDOWN=shutdown",
      "by-default": "在 /etc/default/libvirt-guests 中设置 ON_SHUTDOWN=shutdown",
    },
  },
  QEMU_MISSING: {
    title: "x86 的 QEMU",
    messages: {
      found: "{path}",
      missing: "在各发行版的常用位置都没有找到 x86 的 QEMU",
    },
    remedies: {
      missing: "请安装：apt install qemu-system-x86（其他发行版为 qemu-kvm，Xen 为 qemu-system-xen）",
    },
  },
  MEMLOCK_TOO_LOW: {
    title: "锁定客户机内存的许可",
    messages: {
      xen: "在 Xen 下不锁定客户机内存",
      "no-daemon": "libvirt 的守护进程没有运行，或无法找到",
      raises: "libvirt 的守护进程可以为每个客户机提高限制",
      unlimited: "libvirt 的守护进程没有限制",
      limited: "libvirt 的守护进程最多锁定 {bytes} 字节且不能提高；带 vGPU 的客户机的全部内存都要锁定",
    },
    remedies: {
      limited:
        "为守护进程设置 LimitMEMLOCK=infinity（systemctl edit libvirtd），或给它所在的容器 CAP_SYS_RESOURCE",
    },
  },
  MAC_DENIES_VFIO: {
    title: "打开 vfio 设备的许可",
    messages: {
      none: "SELinux 没有强制执行，AppArmor 也没有打开",
      selinux: "SELinux 正在强制执行；libvirt 会为每个客户机标记 /dev/vfio/N，仍被拒绝的可用 audit2why 查看",
      "no-profile": "AppArmor 已打开，但没有 libvirt 客户机的配置",
      apparmor: "AppArmor 允许客户机打开 /dev/vfio/vfio",
      "apparmor-denies": "AppArmor 中 libvirt 客户机的配置不允许打开 /dev/vfio/vfio",
    },
    remedies: {
      "apparmor-denies":
        "在 /etc/apparmor.d/local/abstractions/libvirt-qemu 中加入一行 '/dev/vfio/vfio rw,' 并重新启动 libvirt 的守护进程，或更新 libvirt",
    },
  },
  MODE_NOT_SERVED: {
    title: "此版本的 vgpud 能制作什么",
    messages: {
      "not-served": "此版本的 vgpud 在 KVM 上制作 gvt-g 的 vGPU；其他模式只做诊断",
    },
    remedies: { "not-served": "其他模式请手工设置，或等待以后的版本" },
  },
  GPU_MODEL_UNKNOWN: {
    title: "GPU 的平台",
    messages: {
      known: "{platform}（{generation}，8086:{id}）",
      unknown: "此版本不认识设备 8086:{id}",
    },
    remedies: { unknown: "请更新 vgpud；lspci -nn -d 8086: 可显示该设备" },
  },
  GPU_WITHOUT_DRIVER: {
    title: "GPU 的图形驱动",
    messages: {
      bound: "驱动 {driver}",
      none: "没有驱动使用该 GPU",
      "given-away": "{driver} 为客户机占有该 GPU",
    },
    remedies: {
      none: "加载 i915 或 xe 并查看 dmesg；内核命令行中的 nomodeset 或 module_blacklist=i915 会使驱动不加载",
      "given-away":
        "结束占有该 GPU 的客户机，下次启动时重新绑定到 i915（从 vfio-pci.ids 或 xen-pciback.hide 中去掉它）",
    },
  },
  HOST_DISPLAY_ON_GPU: {
    title: "主机自己的显示",
    messages: {
      none: "主机没有在这个 GPU 上显示",
      screen: "{connectors} 接有显示器：主机的帧缓冲会占用切片需要的 aperture，把 GPU 交出去则会失去控制台",
      boot: "固件的显示在这个 GPU 上：把它交出去会失去控制台",
    },
    remedies: {
      screen: "主机不要运行桌面，或在桌面启动之前制作切片；使用 gvt-d 时请准备串口等其他控制台",
      boot: "使用 gvt-d 时请准备串口或 ssh 等其他途径",
    },
  },
  GVT_UNSUPPORTED_PLATFORM: {
    title: "GVT-g 支持的图形平台",
    messages: {
      model: "不认识设备 8086:{id}",
      supported: "GVT-g 支持 {platform}（类型 {types}）",
      "by-xengt": "这个 dom0 内核的 XenGT 支持 {platform}",
      "later-kernel": "GVT-g 从 Linux 5.1 起支持 {platform}，而当前内核是 {kernel}",
      sriov: "GVT-g 不支持 {platform}：它止于第 10 代。这个平台改用 SR-IOV",
      "xengt-2016": "GVT-g 不支持 {platform}；只有 2015 至 2016 年的 XenGT 支持过",
      never: "GVT-g 不支持 {platform}，也没有 SR-IOV：只能整个交给客户机（gvt-d），或通过渲染共享（gvt-s）",
    },
    remedies: {
      "later-kernel": "使用更新的内核，最好是 5.10 或更高版本",
      sriov: "请使用 sriov：vgpuctl doctor --mode sriov 会说明需要什么",
      "xengt-2016": "请使用 gvt-d 或 gvt-s",
      never: "请使用 gvt-d 或 gvt-s；在这个 GPU 上 enable_gvt=Y 没有意义",
    },
  },
  GVT_DRIVER_UNFIT: {
    title: "由 i915 驱动的 GPU",
    messages: {
      i915: "i915 驱动该 GPU",
      other: "{driver} 驱动该 GPU，而只有 i915 有 GVT-g",
    },
    remedies: { other: "让 i915 驱动它：从内核命令行去掉 xe.force_probe 和 module_blacklist=i915" },
  },
  APERTURE_TOO_SMALL: {
    title: "容得下切片的 aperture",
    messages: {
      "not-assigned": "GPU 的 BAR 2 没有分配",
      fits: "aperture 为 {mib} MiB",
      small:
        "aperture 为 {mib} MiB，其中主机占用 128 MiB：放不下任何类型，内核也不列出类型。{best} MiB 时可有其中一种：{room}",
    },
    remedies: {
      small: "在固件设置（Graphics 或 System Agent Configuration）中把 Aperture Size 设为 {best} MB",
    },
  },
  APERTURE_TOO_LARGE: {
    title: "留有地址空间的 aperture",
    messages: {
      "not-assigned": "GPU 的 BAR 2 没有分配",
      fits: "aperture 为 {mib} MiB",
      large:
        "aperture 为 {mib} MiB，占满了图形地址空间：内核显示有余量，但每次创建都会以 ENOSPC 失败。{best} MiB 时可有其中一种：{room}",
    },
    remedies: { large: "在固件设置中把 Aperture Size 设为 {best} MB" },
  },
  APERTURE_NOT_BEST: {
    title: "余量最大的 aperture",
    messages: {
      "not-assigned": "GPU 的 BAR 2 没有分配",
      best: "aperture 为 {mib} MiB：可有其中一种 {room}",
      other: "aperture 为 {mib} MiB：可有其中一种 {room}；{best} MiB 时可有其中一种 {best_room}",
    },
    remedies: { other: "如果固件设置提供，请把 Aperture Size 设为 {best} MB" },
  },
  VGPU_TYPES_MISSING: {
    title: "内核提供的 vGPU 类型",
    messages: {
      xen: "在 Xen 下内核不列出类型",
      offered: "内核提供 {types}",
      absent: "该 GPU 不是中介设备的父设备",
      empty: "该 GPU 是中介设备的父设备，但没有提供任何类型",
    },
    remedies: {
      absent: "已知的原因都不能解释：请在 dmesg 中查找 gvt",
      empty: "已知的原因都不能解释：请在 dmesg 中查找 gvt",
    },
  },
  IOMMU_GROUP_MISSING: {
    title: "GPU 的 IOMMU 组",
    messages: {
      xen: "在 Xen 下 IOMMU 归虚拟机管理程序管理",
      group: "IOMMU 组 {group}",
      none: "该 GPU 不在任何 IOMMU 组中",
    },
    remedies: { none: "从内核命令行去掉 intel_iommu=igfx_off，它会把显卡排除在外" },
  },
  IOMMU_GROUP_SHARED: {
    title: "独立的 IOMMU 组",
    messages: {
      xen: "在 Xen 下 IOMMU 归虚拟机管理程序管理",
      "no-group": "该 GPU 不在任何 IOMMU 组中",
      alone: "组 {group} 中没有主机的其他设备",
      shared: "组 {group} 中还有 {mates}：vfio 只能把整个组一起交出",
    },
    remedies: { shared: "把这些设备也交给 vfio-pci，或把显卡插到另一个插槽" },
  },
  RENDER_NODE_MISSING: {
    title: "渲染节点",
    messages: {
      there: "/dev/dri/{node}",
      made: "驱动已建立 {node}；在此处看不到 /dev/dri",
      none: "驱动没有建立渲染节点",
      "no-file": "不存在 /dev/dri/{node}",
    },
    remedies: {
      none: "在 dmesg 中查找 i915 或 xe",
      "no-file": "检查 udev 是否在运行；在容器中请把 /dev/dri 交给它",
    },
  },
  SRIOV_UNSUPPORTED_PLATFORM: {
    title: "带 SR-IOV 的图形平台",
    messages: {
      model: "不认识设备 8086:{id}",
      xe: "xe 可以制作 {platform} 的虚拟功能",
      "xe-forced": "指定由 xe 驱动（xe.force_probe）时，xe 可以制作 {platform} 的虚拟功能",
      "i915-dkms":
        "内核之外编译的 i915（i915-sriov-dkms）可以制作 {platform} 的虚拟功能；内核 {kernel} 自带的不行",
      kernel: "{platform} 有 SR-IOV，但内核 {kernel} 没有相应的驱动",
      platform: "{platform} 没有 SR-IOV",
    },
    remedies: {
      kernel: "使用内核 7.1 或更高版本，其中的 xe 支持",
      platform: "使用其他模式：第 10 代及以前用 GVT-g，任何平台都可用 gvt-d 或 gvt-s",
    },
  },
  SRIOV_NOT_OFFERED: {
    title: "设备提供的 SR-IOV",
    messages: {
      offered: "设备最多可有 {total} 个虚拟功能",
      absent: "设备没有显示 SR-IOV",
      zero: "设备有 SR-IOV，但其驱动不允许制作虚拟功能",
      odd: "sriov_totalvfs 不是虚拟功能的数目：{value}",
    },
    remedies: {
      absent: "在固件设置中打开 SR-IOV，以及 Above 4G Decoding 和 VT-d",
      zero: "参见 SRIOV_DRIVER_UNFIT 和 SRIOV_LIMIT_ZERO；若两者都正常，请在 dmesg 中查看 i915 或 xe",
    },
  },
  SRIOV_DRIVER_UNFIT: {
    title: "能制作虚拟功能的驱动",
    messages: {
      xe: "xe 驱动该 GPU",
      "xe-without": "xe 驱动该 GPU，但在这个内核中没有 {platform} 的 SR-IOV",
      i915: "带 SR-IOV 的 i915 驱动该 GPU（{folder}）",
      "i915-port": "带 SR-IOV 的 i915 驱动该 GPU，但没有使用 SR-IOV",
      "mainline-i915": "内核自带的 i915 驱动该 GPU，它没有 SR-IOV",
      other: "{driver} 驱动该 GPU，它不能制作虚拟功能",
    },
    remedies: {
      "mainline-i915":
        "安装 i915-sriov-dkms，或由 xe 驱动（xe.force_probe=ID i915.force_probe=!ID，内核 7.1 或更高版本）",
      "xe-without": "由带 SR-IOV 的 i915 驱动它（i915-sriov-dkms，module_blacklist=xe）",
      other: "由带 SR-IOV 的 i915 或 xe 驱动它",
    },
  },
  SRIOV_LIMIT_ZERO: {
    title: "驱动允许制作的虚拟功能",
    messages: {
      "no-driver": "没有带 SR-IOV 的驱动使用该 GPU",
      set: "{driver}.max_vfs 为 {value}",
      evident: "这个 i915 以物理功能运行，因此允许制作虚拟功能",
      odd: "{driver}.max_vfs 不是数字：{value}",
      unlimited: "没有设置 xe.max_vfs，在这个内核中表示不限",
      "default-unknown": "没有设置 xe.max_vfs，它在这个内核中的含义未知",
      zero: "{driver}.max_vfs 为 0",
      default: "没有设置 {driver}.max_vfs，在这个驱动中即为 0",
    },
    remedies: {
      zero: "以 {driver}.max_vfs=7 启动",
      default: "以 {driver}.max_vfs=7 启动；i915 还需要 i915.enable_guc=3",
    },
  },
  SRIOV_AUTOPROBE: {
    title: "不让主机驱动占用虚拟功能",
    messages: {
      absent: "设备没有显示 SR-IOV",
      off: "新的虚拟功能不会被占用",
      on: "主机的驱动会占用每个新的虚拟功能，之后还要再收回",
    },
    remedies: { on: "制作虚拟功能之前，对设备执行 echo 0 > sriov_drivers_autoprobe" },
  },
  SRIOV_ADMIN_MISSING: {
    title: "虚拟功能的设置",
    messages: {
      "not-xe": "不适用于这个驱动",
      there: "xe 通过 sriov_admin 接受设置",
      missing: "这个 xe 没有 sriov_admin：虚拟功能如何分享 GPU 由驱动决定",
    },
    remedies: { missing: "要设置配额和优先级，请使用内核 6.19 或更高版本" },
  },
};
