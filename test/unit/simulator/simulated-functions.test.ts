// PCI functions of a simulator in a process of its own: through hostd's protocol, through libvirt's, and by its control socket.
import assert from "node:assert/strict";
import { readFile, readlink } from "node:fs/promises";
import path from "node:path";
import { HostdClient } from "../../../agent/host/hostd-client.ts";
import { Connection } from "../../../agent/node-libvirt/connection.ts";
import type { DomainRef } from "../../../agent/node-libvirt/domain-ref.ts";
import { Libvirt } from "../../../agent/node-libvirt/libvirt.ts";
import { SimulatedHost } from "../../fakes/simulated-host.ts";

const GPU = "0000:3d:00.0";
const VF = "0000:3d:00.1";
const FLEX = `gpus: [{ address: "${GPU}", device: "56c0", driver: xe, boot_vga: false, total_vfs: 31 }]`;
const HOST = `{ kernel: 7.1.0, ${FLEX} }`;
const UUID = "9d9eda29-a627-4221-9c09-a24423a9c4d6";
const IMPATIENT = { deadlineMs: 1000 };

function domainXml(managed: "yes" | "no", { name = "desk-1", uuid = UUID } = {}): string {
  const address = "<address domain='0x0000' bus='0x3d' slot='0x00' function='0x1'/>";
  const hostdev = `<hostdev mode='subsystem' type='pci' managed='${managed}'><source>${address}</source></hostdev>`;
  return `<domain type='kvm'><name>${name}</name><uuid>${uuid}</uuid><memory unit='MiB'>64</memory><devices>${hostdev}</devices></domain>`;
}

/** Undefined without one. */
async function driverOf(host: SimulatedHost, device: string): Promise<string | undefined> {
  const link = path.join(host.root, "sys/bus/pci/devices", device, "driver");
  return await readlink(link).then(
    (target) => path.basename(target),
    () => undefined,
  );
}

/** A simulated host with its clients. */
class Bench implements AsyncDisposable {
  readonly host: SimulatedHost;
  readonly hostd: HostdClient;
  readonly libvirt: Libvirt;

  private constructor(host: SimulatedHost, libvirt: Libvirt) {
    this.host = host;
    this.hostd = new HostdClient({ socketPath: host.hostdSocket });
    this.libvirt = libvirt;
  }

  static async make(yaml = HOST): Promise<Bench> {
    const host = await SimulatedHost.start(yaml);
    const connection = await Connection.open({
      socket: host.libvirtSocket,
      uri: "qemu:///system",
      keepAlive: { intervalMs: 1000, count: 5 },
    });
    return new Bench(host, new Libvirt(connection));
  }

  /** The domain with the first virtual function, which is made and bound to vfio-pci. */
  async ready(managed: "yes" | "no" = "no"): Promise<DomainRef> {
    assert.deepEqual(await this.hostd.setVirtualFunctions({ gpu: GPU, count: 2 }), { kind: "done" });
    if (managed === "no")
      assert.deepEqual(await this.hostd.bindDriver({ device: VF, driver: "vfio-pci" }), { kind: "done" });
    return await this.libvirt.defineDomain(domainXml(managed));
  }

  driver(device = VF): Promise<string | undefined> {
    return driverOf(this.host, device);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hostd.close();
    await this.host[Symbol.asyncDispose]();
  }
}

