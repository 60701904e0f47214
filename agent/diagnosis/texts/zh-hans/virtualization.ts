// In Simplified Chinese: what starts the guests.
import type { virtualization as english } from "../en/virtualization.ts";
import type { Same } from "../text.ts";

export const virtualization: Same<typeof english> = {
  LIBVIRT_UNAVAILABLE: {
    title: "libvirt 的应答",
    messages: {
      "not-asked": "没有询问 libvirt：{why}",
      answers: "{uri} 有应答，版本 {version}",
      away: "{uri} 没有应答：{why}",
    },
    remedies: {
      "not-asked":
        "请在那台主机上直接检查（运行 vgpuctl doctor），或在那里用 --bundle 生成目录树：它会询问 libvirt 并保存其应答",
      away: "启动守护进程（systemctl start libvirtd，或 virtqemud.socket）；如果它在运行但没有应答，请重启它；并查看其日志",
    },
  },
  HOSTD_UNAVAILABLE: {
    title: "vgpud-hostd 的应答",
    messages: {
      "no-agent": "只有运行中的 vgpud 可以询问它",
      "not-needed": "没有需要它来处理的 GPU，或尚未被查看",
      waits: "{socket} 存在，首次请求 vGPU 时会启动 vgpud-hostd",
      answers: "vgpud-hostd 在 {socket} 有应答",
      away: "vgpud-hostd 在 {socket} 没有应答：{why}；没有它就无法创建或移除 vGPU，在 Xen 主机上也无从得知客户机的情况",
    },
    remedies: {
      away: "查明原因（systemctl status vgpud-hostd.socket vgpud-hostd，journalctl -u vgpud-hostd），并重新启动它（systemctl restart vgpud-hostd.socket vgpud-hostd）",
    },
  },
  LIBVIRT_TOO_OLD: {
    title: "支持 vGPU 的 libvirt",
    messages: {
      "not-known": "版本未知",
      recent: "版本 {version} 支持中介设备的显示",
      "recent-xen": "版本 {version} 可以向 Xen 的设备模型传递参数",
      old: "版本 {version} 早于 {least}，后者才开始支持中介设备的显示",
      "old-xen": "版本 {version} 早于 {least}，后者才开始能向 Xen 的设备模型传递参数",
    },
    remedies: {
      old: "把 libvirt 更新到 {least} 或更高版本",
      "old-xen": "把 libvirt 更新到 {least} 或更高版本，或用 xl 启动这类客户机",
    },
  },
  LIBVIRT_WITHOUT_RAMFB: {
    title: "支持中介设备 ramfb 的 libvirt",
    messages: {
      xen: "在 Xen 下没有中介设备",
      "not-known": "版本未知",
      has: "版本 {version} 支持中介设备的 ramfb",
      lacks: "版本 {version} 早于 {least}，后者才开始支持 ramfb：带 vGPU 的客户机在加载图形驱动之前没有显示",
    },
    remedies: { lacks: "把 libvirt 更新到 {least} 或更高版本" },
  },
  LIBVIRT_WITHOUT_RENDERNODE: {
    title: "能指定渲染 GPU 的 libvirt",
    messages: {
      xen: "在 Xen 下没有 virtio 显卡",
      "not-known": "版本未知",
      has: "版本 {version} 可以为 egl-headless 指定渲染节点",
      lacks: "版本 {version} 早于 {least}，后者才能为 egl-headless 指定渲染节点",
    },
    remedies: { lacks: "把 libvirt 更新到 {least} 或更高版本" },
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
      "not-enabled-xen": "libvirt-guests.service 和 xendomains 都未启用",
      "shuts-down": "libvirt-guests 对客户机执行 {value}",
      "xendomains-shuts-down": "主机关机时 xendomains 不保存任何域",
      told: "主机关机时 libvirt-guests 会挂起客户机，而带中介设备的客户机无法挂起，只会被强行结束",
      "by-default":
        "libvirt-guests 已启用且没有设置 ON_SHUTDOWN：它会挂起客户机，而带中介设备的客户机无法挂起，只会被强行结束",
      "told-xen": "主机关机时 libvirt-guests 会保存域；域所持有的 GPU 部分不会一起保存，因此恢复后与原来不同",
      "by-default-xen":
        "libvirt-guests 已启用且没有设置 ON_SHUTDOWN：主机关机时它会保存域；域所持有的 GPU 部分不会一起保存，因此恢复后与原来不同",
      "xendomains-saves":
        "主机关机时 xendomains 会把所有域（包括 libvirt 的域）保存到 {folder}；域所持有的 GPU 部分不会一起保存，因此恢复后与原来不同",
    },
    remedies: {
      told: "在 {file} 中设置 ON_SHUTDOWN=shutdown",
      "by-default": "在 {file} 中设置 ON_SHUTDOWN=shutdown",
      "told-xen": "在 {file} 中设置 ON_SHUTDOWN=shutdown",
      "by-default-xen": "在 {file} 中设置 ON_SHUTDOWN=shutdown",
      "xendomains-saves":
        "在 {file} 中设置 XENDOMAINS_SAVE=，使其关闭各域；或启用 libvirt-guests.service 并设置 ON_SHUTDOWN=shutdown",
    },
  },
  QEMU_MISSING: {
    title: "x86 的 QEMU",
    messages: {
      found: "{path}",
      "not-found-xen": "在各发行版的常用位置都没有找到 Xen 的 QEMU；客户机的配置可能另有指定",
      missing: "在各发行版的常用位置都没有找到 x86 的 QEMU",
    },
    remedies: {
      "not-found-xen": "若没有配置另行指定，请安装：apt install qemu-system-xen（Debian 12 起）",
      missing: "请安装：apt install qemu-system-x86（其他发行版为 qemu-kvm）",
    },
  },
  QEMU_WITHOUT_OPENGL: {
    title: "能为客户机渲染的 QEMU",
    messages: {
      xen: "在 Xen 下没有 virtio 显卡",
      "not-known": "libvirt 没有说明客户机可以有什么，各发行版的常用位置也没有 QEMU 的模块",
      offered: "libvirt 可以为客户机提供 egl-headless 和 virtio 显卡",
      module: "{file} 存在",
      "not-offered": "libvirt 已询问 QEMU，不能为客户机提供 {lacks}",
      "module-missing":
        "有 QEMU 的模块，但没有 {file}；libvirt 看不出这一点，QEMU 会报错退出：missing object type 'virtio-gpu-gl-device'",
    },
    remedies: {
      "not-offered":
        "安装 QEMU 的 OpenGL 模块：Debian 12 上 apt install qemu-system-gui，更高版本上 qemu-system-modules-opengl，" +
        "Fedora 上 dnf install qemu-ui-egl-headless qemu-device-display-virtio-vga-gl；Red Hat 的 QEMU 不含这些模块",
      "module-missing":
        "安装含有该模块的软件包：Debian 12 上 apt install qemu-system-gui（只是推荐安装），更高版本上 qemu-system-modules-opengl，" +
        "Fedora 上 dnf install qemu-device-display-virtio-gpu-gl；Red Hat 的 QEMU 不含该模块",
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
      xen: "在 Xen 下客户机不打开 vfio 设备",
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
      served: "此版本的 vgpud 能以这个虚拟机管理程序的每种模式制作 vGPU：{made}",
      "xen-guest": "Xen 的客户机没有可用来制作 vGPU 的资源",
      none: "此版本的 vgpud 在这个虚拟机管理程序上不制作 vGPU，只做诊断",
      some: "此版本的 vgpud 在这个虚拟机管理程序上以 {made} 制作 vGPU；对 {wanting} 只做诊断",
    },
    remedies: {
      none: "请手工设置各模式，或等待以后的版本",
      some: "使用 {made}，手工设置其他模式，或等待以后的版本",
    },
  },
};
