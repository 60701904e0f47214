// vgpuctl doctor where no vgpud runs: of a tree, of a device, and of what a bundle brings.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { extract } from "tar";
import { ConditionStatus } from "../../../proto/gen/vgpud/v1/condition.ts";
import { Backend, Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { DiagnoseResponse } from "../../../proto/gen/vgpud/v1/host_service.ts";
import { diagnosisText } from "../../../agent/cli/view/diagnosis-view.ts";
import { hostTree, linkTo, type Tree } from "../../fakes/host-tree.ts";
import type { Doctor } from "../../../agent/cli/doctor.ts";
import { offlineDoctor } from "../../../agent/doctor/offline.ts";
import { exitCodes } from "../../../agent/cli/errors/exit-codes.ts";
import { matchesGolden, vgpuctl } from "./vgpuctl.ts";

const GPU = "sys/devices/pci0000:00/0000:00:02.0";
const BAR2 = "0x0000000000000000 0x0000000000000000 0x0\n".repeat(2);

/** A Coffee Lake desktop that makes slices, but for what a test takes away. */
const desktop: Tree = {
  "proc/sys/kernel": { hostname: "secret-name", osrelease: "6.12.107-amd64", "random/boot_id": "b-o-o-t" },
  "proc/cmdline": "root=UUID=5ec2e7 ip=10.9.8.7 i915.enable_gvt=1 quiet",
  "proc/cpuinfo": "processor\t: 0\nmodel name\t: i7\nflags\t\t: fpu vmx lm",
  "proc/4711": {
    status: "Name:\tlibvirtd\nCapEff:\t000001ffffffffff",
    limits: "Max locked memory 65536 65536 bytes",
  },
  "run/libvirtd.pid": "4711",
  "sys/module": {
    kvm: { "parameters/ignore_msrs": "Y" },
    kvmgt: { initstate: "live" },
    vfio: { initstate: "live" },
    vfio_iommu_type1: { initstate: "live" },
    i915: { "parameters/enable_gvt": "Y" },
  },
  "sys/class/misc/kvm": { dev: "10:232" },
  "sys/class/mdev_bus": { "0000:00:02.0": linkTo("../../devices/pci0000:00/0000:00:02.0") },
  "sys/bus/pci/devices": { "0000:00:02.0": linkTo("../../../devices/pci0000:00/0000:00:02.0") },
  "sys/bus/pci/drivers/i915/module": "",
  "sys/kernel/iommu_groups/1/devices/0000:00:02.0/uevent": "",
  [GPU]: {
    ...{ vendor: "0x8086", device: "0x3e92", class: "0x030000", boot_vga: "0" },
    resource: `${BAR2}0x0000000040000000 0x000000007fffffff 0x14220c`,
    driver: linkTo("../../../bus/pci/drivers/i915"),
    iommu_group: linkTo("../../../kernel/iommu_groups/1"),
    "drm/renderD128/dev": "226:128",
    "mdev_supported_types/i915-GVTg_V5_4/available_instances": "5",
  },
  "dev/dri/renderD128": "",
  "usr/bin/qemu-system-x86_64": "",
  "vgpud/libvirt.json": '{"answers":true,"uri":"qemu:///system","version":"9.0.0","driver":"QEMU"}',
};

const doctor = (...argv: readonly string[]) => vgpuctl(undefined, ["doctor", ...argv]);

describe("vgpuctl doctor without vgpud", () => {
  it("says of a good host that nothing stands in the way of slices", async () => {
    await using tree = await hostTree(desktop);
    const { stdout, exitCode } = await doctor("--host-root", tree.root, "--mode", "gvt-g");
    await matchesGolden("doctor-good.txt", stdout);
    assert.equal(exitCode, exitCodes.ok);
  });

  it("names what stands in the way, the file and what to do, and ends as unfit", async () => {
    const i915 = { "parameters/enable_gvt": "N" };
    await using tree = await hostTree({
      ...desktop,
      "proc/cmdline": "root=UUID=5ec2e7 quiet",
      "sys/module": { kvm: { initstate: "live" }, i915 },
      "sys/class/mdev_bus": {},
    });
    const { stdout, stderr, exitCode } = await doctor("--host-root", tree.root, "--mode", "gvt-g");
    await matchesGolden("doctor-gvt-off.txt", stdout);
    assert.equal(stderr, "");
    assert.equal(exitCode, exitCodes.unfit);
    const chinese = await doctor("--host-root", tree.root, "--mode", "gvt-g", "--lang", "zh-Hans");
    await matchesGolden("doctor-gvt-off.zh.txt", chinese.stdout);
  });

  it("takes its language from the locale", async () => {
    const locale = "zh_CN.UTF-8";
    const { stdout } = await vgpuctl("/nowhere", ["doctor", "--pci-id", "8086:4c8a"], { locale });
    assert.match(stdout, /不支持 Rocket Lake/);
    const traditional = { locale: "zh_TW.UTF-8" };
    const other = await vgpuctl("/nowhere", ["doctor", "--pci-id", "8086:4c8a"], traditional);
    assert.match(other.stdout, /does not drive Rocket Lake/, "which is not written as on the mainland");
  });

  it("knows since which kernel a GPU can be had", async () => {
    const prospect = async (id: string, kernel: string): Promise<readonly [number, string]> => {
      const { stdout, exitCode } = await vgpuctl("/nowhere", ["doctor", "--pci-id", id, "--kernel", kernel]);
      return [exitCode, stdout];
    };
    const [old, text] = await prospect("8086:5912", "4.4");
    assert.equal(old, exitCodes.ok, "other modes are there");
    assert.match(text, /GVT-g drives Kaby Lake since Linux 4\.10, and 4\.4 is older/);
    assert.doesNotMatch((await prospect("8086:5912", "4.10"))[1], /is older/);
    assert.match((await prospect("8086:3e92", "4.19"))[1], /since Linux 5\.1, and 4\.19 is older/);
  });

  it("says how this machine is examined where no vgpud answers", async () => {
    const { stderr, exitCode } = await vgpuctl("/nowhere", ["doctor", "--mode", "gvt-g"]);
    assert.match(stderr, /^hint: without vgpud: vgpuctl doctor --mode gvt-g --host-root \/$/m);
    assert.equal(exitCode, exitCodes.unreachable);
  });

  it("tells what one GPU certainly has not from what is not known of another", () => {
    const [first, second] = ["0000:00:02.0", "0000:03:00.0"];
    const reason = "SRIOV_UNSUPPORTED_PLATFORM";
    const verdictOf = (gpu: string) => ({
      gpu,
      modes: [{ mode: Mode.SRIOV, backend: Backend.SRIOV, available: false, reason, served: true }],
    });
    const response = DiagnoseResponse.fromPartial({
      conditions: [
        { reason, gpu: first, status: ConditionStatus.FAIL },
        { reason, gpu: second, status: ConditionStatus.UNKNOWN },
      ],
      verdicts: [first, second].map(verdictOf),
    });
    const [table] = diagnosisText(response, { all: false, language: "en", kernel: undefined });
    assert.ok(table?.kind === "table");
    const possible = table.rows.map((cells) => JSON.stringify(cells[3]));
    assert.match(possible[0] ?? "", /"no"/);
    assert.match(possible[1] ?? "", /"unknown"/);
  });

  it("says of what vgpud makes that it makes none while the GPU or the host is drained, and by which condition", () => {
    const [first, second] = ["0000:00:02.0", "0000:03:00.0"];
    const [made, byHand, impossible] = [
      { mode: Mode.GVT_G, backend: Backend.KVMGT, available: true, reason: "", served: true },
      { mode: Mode.GVT_D, backend: Backend.PASSTHROUGH, available: true, reason: "", served: false },
      { mode: Mode.SRIOV, backend: Backend.SRIOV, available: false, reason: "SRIOV_ABSENT", served: true },
    ];
    const told = (reason: string, gpu: string): readonly unknown[] => {
      const [table] = diagnosisText(
        DiagnoseResponse.fromPartial({
          conditions: [{ reason, gpu, status: ConditionStatus.FAIL }],
          verdicts: [
            { gpu: first, modes: [made, byHand, impossible] },
            { gpu: second, modes: [made] },
          ],
        }),
        { all: false, language: "en", kernel: undefined },
      );
      assert.ok(table?.kind === "table");
      return table.rows.map((cells) => cells.slice(3));
    };
    const [yes, no] = [
      { text: "yes", style: "good" },
      { text: "no", style: "bad" },
    ];
    const drained = (reason: string) => [yes, { text: "drained", style: "warn" }, reason];
    const others = [
      [yes, "no", ""],
      [no, undefined, "SRIOV_ABSENT"],
    ];
    assert.deepEqual(told("HOST_DRAINED", ""), [drained("HOST_DRAINED"), ...others, drained("HOST_DRAINED")]);
    assert.deepEqual(told("GPU_DRAINED", first), [drained("GPU_DRAINED"), ...others, [yes, "yes", ""]]);
  });

  it("does not doubt what a driver shows by having it", async () => {
    await using tree = await hostTree({
      ...desktop,
      "proc/sys/kernel": { hostname: "server", osrelease: "6.19.0", "random/boot_id": "b-o-o-t" },
      "sys/bus/pci/devices": { "0000:00:02.0": linkTo("../../../devices/pci0000:00/0000:00:02.0") },
      [GPU]: {
        ...{ vendor: "0x8086", device: "0x56c0", class: "0x038000", boot_vga: "0", sriov_totalvfs: "7" },
        driver: linkTo("../../../bus/pci/drivers/xe"),
        iommu_group: linkTo("../../../kernel/iommu_groups/1"),
      },
    });
    const { stdout } = await doctor("--host-root", tree.root, "--mode", "sriov", "--all");
    assert.doesNotMatch(stdout, /^UNKNOWN +SRIOV_UNSUPPORTED_PLATFORM/m);
    assert.match(stdout, /^- +SRIOV_UNSUPPORTED_PLATFORM.*\n +cannot be told by itself, and SRIOV_/m);
  });

  it("raises no alarm over a mode that the GPU was never made for", async () => {
    await using tree = await hostTree(desktop);
    const { stdout } = await doctor("--host-root", tree.root);
    assert.doesNotMatch(stdout, /^ERROR/m);
    assert.match(stdout, /^INFO +SRIOV_UNSUPPORTED_PLATFORM/m);
    assert.equal((await doctor("--host-root", tree.root, "-o", "name")).stdout, "");
    const asked = await doctor("--host-root", tree.root, "--mode", "sriov", "-o", "name");
    assert.equal(asked.stdout, "SRIOV_UNSUPPORTED_PLATFORM\n", "where it is the answer");
  });

  it("shows of the modes that it is asked for only what concerns them", async () => {
    await using tree = await hostTree({ ...desktop, [`${GPU}/boot_vga`]: "1" });
    for (const [mode, shown] of [
      ["gvt-g", false],
      ["gvt-d", true],
    ] as const) {
      const { stdout } = await doctor("--host-root", tree.root, "--mode", mode);
      assert.equal(/^WARNING +HOST_DISPLAY_ON_GPU/m.test(stdout), shown);
      assert.equal(stdout.includes("HOST_DISPLAY_ON_GPU"), shown);
    }
  });

  it("warns of a framebuffer of the kernel on a GPU that is to be given away", async () => {
    const linked = { "sys/class/graphics/fb0/device": linkTo("../../../devices/pci0000:00/0000:00:02.0") };
    await using tree = await hostTree({ ...desktop, ...linked });
    const { stdout } = await doctor("--host-root", tree.root, "--mode", "gvt-d");
    assert.match(
      stdout,
      /^WARNING +HOST_DISPLAY_ON_GPU.*\n +the kernel has its framebuffer fb0 on this GPU/m,
    );
  });

  it("tells what vgpud makes from what the host could have made by hand", async () => {
    await using tree = await hostTree(desktop);
    const { stdout } = await doctor("--host-root", tree.root);
    assert.match(stdout, /^0000:00:02\.0 +gvt-g +kvmgt +yes +yes /m);
    assert.match(stdout, /^0000:00:02\.0 +gvt-d +passthrough +yes +yes /m);
  });

  for (const [argv, why] of [
    [["--pci-id", "10de:2204"], /vendor 10de is another/],
    [["--pci-id", "nonsense"], /as 8086:9bc5, not 'nonsense'/],
    [["--kernel", "6.12"], /--kernel needs --pci-id/],
    [["--pci-id", "3e92", "--kernel", "new"], /as 6\.12, not 'new'/],
    [["--mode", "gvt-x", "--host-root", "/"], /--mode takes gvt-g, gvt-d, gvt-s, sriov/],
    [["--gpu", "foo", "--host-root", "/"], /--gpu takes a PCI address, as 0000:00:02\.0, not 'foo'/],
    [["--pci-id", "3e92", "--gpu", "0000:00:02.0"], /--pci-id and --gpu exclude each other/],
    [["--bundle", "b.tar.gz", "--mode", "gvt-g"], /--bundle and --mode exclude each other/],
    [["--bundle", "b.tar.gz", "--gpu", "0000:00:02.0"], /--bundle and --gpu exclude each other/],
    [["--bundle", "b.tar.gz", "--all"], /--bundle and --all exclude each other/],
    [["--bundle", "b.tar.gz", "--lang", "en"], /--bundle and --lang exclude each other/],
    [["--bundle", "-"], /does not write to stdout/],
    [["--lang", "fr", "--host-root", "/"], /--lang takes en, zh-Hans, not 'fr'/],
    [["--lang", "zh_TW", "--host-root", "/"], /--lang takes en, zh-Hans, not 'zh_TW'/],
  ] as const)
    it(`refuses ${argv.join(" ")}`, async () => {
      const { stderr, exitCode } = await doctor(...argv);
      assert.match(stderr, why);
      assert.equal(exitCode, exitCodes.usage);
    });

  it("says that a folder is none", async () => {
    const { stderr, exitCode } = await doctor("--host-root", "/nowhere/at/all");
    assert.match(stderr, /--host-root takes a folder, and \/nowhere\/at\/all is none/);
    assert.equal(exitCode, exitCodes.failure);
  });

  it("says that a GPU is none of the host's, and shows one that is, in whatever case", async () => {
    await using tree = await hostTree(desktop);
    const { stdout, stderr, exitCode } = await doctor("--host-root", tree.root, "--gpu", "0000:00:03.0");
    assert.match(stderr, /^error: this host has no Intel GPU 0000:00:03\.0 \[GPU_NOT_FOUND\]\nhint: vgpuctl/);
    assert.equal(stdout, "");
    assert.equal(exitCode, exitCodes.failure);
    const shown = await doctor("--host-root", tree.root, "--gpu", "0000:00:02.0");
    assert.match(shown.stdout, /^0000:00:02\.0 +gvt-g +kvmgt +yes/m);
    const short = await doctor("--host-root", tree.root, "--gpu", "00:02.0");
    assert.equal(short.stdout, shown.stdout);
  });

  it("ends when the user interrupts, however long a file takes", async () => {
    const user = new AbortController();
    const ran = vgpuctl("/nowhere", ["doctor", "--host-root", "/"], {
      signal: user.signal,
      doctor: () => {
        user.abort();
        return new Promise<Doctor>(() => undefined);
      },
    });
    assert.equal((await ran).exitCode, exitCodes.interrupted);
  });

  it("does not pass off a fault of its own as one of the host", async () => {
    const fault = new TypeError("undefined is not a function");
    const broken: Doctor = { ...offlineDoctor, examineTree: () => Promise.reject(fault) };
    const ran = vgpuctl("/nowhere", ["doctor", "--host-root", "/"], {
      doctor: () => Promise.resolve(broken),
    });
    await assert.rejects(ran, fault);
  });

  it("shows names of files without what would drive the terminal, and not endlessly many", async () => {
    const many = Array.from(
      { length: 99 },
      (_, index) => [`z${index}.conf`, "options i915 enable_guc=0"] as const,
    );
    await using tree = await hostTree({
      ...desktop,
      "proc/cmdline": "quiet",
      "sys/module": { kvm: { initstate: "live" }, kvmgt: { initstate: "live" } },
      "sys/class/mdev_bus": {},
      "etc/modprobe.d": {
        ...Object.fromEntries<string>(many),
        "a\u001b[2J.conf": "options i915 enable_gvt=0",
      },
    });
    const { stdout } = await doctor("--host-root", tree.root, "--mode", "gvt-g");
    assert.match(stdout, /seen: \/etc\/modprobe\.d\/a\\u001b\[2J\.conf: options i915 enable_gvt=0/);
    assert.ok(!stdout.includes("\u001b"));
    const json = await doctor("--host-root", tree.root, "-o", "json");
    const { conditions } = JSON.parse(json.stdout) as { conditions: { evidence: unknown[] }[] };
    assert.equal(Math.max(...conditions.map(({ evidence }) => evidence.length)), 32);
  });
});

describe("a bundle of vgpuctl doctor", () => {
  it("is examined as the host it is of, and does not name it", async () => {
    await using tree = await hostTree(desktop);
    const folder = await mkdtemp(path.join(tmpdir(), "vgpud-unpacked-"));
    const file = path.join(folder, "host.tar.gz");
    const unpacked = path.join(folder, "unpacked");
    await mkdir(unpacked);
    const { exitCode } = await doctor("--bundle", file, "--host-root", tree.root);
    assert.equal(exitCode, exitCodes.ok);
    await extract({ file, cwd: unpacked });
    const of = async (root: string): Promise<unknown> => {
      const { stdout } = await doctor("--host-root", root, "-o", "json");
      const { conditions, verdicts } = JSON.parse(stdout) as { conditions: object[]; verdicts: unknown };
      const told = conditions.map((each) => ({ ...each, evidence: undefined }));
      return { told, verdicts };
    };
    assert.deepEqual(await of(unpacked), await of(tree.root));
    const bytes = await everyFile(unpacked);
    for (const secret of ["secret-name", "b-o-o-t", "5ec2e7", "10.9.8.7"])
      assert.ok(!bytes.includes(secret), `${secret} is in the bundle`);
    const again = await doctor("--bundle", file, "--host-root", tree.root);
    assert.match(again.stderr, /host\.tar\.gz exists; name a new file/);
    await rm(folder, { recursive: true });
  });
});

/** All texts below a folder. */
async function everyFile(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = entries
    .filter((entry) => entry.isFile())
    .map((entry) => readFile(path.join(entry.parentPath, entry.name), "utf8"));
  return (await Promise.all(texts)).join("\n");
}