describe("the simulated hostd", () => {
  it("makes virtual functions that no driver takes, and binds one", async () => {
    await using bench = await Bench.make();
    await bench.ready();
    assert.deepEqual([await bench.driver(), await bench.driver("0000:3d:00.2")], ["vfio-pci", undefined]);
    assert.deepEqual(await bench.hostd.bindDriver({ device: VF, driver: "none" }), { kind: "done" });
    assert.equal(await bench.driver(), undefined);
    assert.deepEqual(await bench.hostd.setVirtualFunctions({ gpu: GPU, count: 0 }), { kind: "done" });
    assert.deepEqual(await bench.hostd.bindDriver({ device: VF, driver: "none" }), { kind: "absent" });
    assert.deepEqual(await bench.hostd.functionHolders(VF), { kind: "absent" });
  });

  it("gives a virtual function shares, and tells what the driver makes of them", async () => {
    await using bench = await Bench.make();
    await bench.hostd.setVirtualFunctions({ gpu: GPU, count: 2 });
    const values = { execQuantumMs: 200_000, priority: "high", vramBytes: 1_073_741_823 } as const;
    assert.deepEqual(await bench.hostd.setFunctionProfile({ gpu: GPU, number: 2, values }), {
      kind: "profile",
      written: [
        { share: "execQuantumMs", value: 100_000 },
        { share: "vramBytes", value: 1_073_741_824 },
      ],
      notOffered: ["priority"],
    });
    const profile = path.join(bench.host.root, "sys/bus/pci/devices", GPU, "sriov_admin/vf2/profile");
    assert.equal(await readFile(path.join(profile, "exec_quantum_ms"), "utf8"), "100000\n");
    assert.equal(await readFile(path.join(profile, "vram_quota"), "utf8"), "1073741824\n");
  });

  it("passes the kernel's refusals on", async () => {
    await using bench = await Bench.make();
    const result = await bench.hostd.setVirtualFunctions({ gpu: GPU, count: 32 });
    assert.deepEqual(result, {
      kind: "errno",
      errno: "ERANGE",
      call: "write",
      path: path.join(bench.host.root, `sys/devices/pci0000:00/${GPU}/sriov_numvfs`),
    });
  });

  it("touches nothing that a process holds, and names it", async () => {
    await using bench = await Bench.make();
    await bench.ready();
    await bench.host.control({ command: "hold-function", device: VF, pid: 4711, name: "qemu" });
    const holders = [{ pid: 4711, command: "qemu" }];
    const held = { kind: "held", holders };
    assert.deepEqual(await bench.hostd.bindDriver({ device: VF, driver: "none" }), held);
    assert.deepEqual(await bench.hostd.bindDriver({ device: GPU, driver: "vfio-pci" }), held);
    assert.deepEqual(await bench.hostd.setVirtualFunctions({ gpu: GPU, count: 0 }), held);
    assert.deepEqual(await bench.hostd.functionHolders(GPU), { kind: "holders", holders });
    await bench.host.control({ command: "release", pid: 4711 });
    assert.deepEqual(await bench.hostd.bindDriver({ device: GPU, driver: "vfio-pci" }), { kind: "done" });
    assert.equal(await bench.driver(GPU), "vfio-pci");
  });

  it("leaves a GPU its driver while it has an mdev, idle or not, and names who holds that", async () => {
    const gpu = "0000:00:02.0";
    await using bench = await Bench.make(
      `{ gpus: [{ address: "${gpu}", device: "3e98" }], mdevs: [{ uuid: ${UUID}, gpu: "${gpu}", type: i915-GVTg_V5_4 }] }`,
    );
    const wanted = { device: gpu, driver: "vfio-pci" } as const;
    assert.deepEqual(await bench.hostd.bindDriver(wanted), { kind: "held", holders: [] });
    await bench.host.control({ command: "hold", uuid: UUID, pid: 4711, name: "qemu" });
    const holders = [{ pid: 4711, command: "qemu" }];
    assert.deepEqual(await bench.hostd.bindDriver(wanted), { kind: "held", holders });
    assert.equal(await bench.driver(gpu), "i915");
    await bench.host.control({ command: "release", pid: 4711 });
    await bench.host.control({ command: "remove-mdev", uuid: UUID });
    assert.deepEqual(await bench.hostd.bindDriver(wanted), { kind: "done" });
    assert.equal(await bench.driver(gpu), "vfio-pci");
  });

  it("is blocked, and names the holder, while somebody else's change waits for that", async () => {
    await using bench = await Bench.make();
    await bench.ready();
    await bench.host.control({ command: "hold-function", device: VF, pid: 4711, name: "qemu" });
    assert.equal(await bench.host.control({ command: "bind-driver", device: VF, driver: "none" }), "blocked");
    assert.equal(await bench.driver(), undefined);
    assert.equal((await bench.hostd.bindDriver({ device: VF, driver: "none" }, IMPATIENT)).kind, "held");
    await bench.host.control({ command: "release", pid: 4711 });
    assert.deepEqual(await bench.hostd.bindDriver({ device: VF, driver: "none" }), { kind: "done" });
  });

  it("is blocked while somebody removes a held function, whose holder its own address still tells", async () => {
    await using bench = await Bench.make();
    await bench.ready();
    await bench.host.control({ command: "hold-function", device: VF, pid: 4711, name: "qemu" });
    assert.equal(await bench.host.control({ command: "set-vfs", gpu: GPU, count: 0 }), "blocked");
    const set = await bench.hostd.setVirtualFunctions({ gpu: GPU, count: 0 }, IMPATIENT);
    assert.deepEqual(set.kind === "blocked" && set.holders, []);
    const holders = [{ pid: 4711, command: "qemu" }];
    assert.deepEqual(await bench.hostd.functionHolders(VF), { kind: "holders", holders });
    await bench.host.control({ command: "release", pid: 4711 });
    assert.deepEqual(await bench.hostd.setVirtualFunctions({ gpu: GPU, count: 0 }), { kind: "done" });
  });

  it("meets what faults make of the kernel", async () => {
    await using bench = await Bench.make();
    await bench.ready();
    const faults = [
      { kind: "BIND_FAILS", errno: "EPERM", object: VF, times: 1 },
      { kind: "SET_VIRTUAL_FUNCTIONS_FAILS", times: 1 },
    ];
    await bench.host.control({ command: "set-faults", faults });
    const bound = await bench.hostd.bindDriver({ device: VF, driver: "none" });
    assert.equal(bound.kind === "errno" && bound.errno, "EPERM");
    const set = await bench.hostd.setVirtualFunctions({ gpu: GPU, count: 0 });
    assert.equal(set.kind === "errno" && set.errno, "ENOMEM");
    await bench.host.control({
      command: "set-faults",
      faults: [{ kind: "BIND_HANGS" }, { kind: "SET_VIRTUAL_FUNCTIONS_BLOCKS" }],
    });
    const none = { device: VF, driver: "none" } as const;
    assert.equal((await bench.hostd.bindDriver(none, IMPATIENT)).kind, "blocked");
    const zero = { gpu: GPU, count: 0 };
    assert.equal((await bench.hostd.setVirtualFunctions(zero, IMPATIENT)).kind, "blocked");
    await bench.host.control({ command: "clear-faults", names: ["bind-hangs"] });
    assert.deepEqual(await bench.hostd.bindDriver(none), { kind: "done" });
    await bench.host.control({ command: "clear-faults" });
    assert.deepEqual(await bench.hostd.setVirtualFunctions(zero), { kind: "done" });
  });
});

