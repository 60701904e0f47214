// What starts the guests: libvirt, QEMU, and what may keep them from a vGPU.
import { qemuOpengl } from "../../discovery/qemu-opengl.ts";
import { fail, hostCheck, notApplicable, pass, unknown, type HostSubject } from "../condition.ts";
import type { Look } from "../look.ts";

export const libvirtUnavailable = hostCheck({
  code: "LIBVIRT_UNAVAILABLE",
  costs: { "gvt-g": "error", "gvt-d": "error", "gvt-s": "error", sriov: "error" },
  dependsOn: [],
  how: "the agent's connection to libvirt; of a copied tree what was written down when it was copied",
  check: (look, { libvirt }) => {
    if (!libvirt.asked) return Promise.resolve(unknown("not-asked", { why: libvirt.why }));
    const { uri } = libvirt;
    if (!libvirt.answers) {
      look.saw("libvirt", libvirt.why);
      return Promise.resolve(fail("away", { uri, why: libvirt.why }));
    }
    look.saw("libvirt", `${libvirt.driver} driver, version ${libvirt.version}`);
    return Promise.resolve(pass("answers", { uri, version: libvirt.version }));
  },
});

/** Displays of mediated devices; those before 3.2 have no mediated devices at all (libvirt NEWS). */
const LEAST = [4, 6, 0] as const;
/** ramfb, by which a guest shows something before its driver is loaded (libvirt NEWS). */
const WITH_RAMFB = [5, 10, 0] as const;
/** `rendernode` of `<graphics type='egl-headless'>`: which GPU a guest renders on (libvirt NEWS). */
const WITH_RENDERNODE = [5, 0, 0] as const;
/** Arguments for the device model, by which a domain of Xen gets its slice (libvirt NEWS). */
const LEAST_ON_XEN = [6, 7, 0] as const;
/** `<qemu:override>`, which alone can say what an integrated GPU needs when it is given away. */
const WITH_OVERRIDE = [8, 2, 0] as const;

export const libvirtTooOld = hostCheck({
  code: "LIBVIRT_TOO_OLD",
  costs: { "gvt-g": "error" },
  dependsOn: ["LIBVIRT_UNAVAILABLE"],
  how: "the version of the daemon's libvirt",
  check: (look, { libvirt, hypervisor }) => {
    const version = versionSeen(look, libvirt);
    if (version === undefined) return Promise.resolve(unknown("not-known"));
    const xen = hypervisor === "xen";
    const least = xen ? LEAST_ON_XEN : LEAST;
    const values = { version, least: least.join(".") };
    if (isAtLeast(version, least)) return Promise.resolve(pass(xen ? "recent-xen" : "recent", values));
    return Promise.resolve(fail(xen ? "old-xen" : "old", values));
  },
});

export const libvirtWithoutRamfb = hostCheck({
  code: "LIBVIRT_WITHOUT_RAMFB",
  costs: { "gvt-g": "warning" },
  dependsOn: ["LIBVIRT_UNAVAILABLE", "LIBVIRT_TOO_OLD"],
  how: "the version of the daemon's libvirt",
  check: withLibvirt(WITH_RAMFB),
});

export const libvirtWithoutRendernode = hostCheck({
  code: "LIBVIRT_WITHOUT_RENDERNODE",
  costs: { "gvt-s": "error" },
  dependsOn: ["LIBVIRT_UNAVAILABLE"],
  how: "the version of the daemon's libvirt",
  check: withLibvirt(WITH_RENDERNODE),
});

export const libvirtWithoutOverride = hostCheck({
  code: "LIBVIRT_WITHOUT_OVERRIDE",
  costs: { "gvt-d": "warning" },
  dependsOn: ["LIBVIRT_UNAVAILABLE"],
  how: "the version of the daemon's libvirt",
  check: withLibvirt(WITH_OVERRIDE),
});

