// In Simplified Chinese: the GPU, whole or in slices of GVT-g.
import type { gpu as english } from "../en/gpu.ts";
import type { Same } from "../text.ts";

export const gpu: Same<typeof english> = {
  GPU_MODEL_UNKNOWN: {
    title: "GPU 的平台",
    messages: {
      known: "{platform}（{generation}，8086:{id}）",
      unknown: "此版本不认识设备 8086:{id}",
      "no-gpu-known": "8086:{id} 不是此版本认识的 GPU；它可能是更新的 GPU，也可能根本不是 GPU",
    },
    remedies: {
      unknown: "请更新 vgpud；lspci -nn -d 8086: 可显示该设备",
      "no-gpu-known": "请核对这是否为 GPU 的设备号；如果是，请更新 vgpud",
    },
  },
  GPU_WITHOUT_DRIVER: {
    title: "GPU 的图形驱动",
    messages: {
      bound: "驱动 {driver}",
      none: "没有驱动使用该 GPU",
      "given-away": "{driver} 为客户机占有该 GPU",
      "as-set": "按照设定（gvt-d 模式），{driver} 为客户机占有该 GPU",
      parked: "该 GPU 已被收回，但在下次启动之前由 {driver} 占有，任何一方都不能使用",
    },
    remedies: {
      none: "加载 i915 或 xe 并查看 dmesg；内核命令行中的 nomodeset 或 module_blacklist=i915 会使驱动不加载",
      "given-away":
        "结束占有该 GPU 的客户机，下次启动时重新绑定到 i915（从 vfio-pci.ids 或 xen-pciback.hide 中去掉它）",
      "as-set": "若属有意则无须处理；否则先销毁占有它的域，再收回：vgpuctl set-mode {gpu} auto",
      parked:
        "重启主机：客户机可能用过的核芯显卡，其驱动不能在此之前安全地重新启动，或者 vgpud 不知道原来的驱动",
    },
  },
  HOST_DISPLAY_ON_GPU: {
    title: "主机自己的显示",
    messages: {
      none: "主机没有在这个 GPU 上显示",
      screen: "{connectors} 接有显示器：主机的帧缓冲会占用切片需要的 aperture，把 GPU 交出去则会失去控制台",
      boot: "固件的显示在这个 GPU 上：把它交出去会失去控制台",
      console: "内核的帧缓冲 {framebuffer} 在这个 GPU 上：把它交出去会失去其上的控制台",
    },
    remedies: {
      screen: "主机不要运行桌面，或在桌面启动之前制作切片；使用 gvt-d 时请准备串口等其他控制台",
      boot: "使用 gvt-d 时请准备串口或 ssh 等其他途径",
      console: "使用 gvt-d 时请准备串口或 ssh 等其他途径",
    },
  },
  GVT_UNSUPPORTED_PLATFORM: {
    title: "GVT-g 支持的图形平台",
    messages: {
      model: "不认识设备 8086:{id}",
      supported: "GVT-g 支持 {platform}（类型 {types}）",
      "by-xengt": "这个 dom0 内核的 XenGT 支持 {platform}",
      "later-kernel": "GVT-g 从 Linux {since} 起支持 {platform}，而内核 {kernel} 更旧",
      sriov: "GVT-g 不支持 {platform}，这个平台改用 SR-IOV",
      "sriov-later": "GVT-g 不支持 {platform}，这个平台改用 SR-IOV，而内核 {kernel} 没有相应的驱动",
      "xengt-2016": "GVT-g 不支持 {platform}；只有 2015 至 2016 年的 XenGT 和 KVMGT 支持过",
      "kvmgt-2016": "{kernel} 带有 2015 至 2016 年的 KVMGT，它的文件与 XenGT 相同，vgpud 不支持它",
      never: "GVT-g 不支持 {platform}，它也没有 SR-IOV",
      "kvm-only": "在 Xen 下无法制作 {platform} 的切片：XenGT 只支持 Haswell 至 Kaby Lake",
    },
    remedies: {
      "later-kernel": "使用更新的内核，最好是 5.10 或更高版本",
      sriov: "如果具备所需条件（--mode sriov 会显示），请使用 sriov，否则使用其中之一：{modes}",
      "sriov-later": "请使用其中之一：{modes}；或在内核 7.1 或更高版本上使用 sriov",
      "xengt-2016": "请使用其中之一：{modes}",
      "kvmgt-2016": "使用更新的内核，最好是 5.10 或更高版本，其 kvmgt 可以制作 {platform} 的切片",
      never: "请使用其中之一：{modes}；i915.enable_gvt=1 在这个 GPU 上没有意义，尽管读出来是 Y",
      "kvm-only": "请使用其中之一：{modes}；或改用 KVM，GVT-g 在 KVM 下支持它",
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
  VGPU_COUNT_UNREADABLE: {
    title: "内核还能创建多少 vGPU",
    messages: {
      xen: "在 Xen 下内核不列出类型",
      before: "XenGT 的剩余量现在无法读取（{why}）；没有切片增减，仍以之前的数值为准",
      xengt: "XenGT 的剩余量无法读取（{why}）：不会在该 GPU 上创建 vGPU",
      counted: "内核给出了每种类型还能创建的数量",
      some: "{types} 还能创建多少无法读取（{why}）：不会创建这些类型",
      none: "任何类型还能创建多少都无法读取（{why}）：不会在该 GPU 上创建 vGPU",
    },
    remedies: {
      some: "请在 dmesg 中查找 i915、gvt 和 hung task；挂起的驱动会自行恢复，或在重启后恢复",
      none: "请在 dmesg 中查找 i915、gvt 和 hung task；挂起的驱动会自行恢复，或在重启后恢复",
      xengt:
        "请查看 journalctl -u vgpud-hostd，并在 dmesg 中查找 i915、vgt 和 hung task；繁忙的主机会稍后应答，vgpud 每次查看都会再问",
    },
  },
  CAPACITY_DISAGREES: {
    title: "内核与 vgpud 的计数一致",
    messages: {
      "no-accounts": "只有运行中的 vgpud 记录已占用和已许诺的资源",
      "no-slices": "vgpud 没有该 GPU 的记录：它不提供切片，或尚未被查看",
      agree: "每种类型的可创建数，内核与 vgpud 相同",
      differ: "还能容纳多少 vGPU，内核与 vgpud 的计数不同（内核 ≠ vgpud：{types}）；以较小者为准",
      unsized:
        "他人创建的 vGPU（{vgpus}）占用多少无从得知：每个按一个实例计算、不计内存，因此实际能容纳的可能少于所示",
      wraps:
        "还能容纳多少 vGPU，内核与 vgpud 的计数不同（内核 ≠ vgpud：{types}）：图形内存的一部分小于为主机保留的量，" +
        "内核的无符号运算发生回绕，每次创建都会失败",
      overcommitted: "按 vgpud 的计算，已有和已许诺的 vGPU 所占超过总量（超出：{excess}）；无法再添加",
    },
    remedies: {
      overcommitted: "如果固件中的 aperture 后来被改小，请改回；否则销毁一些 domain，直到其余的能容纳",
      differ:
        "docs/capacity.md 说明了差异的来源：内核在下次启动前丢失的 vGPU，被固件改小的图形地址空间，或在 XenGT 下为 dom0 保留的多于默认值",
      unsized: "在它们消失之前为其留出余量，或改由 vgpud 或被告知大小的设备模型来创建",
      wraps: "在固件设置中把图形 aperture 设为 256 至 {best} MiB",
    },
  },
  GM_FRAGMENTED: {
    title: "空闲图形内存是否连续",
    messages: {
      "no-accounts": "只有运行中的 vgpud 跟踪 vGPU 的位置",
      "no-slices": "vgpud 没有该 GPU 的记录：它不提供切片，或尚未被查看",
      whole: "据 vgpud 估计，空闲部分中最大的连续块为 low GM {low} MiB、high GM {high} MiB",
      places: "vGPU 的位置未知；可能的原因见 docs/capacity.md",
      pieces:
        "空闲部分合计可容纳 {types}，但没有足够大的连续块：据 vgpud 对 vGPU 位置的估计，最大为 low GM {low} MiB、high GM {high} MiB",
      refused: "空闲部分合计可容纳 {types}，但没有足够大的连续块：内核已拒绝 {refused}（ENOSPC）",
    },
    remedies: {
      pieces: "销毁该 GPU 上位于两个空闲块之间的 vGPU，或改用较小的类型；在此期间优先使用其他 GPU",
      refused: "销毁该 GPU 上位于两个空闲块之间的 vGPU，或改用较小的类型；在此期间优先使用其他 GPU",
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
  GPU_SETTING_DIFFERS: {
    title: "GPU 与其设定一致",
    messages: {
      "no-record": "只有运行中的 vgpud 知道 GPU 的设定",
      "not-set": "没有人为该 GPU 设定模式",
      parked: "该 GPU 已被收回，等待下次启动（见 GPU_WITHOUT_DRIVER）",
      "as-set": "内核中的状态与设定一致（{recorded}）",
      "as-made": "内核中的状态与设定一致（{recorded}），但驱动另作处理的除外：{what}",
      "on-its-way": "vgpud 正在照设定更改：设定为 {recorded}，内核中为 {has}",
      "guest-driver": "设定为 {recorded}，内核中为 {has}：{what} 把该 GPU 留给客户机",
      driver: "设定为 {recorded}，内核中为 {has}：其驱动（{what}）不能建立虚拟功能",
      users: "设定为 {recorded}，内核中为 {has}；仍有使用者，因此不作更改：{what}",
      libvirt: "设定为 {recorded}，内核中为 {has}；libvirt 无应答，无法知道谁在使用：{what}",
      hostd: "设定为 {recorded}，内核中为 {has}；无法查询 xenstore，不知道哪些 Xen 客户机在使用：{what}",
      failed: "设定为 {recorded}，内核中为 {has}；照设定更改失败：{what}",
    },
    remedies: {
      "guest-driver":
        "把该 GPU 重新绑定到其驱动（i915 或 xe），或重启主机，或告知 vgpud 它已整个交出：vgpuctl set-mode GPU gvt-d",
      driver: "参见 SRIOV_DRIVER_UNFIT 和 SRIOV_LIMIT_ZERO；或撤销设定：vgpuctl set-functions GPU 0",
      users: "结束这些使用者，此后 vgpud 会自行更改；或改设为内核中的状态：vgpuctl set-functions GPU COUNT",
      libvirt: "参见 LIBVIRT_UNAVAILABLE；此后 vgpud 会自行更改",
      hostd: "参见 HOSTD_UNAVAILABLE；此后 vgpud 会自行更改",
      failed: "解决上述问题，vgpud 每分钟重试；或改设为内核中的状态：vgpuctl set-functions GPU COUNT",
    },
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
};
