// In English: what starts the guests.
import type { Text } from "../text.ts";

export const virtualization = {
  LIBVIRT_UNAVAILABLE: {
    title: "an answer of libvirt",
    messages: {
      "not-asked": "libvirt was not asked: {why}",
      answers: "{uri} answers, version {version}",
      away: "{uri} does not answer: {why}",
    },
    remedies: {
      "not-asked":
        "examine the host itself (vgpuctl doctor, there), or write the tree by --bundle there: that asks libvirt and keeps its answer",
      away: "start the daemon (systemctl start libvirtd, or virtqemud.socket), or restart one that runs and does not answer, and see its journal",
    },
  },
  HOSTD_UNAVAILABLE: {
    title: "an answer of vgpud-hostd",
    messages: {
      "no-agent": "only a running vgpud may ask it",
      "not-needed": "no GPU here is one that it could be asked for, or none was looked at yet",
      waits: "{socket} is there and starts vgpud-hostd when a vGPU is first asked for",
      answers: "vgpud-hostd answers at {socket}",
      away: "vgpud-hostd does not answer at {socket}: {why}; without it no vGPU is made or removed, and on a host of Xen nothing is known of its guests",
    },
    remedies: {
      away: "see why (systemctl status vgpud-hostd.socket vgpud-hostd, journalctl -u vgpud-hostd), and start it again (systemctl restart vgpud-hostd.socket vgpud-hostd)",
    },
  },
  LIBVIRT_TOO_OLD: {
    title: "a libvirt that knows vGPUs",
    messages: {
      "not-known": "the version is not known",
      recent: "version {version} has displays for mediated devices",
      "recent-xen": "version {version} passes arguments on to Xen's device model",
      old: "version {version} is older than {least}, the first with displays for mediated devices",
      "old-xen":
        "version {version} is older than {least}, the first that passes arguments on to Xen's device model",
    },
    remedies: {
      old: "update libvirt to {least} or later",
      "old-xen": "update libvirt to {least} or later, or start such guests by xl",
    },
  },
  LIBVIRT_WITHOUT_RAMFB: {
    title: "a libvirt with ramfb for mediated devices",
    messages: {
      xen: "under Xen there are no mediated devices",
      "not-known": "the version is not known",
      has: "version {version} has ramfb for mediated devices",
      lacks:
        "version {version} is older than {least}, the first with ramfb: a guest with a vGPU shows nothing before its graphics driver is loaded",
    },
    remedies: { lacks: "update libvirt to {least} or later" },
  },
  LIBVIRT_WITHOUT_RENDERNODE: {
    title: "a libvirt that can name the GPU to render on",
    messages: {
      xen: "under Xen there is no virtio video",
      "not-known": "the version is not known",
      has: "version {version} can name a render node for egl-headless",
      lacks:
        "version {version} is older than {least}, the first that can name a render node for egl-headless",
    },
    remedies: { lacks: "update libvirt to {least} or later" },
  },
  LIBVIRT_WITHOUT_OVERRIDE: {
    title: "a libvirt that can set options of an integrated GPU",
    messages: {
      xen: "under Xen the device model has options of its own",
      "not-known": "the version is not known",
      has: "version {version} has <qemu:override>",
      lacks: "version {version} is older than {least}, the first that can set x-igd-gms and the like",
    },
    remedies: { lacks: "update libvirt to {least} or later for gvt-d with an integrated GPU" },
  },
  LIBVIRT_DRIVER_UNFIT: {
    title: "libvirt's driver for this hypervisor",
    messages: {
      "not-known": "the driver is not known",
      fits: "{uri} leads to the driver {driver}",
      other: "{uri} leads to the driver {driver}, and this host needs {wanted}",
    },
    remedies: {
      other: "set libvirt.uri in vgpud's configuration: qemu:///system for KVM, xen:///system for Xen",
    },
  },
  LIBVIRT_GUESTS_SUSPEND: {
    title: "what becomes of guests when the host goes down",
    messages: {
      "not-enabled": "libvirt-guests.service is not enabled",
      "not-enabled-xen": "neither libvirt-guests.service nor xendomains is enabled",
      "shuts-down": "libvirt-guests does {value} to guests",
      "xendomains-shuts-down": "xendomains saves no domain when the host goes down",
      told: "libvirt-guests suspends guests when the host goes down, and a guest with a mediated device cannot be suspended: it is killed",
      "by-default":
        "libvirt-guests is enabled and ON_SHUTDOWN is not set: it suspends guests, and a guest with a mediated device cannot be suspended: it is killed",
      "told-xen":
        "libvirt-guests saves domains when the host goes down; what a domain holds of a GPU is not saved with it, so that it does not come back as it was",
      "by-default-xen":
        "libvirt-guests is enabled and ON_SHUTDOWN is not set: it saves domains when the host goes down; what a domain holds of a GPU is not saved with it, so that it does not come back as it was",
      "xendomains-saves":
        "xendomains saves all domains, those of libvirt too, to {folder} when the host goes down; what a domain holds of a GPU is not saved with it, so that it does not come back as it was",
    },
    remedies: {
      told: "set ON_SHUTDOWN=shutdown in {file}",
      "by-default": "set ON_SHUTDOWN=shutdown in {file}",
      "told-xen": "set ON_SHUTDOWN=shutdown in {file}",
      "by-default-xen": "set ON_SHUTDOWN=shutdown in {file}",
      "xendomains-saves":
        "set XENDOMAINS_SAVE= in {file}, so that it shuts domains down, or enable libvirt-guests.service with ON_SHUTDOWN=shutdown",
    },
  },
  QEMU_MISSING: {
    title: "QEMU for x86",
    messages: {
      found: "{path}",
      "not-found-xen": "QEMU for Xen is not where distributions put it; a guest's configuration may name it",
      missing: "QEMU for x86 is not where distributions put it",
    },
    remedies: {
      "not-found-xen":
        "install it, where no configuration names another: apt install qemu-system-xen (since Debian 12)",
      missing: "install it: apt install qemu-system-x86 (qemu-kvm elsewhere)",
    },
  },
  QEMU_WITHOUT_OPENGL: {
    title: "a QEMU that renders for its guests",
    messages: {
      xen: "under Xen there is no virtio video",
      "not-known":
        "libvirt did not say what a guest may have, and QEMU has no modules where distributions put them",
      offered: "libvirt offers guests egl-headless and virtio video",
      module: "{file} is there",
      "not-offered": "libvirt, which has asked QEMU, does not offer guests {lacks}",
      "module-missing":
        "QEMU's modules are there without {file}; libvirt does not see that, and QEMU ends with: missing object type 'virtio-gpu-gl-device'",
    },
    remedies: {
      "not-offered":
        "install QEMU's modules for OpenGL: apt install qemu-system-gui on Debian 12, qemu-system-modules-opengl on later ones, " +
        "dnf install qemu-ui-egl-headless qemu-device-display-virtio-vga-gl on Fedora; Red Hat builds QEMU without them",
      "module-missing":
        "install the package that has it: apt install qemu-system-gui on Debian 12, which recommends it, qemu-system-modules-opengl on " +
        "later ones, dnf install qemu-device-display-virtio-gpu-gl on Fedora; Red Hat builds QEMU without it",
    },
  },
  MEMLOCK_TOO_LOW: {
    title: "leave to lock a guest's memory",
    messages: {
      xen: "under Xen a guest's memory is not locked",
      "no-daemon": "libvirt's daemon is not running, or not to be found",
      raises: "libvirt's daemon may raise the limit for each guest",
      unlimited: "libvirt's daemon has no limit",
      limited:
        "libvirt's daemon may lock {bytes} bytes and may not raise that; all memory of a guest with a vGPU is locked",
    },
    remedies: {
      limited:
        "give the daemon LimitMEMLOCK=infinity (systemctl edit libvirtd), or the container it runs in CAP_SYS_RESOURCE",
    },
  },
  MAC_DENIES_VFIO: {
    title: "leave to open vfio's devices",
    messages: {
      xen: "under Xen no guest opens vfio's devices",
      none: "neither SELinux enforces nor AppArmor is on",
      selinux:
        "SELinux enforces; libvirt labels /dev/vfio/N for each guest, and audit2why names what is denied all the same",
      "no-profile": "AppArmor is on and has no profile for libvirt's guests",
      apparmor: "AppArmor lets guests open /dev/vfio/vfio",
      "apparmor-denies": "AppArmor's profile for libvirt's guests does not let them open /dev/vfio/vfio",
    },
    remedies: {
      "apparmor-denies":
        "add the line '/dev/vfio/vfio rw,' to /etc/apparmor.d/local/abstractions/libvirt-qemu and restart libvirt's daemon, or update libvirt",
    },
  },
  MODE_NOT_SERVED: {
    title: "what this release of vgpud makes",
    messages: {
      served: "this release of vgpud makes vGPUs in each mode that this hypervisor has: {made}",
      "xen-guest": "a guest of Xen has nothing to make vGPUs of",
      none: "this release of vgpud makes no vGPUs on this hypervisor, which is diagnosed only",
      some: "this release of vgpud makes vGPUs on this hypervisor in {made}; {wanting} is diagnosed only",
    },
    remedies: {
      none: "set modes up by hand, or wait for a later release",
      some: "use one of {made}, set the others up by hand, or wait for a later release",
    },
  },
} as const satisfies Record<string, Text>;