export const libvirtDriverUnfit = hostCheck({
  code: "LIBVIRT_DRIVER_UNFIT",
  costs: { "gvt-g": "error", "gvt-d": "error", "gvt-s": "error", sriov: "error" },
  dependsOn: ["LIBVIRT_UNAVAILABLE"],
  how: "the driver that the connection's URI leads to, beside the hypervisor",
  check: (look, { libvirt, hypervisor }) => {
    if (!libvirt.asked || !libvirt.answers) return Promise.resolve(unknown("not-known"));
    const { driver, uri } = libvirt;
    look.saw("libvirt", driver);
    const wanted = hypervisor === "xen" ? "Xen" : "QEMU";
    const values = { driver, uri, wanted };
    return Promise.resolve(driver === wanted ? pass("fits", values) : fail("other", values));
  },
});

/** Where distributions put it. */
const EMULATORS = {
  kvm: ["usr/bin/qemu-system-x86_64", "usr/libexec/qemu-kvm", "usr/bin/qemu-kvm", "usr/bin/kvm"],
  // Debian since 12: package qemu-system-xen. What libvirt calls `<emulator>` there is none of these and does not exist: libxl
  // starts the one that it was built with.
  xen: [
    ...["usr/libexec/xen-qemu-system-i386", "usr/lib/xen/bin/qemu-system-i386", "usr/bin/qemu-system-i386"],
    ...["usr/libexec/xen/bin/qemu-system-i386", "usr/lib64/xen/bin/qemu-system-i386"],
  ],
} as const;

/** Older ones of Debian keep what belongs to a version of Xen apart, as in usr/lib/xen-4.17. @throws UnreadableError */
async function ofXenVersions(look: Look): Promise<readonly string[]> {
  const names = await look.names("usr/lib");
  const folders = names.filter((name) => /^xen-\d+\.\d+$/.test(name));
  if (names.length > 0) look.sawOf("usr/lib/", names.join(" "), folders.join(" "));
  return folders.map((folder) => `usr/lib/${folder}/bin/qemu-system-i386`);
}

export const qemuMissing = hostCheck({
  code: "QEMU_MISSING",
  costs: { "gvt-g": "error", "gvt-d": "error", "gvt-s": "error", sriov: "error" },
  dependsOn: [],
  how: "the places where distributions put QEMU for x86; Xen may be told of any other, so that there it is not known to be missing",
  check: async (look, { hypervisor }) => {
    const xen = hypervisor === "xen";
    const places = xen ? [...EMULATORS.xen, ...(await ofXenVersions(look))] : EMULATORS.kvm;
    for (const path of places) if (await look.has(path)) return pass("found", { path: `/${path}` });
    return xen ? unknown("not-found-xen") : fail("missing");
  },
});

export const qemuWithoutOpengl = hostCheck({
  code: "QEMU_WITHOUT_OPENGL",
  costs: { "gvt-s": "error" },
  dependsOn: ["LIBVIRT_UNAVAILABLE", "LIBVIRT_DRIVER_UNFIT", "LIBVIRT_WITHOUT_RENDERNODE", "QEMU_MISSING"],
  how:
    "egl-headless and virtio among the graphics and videos of libvirt's domain capabilities; and where QEMU's modules are in the places " +
    "of distributions, whether the one for virtio-gpu with OpenGL is there, which libvirt does not see",
  check: async (look, { libvirt, hypervisor }) => {
    if (hypervisor === "xen") return notApplicable("xen");
    const offered = libvirt.asked && libvirt.answers ? libvirt.offered : undefined;
    if (offered !== undefined)
      look.saw("libvirt", `graphics: ${offered.graphics.join(" ")}; videos: ${offered.videos.join(" ")}`);
    const opengl = await qemuOpengl((folder) => modulesIn(look, folder), offered);
    if (opengl.has === undefined) return unknown("not-known");
    if (opengl.by === "module") {
      const { file } = opengl;
      return opengl.has ? pass("module", { file }) : fail("module-missing", { file });
    }
    return opengl.has ? pass("offered") : fail("not-offered", { lacks: opengl.lacks.join(", ") });
  },
});

/** Of many modules those for displays are told. @throws UnreadableError */
async function modulesIn(look: Look, folder: string): Promise<readonly string[]> {
  const names = await look.names(folder);
  const displays = names.filter((name) => name.startsWith("hw-display-"));
  if (names.length > 0) look.sawOf(`${folder}/`, names.join(" "), displays.join(" "));
  return names;
}