describe("the simulated libvirt, with a PCI function in a domain,", () => {
  it("starts it on one that is bound, shows who holds it, and leaves it bound", async () => {
    await using bench = await Bench.make();
    const { libvirt, hostd } = bench;
    const domain = await libvirt.startDomain(await bench.ready());
    const holders = await hostd.functionHolders(VF);
    assert.ok(holders.kind === "holders");
    const [qemu] = holders.holders;
    assert.deepEqual([qemu?.command, qemu?.domain], ["qemu-system-x86", "desk-1"]);
    const descriptors = path.join(bench.host.root, "proc", String(qemu?.pid), "fd/32");
    assert.equal(await readlink(descriptors), "/dev/vfio/32");
    await libvirt.destroyDomain(domain);
    assert.deepEqual(await hostd.functionHolders(VF), { kind: "holders", holders: [] });
    assert.equal(await bench.driver(), "vfio-pci");
  });

  it("does not start it on one that is missing, not bound, or held by a process", async () => {
    await using bench = await Bench.make();
    const { libvirt, hostd } = bench;
    const domain = await libvirt.defineDomain(domainXml("no"));
    await assert.rejects(libvirt.startDomain(domain), {
      code: 38,
      message: `Device ${VF} not found: could not access /sys/bus/pci/devices/${VF}/config: No such file or directory`,
    });
    await hostd.setVirtualFunctions({ gpu: GPU, count: 1 });
    const notDetached = {
      code: 55,
      message: `Requested operation is not valid: Unmanaged PCI device ${VF} must be manually detached from the host`,
    };
    await assert.rejects(libvirt.startDomain(domain), notDetached);
    // 9.0.0 knows vfio-pci alone.
    await hostd.bindDriver({ device: VF, driver: "xe-vfio-pci" });
    await assert.rejects(libvirt.startDomain(domain), notDetached);
    await hostd.bindDriver({ device: VF, driver: "vfio-pci" });
    await bench.host.control({ command: "hold-function", device: VF, pid: 4711, name: "x" });
    await assert.rejects(libvirt.startDomain(domain), {
      code: 1,
      message: `internal error: qemu unexpectedly closed the monitor: vfio ${VF}: failed to open /dev/vfio/32: Device or resource busy`,
    });
    assert.deepEqual(await libvirt.domainState(domain), { state: "shut-off", reason: "failed" });
  });

  it("does not start a second domain with it", async () => {
    await using bench = await Bench.make();
    await bench.libvirt.startDomain(await bench.ready());
    const second = domainXml("yes", { name: "desk-2", uuid: UUID.replace("9d", "8d") });
    await assert.rejects(bench.libvirt.startDomain(await bench.libvirt.defineDomain(second)), {
      code: 55,
      message: `Requested operation is not valid: PCI device ${VF} is in use by driver QEMU, domain desk-1`,
    });
  });

  it("takes a managed one from the host and gives it back", async () => {
    await using bench = await Bench.make();
    const { libvirt } = bench;
    await bench.host.control({ command: "set-vfs", gpu: GPU, count: 1, autoprobe: true });
    assert.equal(await bench.driver(), "xe");
    const domain = await libvirt.startDomain(await libvirt.defineDomain(domainXml("yes")));
    assert.equal(await bench.driver(), "vfio-pci");
    await libvirt.destroyDomain(domain);
    assert.equal(await bench.driver(), "xe");
    const again = await libvirt.startDomain(domain);
    assert.equal(await bench.driver(), "vfio-pci");
    await libvirt.destroyDomain(again);
  });

  it("says which function it cannot bind", async () => {
    await using bench = await Bench.make();
    const domain = await bench.ready("yes");
    await bench.host.control({ command: "set-faults", faults: [{ kind: "BIND_FAILS", errno: "EINVAL" }] });
    await assert.rejects(bench.libvirt.startDomain(domain), {
      code: 38,
      message: `Failed to add driver 'vfio-pci' to driver_override interface of PCI device '${VF}': Invalid argument`,
    });
  });

  it("gives back what it had taken for a domain that then cannot start", async () => {
    await using bench = await Bench.make();
    const { libvirt, host } = bench;
    await host.control({ command: "set-vfs", gpu: GPU, count: 1, autoprobe: true });
    const slice = `<hostdev mode='subsystem' type='mdev'><source><address uuid='${UUID}'/></source></hostdev></devices>`;
    const domain = await libvirt.defineDomain(domainXml("yes").replace("</devices>", slice));
    await assert.rejects(libvirt.startDomain(domain), /mediated device .* not found/);
    await host.control({ command: "advance", ms: 0 });
    assert.equal(await bench.driver(), "xe");
  });

  it("shows in /proc what a domain with a whole GPU holds", async () => {
    await using bench = await Bench.make();
    const { libvirt, hostd } = bench;
    await hostd.bindDriver({ device: GPU, driver: "vfio-pci" });
    const whole = await libvirt.defineDomain(domainXml("no").replace("function='0x1'", "function='0x0'"));
    await libvirt.startDomain(whole);
    const held = await hostd.bindDriver({ device: GPU, driver: "xe" });
    assert.deepEqual(held.kind === "held" && held.holders.map(({ domain }) => domain), ["desk-1"]);
    const pid = held.kind === "held" ? held.holders[0]?.pid : 0;
    assert.equal(
      await readFile(path.join(bench.host.root, "proc", String(pid), "cmdline"), "utf8"),
      "qemu-system-x86\0-name\0guest=desk-1\0",
    );
  });

  it("gives virtual functions of xe to the variant of VFIO for them, once it knows such", async () => {
    await using bench = await Bench.make();
    await bench.ready("yes");
    await bench.host.control({ command: "replace-libvirt", version: "10.0.0" });
    await using again = await reconnected(bench);
    await again.libvirt.startDomain((await again.libvirt.listDomains())[0] ?? assert.fail());
    assert.equal(await bench.driver(), "xe-vfio-pci");
  });
});

async function reconnected(bench: Bench): Promise<AsyncDisposable & { readonly libvirt: Libvirt }> {
  const connection = await Connection.open({ socket: bench.host.libvirtSocket, uri: "qemu:///system" });
  return {
    libvirt: new Libvirt(connection),
    [Symbol.asyncDispose]: async () => {
      await connection.close();
    },
  };
}
