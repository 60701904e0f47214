// In Simplified Chinese: virtual functions.
import type { sriov as english } from "../en/sriov.ts";
import type { Same } from "../text.ts";

export const sriov: Same<typeof english> = {
  SRIOV_UNSUPPORTED_PLATFORM: {
    title: "带 SR-IOV 的图形平台",
    messages: {
      model: "不认识设备 8086:{id}",
      xe: "xe 可以制作 {platform} 的虚拟功能",
      "xe-forced": "指定由 xe 驱动（xe.force_probe）时，xe 可以制作 {platform} 的虚拟功能",
      "i915-dkms":
        "内核之外编译的 i915（i915-sriov-dkms）可以制作 {platform} 的虚拟功能；内核 {kernel} 自带的不行",
      "kernel-unknown": "{platform} 有 SR-IOV，但尚不清楚内核 {kernel} 的 xe 是否支持",
      kernel: "{platform} 有 SR-IOV，但内核 {kernel} 没有相应的驱动",
      platform: "{platform} 没有 SR-IOV",
    },
    remedies: {
      kernel: "使用内核 7.1 或更高版本，其中的 xe 支持",
      platform: "请使用其他模式，这个 GPU 可能有：{modes}",
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
      absent: "在固件设置中打开 SR-IOV，以及 Above 4G Decoding 和 IOMMU（VT-d，AMD 为 AMD-Vi）",
      zero: "参见 SRIOV_DRIVER_UNFIT 和 SRIOV_LIMIT_ZERO；若两者都正常，请在 dmesg 中查看 i915 或 xe",
    },
  },
  SRIOV_DRIVER_UNFIT: {
    title: "能制作虚拟功能的驱动",
    messages: {
      platform: "{platform} 没有 SR-IOV，与驱动无关",
      xe: "xe 驱动该 GPU",
      "xe-without": "xe 驱动该 GPU，但在这个内核中没有 {platform} 的 SR-IOV",
      i915: "带 SR-IOV 的 i915 驱动该 GPU（{folder}）",
      "i915-port": "带 SR-IOV 的 i915 驱动该 GPU，但没有使用 SR-IOV",
      "mainline-i915": "内核自带的 i915 驱动该 GPU，它没有 SR-IOV",
      other: "{driver} 驱动该 GPU，它不能制作虚拟功能",
      "xe-alone": "内核 {kernel} 的 xe 本身就能制作虚拟功能",
      "none-known": "没有已知的驱动能在内核 {kernel} 下制作 {platform} 的虚拟功能",
      "from-outside": "内核 {kernel} 没有能制作 {platform} 虚拟功能的驱动：需要在内核之外编译的 i915",
      "to-be-told": "内核 {kernel} 由 i915 驱动 {platform}，它不能制作虚拟功能：指定由 xe 驱动后即可",
    },
    remedies: {
      "mainline-i915":
        "安装 i915-sriov-dkms，或由 xe 驱动（xe.force_probe=ID i915.force_probe=!ID，内核 7.1 或更高版本）",
      "xe-without": "由带 SR-IOV 的 i915 驱动它（i915-sriov-dkms，module_blacklist=xe）",
      other: "由带 SR-IOV 的 i915 或 xe 驱动它",
      "from-outside":
        "购买之前请确认 i915-sriov-dkms 能为该内核编译并允许加载（Secure Boot）；从内核 7.1 起，xe 支持其中大多数平台",
      "to-be-told": "以 xe.force_probe=ID i915.force_probe=!ID 启动，或安装 i915-sriov-dkms",
    },
  },
  SRIOV_LIMIT_ZERO: {
    title: "驱动允许制作的虚拟功能",
    messages: {
      platform: "{platform} 没有 SR-IOV，与驱动无关",
      "no-driver": "没有带 SR-IOV 的驱动使用该 GPU",
      set: "{driver}.max_vfs 为 {value}",
      evident: "这个 i915 以物理功能运行，因此允许制作虚拟功能",
      odd: "{driver}.max_vfs 不是数字：{value}",
      unlimited: "没有找到设置 xe.max_vfs 的地方，在这个内核中表示不限",
      "default-unknown": "没有找到设置 xe.max_vfs 的地方，它在这个内核中的含义未知",
      zero: "{driver}.max_vfs 为 0",
      "zero-in-configfs": "{path} 为 0，它优先于 xe.max_vfs",
      default: "没有找到设置 {driver}.max_vfs 的地方，在这个驱动中即为 0",
    },
    remedies: {
      zero: "以 {driver}.max_vfs=7 启动",
      "zero-in-configfs":
        "从 xe 收回该 GPU，在 {path} 中写入其他数目（或从 configfs 删除该 GPU 的目录），再交还给 xe",
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
    remedies: {
      on: "用 vgpuctl set-functions 制作时无需处理，它会将其关闭；手工制作时，请先对设备执行 echo 0 > sriov_drivers_autoprobe",
    },
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
  SRIOV_USE_UNCOUNTED: {
    title: "虚拟功能对引擎的使用",
    messages: {
      "not-xe": "不适用于这个驱动，它不作统计",
      counted: "xe 作统计，vgpud-hostd 用 perf 读取：vgpud_vgpu_engine_*",
      untried: "xe 作统计，也有 /usr/bin/perf；perf 能否读取，要在有这样的 vGPU 并且 /metrics 被抓取时才知道",
      "no-pmu": "这个 xe 或这个 GPU 的固件不按虚拟功能统计",
      "no-perf": "xe 作统计，但没有用来读取的 perf：没有 vgpud_vgpu_engine_*",
      paranoid:
        "内核不让 vgpud-hostd 用 perf 读取，并且 kernel.perf_event_paranoid 是 {value}：没有 vgpud_vgpu_engine_*",
      "paranoid-untried":
        "kernel.perf_event_paranoid 是 {value}，此时 Debian 和 Ubuntu 的内核不让 vgpud-hostd 读取；这个内核是否如此，要在有这样的 vGPU 并且 /metrics 被抓取时才知道",
      "no-permission": "内核不让 vgpud-hostd 用 perf 读取：没有 vgpud_vgpu_engine_*",
      failed: "perf 没有读到：没有 vgpud_vgpu_engine_*",
    },
    remedies: {
      "no-pmu": "请使用 xe 作此统计的内核，例如 7.1，并配以它认识的 GuC 固件",
      "no-perf": "安装 perf（Debian：linux-perf；Ubuntu：linux-tools-$(uname -r)）；每分钟会再试一次",
      paranoid: "执行 sysctl kernel.perf_event_paranoid=2，并写入 /etc/sysctl.d 下的文件；每分钟会再试一次",
      "paranoid-untried":
        "在 Debian 和 Ubuntu 上：执行 sysctl kernel.perf_event_paranoid=2，并写入 /etc/sysctl.d 下的文件",
      "no-permission":
        "请确认 vgpud-hostd 的单元有 CAP_PERFMON 和 perf_event_open，并且 kernel.perf_event_paranoid 不大于 2；每分钟会再试一次",
      failed: "请按 docs/metrics.md 所示，用 GPU 的事件手工运行 perf stat；每分钟会再试一次",
    },
  },
};
