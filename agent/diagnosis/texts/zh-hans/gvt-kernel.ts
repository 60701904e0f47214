// In Simplified Chinese: GVT-g in the running kernel, and XenGT in that of dom0.
import type { gvtKernel as english } from "../en/gvt-kernel.ts";
import type { Same } from "../text.ts";

export const gvtKernel: Same<typeof english> = {
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
      "not-set":
        "没有找到设置 i915.enable_gvt 的地方（内核命令行，以及 /etc、/run、/usr/lib 和 /lib 下的 modprobe.d），而默认为关闭",
    },
    remedies: {
      off: "在内核命令行加上 i915.enable_gvt=1，或在 /etc/modprobe.d 的文件中写入 options i915 enable_gvt=1 并更新 initramfs（update-initramfs -u 或 dracut -f），然后重新启动；启动之后无法再打开",
      "not-yet": "重新启动；若 i915 从 initramfs 加载，请先更新它（update-initramfs -u 或 dracut -f）",
      "not-set":
        "在内核命令行加上 i915.enable_gvt=1，或在 /etc/modprobe.d 的文件中写入 options i915 enable_gvt=1 并更新 initramfs（update-initramfs -u 或 dracut -f），然后重新启动；启动之后无法再打开",
    },
  },
  GVT_GUC_CONFLICT: {
    title: "不由 GuC 提交命令",
    messages: {
      xen: "在 Xen 下由另一种内核制作切片",
      "not-set":
        "没有找到设置 i915.enable_guc 的地方（内核命令行，以及 /etc、/run、/usr/lib 和 /lib 下的 modprobe.d）",
      "no-submission": "i915.enable_guc 为 {value}：不由 GuC 提交命令",
      odd: "i915.enable_guc 为 {value}，不是数字",
      "no-graphics": "i915.enable_guc 为 {value}：打开 GVT-g 时，这个内核的 i915 完全无法启动，主机没有图形",
      "not-read":
        "i915.enable_guc 为 {value}；尚不清楚这个内核（5.0 至 5.9）的 i915 是否会在 GVT-g 支持的 GPU 上由 GuC 提交命令",
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
      loaded: "已加载",
      "not-loaded": "未加载：{missing}",
    },
    remedies: { "not-loaded": "执行 modprobe -a {missing}，然后 modprobe -r kvmgt && modprobe kvmgt" },
  },
  VFIO_NOT_LOADED: {
    title: "vfio 的模块",
    messages: {
      xen: "在 Xen 下设备由 pciback 交给客户机",
      loaded: "vfio 已加载",
      missing: "未加载：{missing}",
    },
    remedies: {
      missing: "加载它们（modprobe -a {missing}），并在 /etc/modules-load.d 中写入文件以便每次启动时加载",
    },
  },
  VFIO_PCI_MISSING: {
    title: "把 PCI 功能交给客户机的驱动",
    messages: {
      xen: "在 Xen 下设备由 pciback 交给客户机",
      "no-gpu": "本主机没有可交出的 Intel GPU",
      there: "vfio-pci 已加载",
      loadable: "vfio-pci 未加载；没有发现妨碍 vgpud 的单元加载它的设置",
      "not-built": "内核 {kernel} 编译时没有包含 vfio-pci",
      denied: "vfio-pci 未加载，且被禁止加载：{denial}",
      "not-loaded": "vfio-pci 未加载，尽管 vgpud 的单元要求加载",
    },
    remedies: {
      "not-built": "启动带有 CONFIG_VFIO_PCI 的内核",
      denied: "去掉该设置，然后执行 modprobe vfio-pci",
      "not-loaded": "执行 modprobe vfio-pci；如果失败，请查看其提示，并确认已安装内核模块的软件包",
    },
  },
  GVT_TROUBLE_IN_LOG: {
    title: "GVT-g 在内核日志中的记录",
    messages: {
      quiet: "内核日志中没有 GVT-g 的问题",
      "not-readable": "询问者无权读取内核日志（kernel.dmesg_restrict）",
      "not-copied": "这个目录树中没有内核日志：没有 var/log/dmesg",
      unsupported: "启动以来内核曾称 GVT-g 不支持这个 GPU：{line}",
      guest: "启动以来内核曾称因为本机是客户机而关闭了 GVT-g：{line}",
      guc: "启动以来内核曾称 GVT-g 与由 GuC 提交命令不能并存：{line}",
      failsafe:
        "启动以来曾有客户机的驱动与其 vGPU 不合，vGPU 进入了 failsafe 模式，在客户机重新启动之前没有显示（{lines} 行，最后一行：{line}）",
      "no-space":
        "启动以来曾因主机的图形地址空间中没有足够大的连续区间而未能制作切片（{lines} 行，最后一行：{line}）",
    },
    remedies: {
      "not-copied": "把那台主机上 dmesg 的输出放到目录树的 var/log/dmesg 中",
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
      "not-registered":
        "在 dom0 内核（不是 Xen）的命令行加上 i915.enable_gvt=1 后重新启动，并在其 dmesg 中查找 gvt",
      missing:
        "XenGT 从未进入主线内核：请使用带 CONFIG_DRM_I915_GVT_XENGT 的 gvt-linux 内核并加载 xengt，或把整个 GPU 交给客户机（gvt-d）",
    },
  },
  XEN_PCIBACK_MISSING: {
    title: "把 PCI 功能交给 Xen 客户机的驱动",
    messages: {
      "no-gpu": "本主机没有可交出的 Intel GPU",
      "not-xen": "只有在 Xen 下设备才由 pciback 交给客户机",
      there: "xen-pciback 已加载",
      "not-built": "内核 {kernel} 编译时没有包含 xen-pciback",
      denied: "xen-pciback 未加载，且被禁止加载：{denial}",
      absent: "xen-pciback 未加载，且不在为内核 {kernel} 安装的模块之中",
      "not-loaded": "xen-pciback 未加载",
    },
    remedies: {
      "not-built": "启动带有 CONFIG_XEN_PCIDEV_BACKEND 的内核",
      denied: "去掉该设置，然后执行 modprobe xen-pciback",
      absent:
        "安装含有该内核其余模块的软件包，或启动带有 CONFIG_XEN_PCIDEV_BACKEND 的内核，然后执行 modprobe xen-pciback",
      "not-loaded": "执行 modprobe xen-pciback，并在 /etc/modules-load.d 的文件中写入它以便每次启动时加载",
    },
  },
  DEVICE_MODEL_MISSING: {
    title: "为 XenGT 建立切片的设备模型",
    messages: {
      "not-xen": "本机不是 Xen 主机",
      "no-agent": "只有运行中的 vgpud 知道要使用哪个设备模型",
      "not-needed": "切片由 vgpud 自己建立（xengt.instance_creator: agent）",
      there: "{path} 存在；是否带有 Intel 的补丁，要到第一次建立时才知道",
      missing: "xengt.device_model 为 {path}，而该文件不存在",
      unpatched: "{path} 没有 Intel 的 XenGT 补丁；它输出：{said}",
    },
    remedies: {
      missing:
        "在配置的 xengt.device_model 中指定带有 Intel 的 XenGT 补丁的 QEMU，或把 xengt.instance_creator 设为 agent",
      unpatched:
        "在配置的 xengt.device_model 中指定带有 Intel 的 XenGT 补丁的 QEMU，或把 xengt.instance_creator 设为 agent；在原处换上另一个文件后一分钟内会被发现，其他更改在下次建立时或重启 vgpud 后才会重新检查",
    },
  },
  VIRGL_NOT_ON_XEN: {
    title: "客户机的 virtio 图形",
    messages: {
      "not-xen": "本机不是 Xen 主机",
      xen: "libvirt 的 Xen 驱动没有 virtio 显卡",
    },
    remedies: { xen: "请使用本机 GPU 所支持的 gvt-g 或 gvt-d，或 KVM 主机" },
  },
};