const CAP_SYS_RESOURCE = 1n << 24n;
/** At most PID_MAX_LIMIT, 4194304 (kernel include/linux/threads.h). */
const PID = /^\d{1,7}$/;
const DAEMON_PIDS = ["run/libvirtd.pid", "run/virtqemud.pid", "run/libvirt/virtqemud.pid"];

export const memlockTooLow = hostCheck({
  code: "MEMLOCK_TOO_LOW",
  costs: { "gvt-g": "warning", "gvt-d": "warning", sriov: "warning" },
  dependsOn: [],
  how:
    "the limit of locked memory of libvirt's daemon (/proc/PID/limits) and whether it may raise it (CAP_SYS_RESOURCE in " +
    "/proc/PID/status): all of a guest's memory is pinned for its vGPU",
  check: async (look, { hypervisor }) => {
    if (hypervisor === "xen") return notApplicable("xen");
    const pid = await daemonPid(look);
    if (pid === undefined) return unknown("no-daemon");
    const status = await look.line(`proc/${pid}/status`, /^CapEff:/);
    const limits = await look.line(`proc/${pid}/limits`, /^Max locked memory/);
    const capabilities = /^CapEff:\s*([0-9a-f]+)/.exec(status ?? "")?.[1];
    if (capabilities !== undefined && (BigInt(`0x${capabilities}`) & CAP_SYS_RESOURCE) !== 0n)
      return pass("raises");
    const limit = /^Max locked memory\s+(\S+)/.exec(limits ?? "")?.[1];
    if (limit === undefined) return unknown("no-daemon");
    return limit === "unlimited" ? pass("unlimited") : fail("limited", { bytes: limit });
  },
});

export const macDeniesVfio = hostCheck({
  code: "MAC_DENIES_VFIO",
  costs: { "gvt-g": "warning", "gvt-d": "warning", sriov: "warning" },
  dependsOn: [],
  how:
    "/sys/module/apparmor/parameters/enabled and whether /etc/apparmor.d/abstractions/libvirt-qemu, or what was added to it in " +
    "/etc/apparmor.d/local, lets QEMU open /dev/vfio/vfio; /sys/fs/selinux/enforce",
  check: async (look, { hypervisor }) => {
    // Its libvirt confines no device model, and what is given away does not pass through vfio.
    if (hypervisor === "xen") return notApplicable("xen");
    if ((await look.text("sys/fs/selinux/enforce")) === "1") return pass("selinux");
    if ((await look.text("sys/module/apparmor/parameters/enabled")) !== "Y") return pass("none");
    const abstraction = "abstractions/libvirt-qemu";
    if (!(await look.has(`etc/apparmor.d/${abstraction}`))) return pass("no-profile");
    for (const path of [`etc/apparmor.d/${abstraction}`, `etc/apparmor.d/local/${abstraction}`]) {
      const rules = await look.lines(path, /^\s*\/dev\/vfio\//);
      if (rules !== undefined && rules.length > 0) return pass("apparmor");
    }
    return fail("apparmor-denies");
  },
});

async function daemonPid(look: Look): Promise<string | undefined> {
  for (const file of DAEMON_PIDS) {
    const text = await look.text(file);
    if (text !== undefined && PID.test(text)) return text;
  }
  return undefined;
}

function versionSeen(look: Look, libvirt: HostSubject["libvirt"]): string | undefined {
  if (!libvirt.asked || !libvirt.answers) return undefined;
  look.saw("libvirt", libvirt.version);
  return libvirt.version;
}

/** Whether libvirt is of that version or later; under Xen there is nothing of the kind. */
function withLibvirt(least: readonly number[]) {
  return (look: Look, { libvirt, hypervisor }: HostSubject) => {
    if (hypervisor === "xen") return Promise.resolve(notApplicable("xen"));
    const version = versionSeen(look, libvirt);
    if (version === undefined) return Promise.resolve(unknown("not-known"));
    const values = { version, least: least.join(".") };
    return Promise.resolve(isAtLeast(version, least) ? pass("has", values) : fail("lacks", values));
  };
}

function isAtLeast(version: string, least: readonly number[]): boolean {
  const parts = version.split(".").map(Number);
  const different = least.findIndex((part, index) => parts[index] !== part);
  return different < 0 || (parts[different] ?? 0) > (least[different] ?? 0);
}
