// What the simulated libvirt of a Xen host makes of a domain's device model, and of a guest that ends by itself.
import assert from "node:assert/strict";
import { HostdClient } from "../../../agent/host/hostd-client.ts";
import { Connection } from "../../../agent/node-libvirt/connection.ts";
import { StartDomain } from "../../../agent/node-libvirt/constants.ts";
import { subscribe } from "../../../agent/node-libvirt/events.ts";
import { toWire, type DomainRef } from "../../../agent/node-libvirt/domain-ref.ts";
import { Libvirt } from "../../../agent/node-libvirt/libvirt.ts";
import { procedures } from "../../../agent/node-libvirt/remote.gen.ts";
import { until } from "../../e2e/harness/until.ts";
import { SimulatedHost } from "../../fakes/simulated-host.ts";

const UUID = "9d9eda29-a627-4221-9c09-a24423a9c4d6";
const PATCHED = "/usr/lib/xengt/bin/qemu-system-i386";
const HOST = `{ hypervisor: xen, kvmgt: false, xengt: 2015, device_models: [${PATCHED}], gpus: [{ address: "0000:00:02.0", device: "1626", aperture_mib: 1024 }] }`;
const NAMESPACE = "xmlns:xen='http://libvirt.org/schemas/domain/xen/1.0'";
const SIZES = ["-vgt_low_gm_sz", "128", "-vgt_high_gm_sz", "384", "-vgt_fence_sz", "8"];
const XENGT = ["-vga", "xengt", ...SIZES];

interface Wanted {
  readonly emulator?: string;
  readonly words?: readonly string[];
  readonly actions?: string;
}

function guest({ emulator = PATCHED, words = XENGT, actions = "" }: Wanted = {}): string {
  const args = words.map((word) => `<xen:arg value='${word}'/>`).join("");
  return `<domain type='xen' ${NAMESPACE}><name>desk</name><uuid>${UUID}</uuid><memory unit='MiB'>64</memory>
    <os><type arch='x86_64'>hvm</type></os>${actions}<devices><emulator>${emulator}</emulator></devices>
    <xen:commandline>${args}</xen:commandline></domain>`;
}

class Xen implements AsyncDisposable {
  readonly host: SimulatedHost;
  readonly connection: Connection;
  readonly libvirt: Libvirt;
  readonly hostd: HostdClient;

  private constructor(host: SimulatedHost, connection: Connection) {
    this.host = host;
    this.connection = connection;
    this.libvirt = new Libvirt(connection);
    this.hostd = new HostdClient({ socketPath: host.hostdSocket, deadlineMs: 30_000 });
  }

  static async start(yaml = HOST): Promise<Xen> {
    const host = await SimulatedHost.start(yaml);
    return new Xen(host, await Connection.open({ socket: host.libvirtSocket, uri: "xen:///system" }));
  }

  /** Numbers of the guests that have a slice. */
  async slices(): Promise<readonly number[]> {
    const { xengt } = (await this.host.control({ command: "snapshot" })) as {
      xengt: { domid: number }[];
    };
    return xengt.map(({ domid }) => domid);
  }

  async log(): Promise<readonly string[]> {
    const result = await this.hostd.deviceModelLog("desk");
    return result.kind === "log" ? result.lines : [result.kind];
  }

  async find(): Promise<DomainRef> {
    const found = await this.libvirt.lookupDomainByUuid(UUID);
    assert.ok(found);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hostd.close();
    await this.connection.close();
    await this.host[Symbol.asyncDispose]();
  }
}

describe("the device model of a domain on a simulated Xen host", () => {
  it("makes the slice before the guest runs, which stays when the guest has ended", async () => {
    await using xen = await Xen.start();
    const domain = await xen.libvirt.defineDomain(guest());
    const started = await xen.libvirt.startDomain(domain, { flags: StartDomain.paused });
    assert.deepEqual(await xen.libvirt.domainState(started), { state: "paused", reason: "user" });
    const domid = started.id ?? 0;
    assert.deepEqual(await xen.slices(), [domid]);
    assert.match((await xen.log()).join("\n"), new RegExp(`^vGT: .*domid=${domid}, low_gm_sz=128MB`));
    const vgt = { lowGmMib: 128, highGmMib: 384, fences: 8 };
    const told = await xen.hostd.xenDomains();
    assert.deepEqual(told, {
      kind: "xen-domains",
      domains: [{ domid, uuid: UUID, name: "desk", type: "hvm", pciDevices: [], vgt }],
    });
    assert.deepEqual(await xen.hostd.removeVgtInstance(domid), { kind: "held", holders: [] });
    await xen.connection.call(procedures.domainResume, { dom: toWire(started) }, {});
    assert.deepEqual(await xen.libvirt.domainState(started), { state: "running", reason: "unpaused" });
    await xen.libvirt.destroyDomain(started);
    assert.deepEqual(await xen.slices(), [domid]);
    assert.deepEqual(await xen.hostd.removeVgtInstance(domid), { kind: "done" });
    assert.deepEqual(await xen.hostd.removeVgtInstance(domid), { kind: "absent" });
    assert.deepEqual(await xen.slices(), []);
  });

  it("fails the start with libvirt's words when the kernel refuses, and says why in its log", async () => {
    await using xen = await Xen.start();
    const words = ["-vga", "xengt", "-vgt_low_gm_sz", "1024"];
    const domain = await xen.libvirt.defineDomain(guest({ words }));
    await assert.rejects(xen.libvirt.startDomain(domain), {
      ...{ code: 1, domain: 41 },
      message: "internal error: libxenlight failed to create new domain 'desk'",
    });
    assert.equal((await xen.libvirt.domainState(domain)).state, "shut-off");
    assert.equal((await xen.log()).at(-1), "vGT: create_vgt_instance failed: errno=12");
    assert.deepEqual(await xen.slices(), []);
    assert.deepEqual(await xen.hostd.xenDomains(), { kind: "xen-domains", domains: [] });
  });

  it("is Xen's own QEMU when no other is named, which knows none of Intel's options", async () => {
    await using xen = await Xen.start();
    for (const [wanted, says] of [
      [{ emulator: "/usr/lib/xen/bin/qemu-system-i386" }, "unknown vga type: xengt"],
      [{ emulator: "/usr/libexec/xen-qemu-system-i386", words: SIZES }, "-vgt_low_gm_sz: invalid option"],
      [{ emulator: "", words: ["-xengt"] }, "-xengt: invalid option"],
      [{ words: [...XENGT, "-vgt_primary", "1"] }, "-vgt_primary: invalid option"],
      [{ words: ["-vga", "xengt", "-vgt_fence_sz", "none"] }, "vGT: invalid parameters!"],
    ] as const) {
      const domain = await xen.libvirt.defineDomain(guest(wanted));
      await assert.rejects(xen.libvirt.startDomain(domain), {
        message: /failed to create new domain 'desk'/,
      });
      assert.deepEqual(await xen.log(), [`qemu-system-i386: ${says}`]);
    }
    await xen.libvirt.startDomain(await xen.libvirt.defineDomain(guest({ words: ["-vga", "cirrus"] })));
    assert.deepEqual([await xen.log(), await xen.slices()], [[], []]);
  });

  it("makes no slice for want of the driver, nor when it is not to show the card", async () => {
    await using xen = await Xen.start(HOST.replace("xengt: 2015, ", ""));
    const domain = await xen.libvirt.defineDomain(guest());
    await assert.rejects(xen.libvirt.startDomain(domain), { code: 1 });
    assert.equal((await xen.log()).at(-1), "vGT: create_vgt_instance failed: errno=2");
    await xen.libvirt.startDomain(await xen.libvirt.defineDomain(guest({ words: SIZES })));
  });

  it("must be there", async () => {
    await using xen = await Xen.start();
    const domain = await xen.libvirt.defineDomain(guest({ emulator: "/usr/bin/other" }));
    await assert.rejects(xen.libvirt.startDomain(domain), {
      ...{ code: 67, domain: 41 },
      message: "unsupported configuration: emulator '/usr/bin/other' not found",
    });
  });
});

describe("hostd on a simulated Xen host", () => {
  it("tells what others have of XenGT, and what is left, and gives back what nobody has", async () => {
    const mine = `{ name: mine, uuid: ${UUID}, xengt: { low_gm_mib: 100, fences: 8 } }`;
    await using xen = await Xen.start(HOST.replace("{", `{ xl_guests: [${mine}], `));
    const vgt = { lowGmMib: 100, highGmMib: 448, fences: 8 };
    assert.deepEqual(await xen.hostd.xenDomains(), {
      kind: "xen-domains",
      domains: [{ domid: 1, uuid: UUID, name: "mine", type: "hvm", pciDevices: [], vgt }],
    });
    const left = {
      kind: "vgt-resources",
      ...{ lowTotalMib: 1024, lowFreeMib: 796, highTotalMib: 3072, highFreeMib: 2688 },
      ...{ fencesTotal: 32, fencesFree: 20 },
    };
    assert.deepEqual(await xen.hostd.vgtResources(), left);
    assert.equal((await xen.hostd.removeVgtInstance(1)).kind, "held");
    await xen.host.control({ command: "xl-destroy", name: "mine" });
    assert.deepEqual(await xen.hostd.vgtResources(), left);
    assert.deepEqual(await xen.hostd.removeVgtInstance(1), { kind: "done" });
    await xen.host.control({ command: "write-vgt", line: "9,128,384,4" });
    assert.deepEqual(await xen.slices(), [9]);
    await xen.host.control({ command: "write-vgt", line: "-9" });
    await assert.rejects(xen.host.control({ command: "write-vgt", line: "-9" }), /ENODEV/);
  });

  it("finds absent what somebody else removes while it does, and says so of a removal that the kernel refuses", async () => {
    await using xen = await Xen.start();
    await xen.host.control({ command: "write-vgt", line: "9,128,384,4" });
    const refuse = { kind: "REMOVE_FAILS", errno: "EBUSY", times: 1 } as const;
    await xen.host.control({ command: "set-faults", faults: [refuse] });
    const refused = await xen.hostd.removeVgtInstance(9);
    assert.deepEqual(refused.kind === "errno" && [refused.errno, refused.call], ["EBUSY", "write"]);
    const hang = { kind: "REMOVE_BLOCKS", delay_ms: 3_600_000, times: 1 } as const;
    await xen.host.control({ command: "set-faults", faults: [hang] });
    assert.equal((await xen.hostd.removeVgtInstance(9, { deadlineMs: 1000 })).kind, "blocked");
    await xen.host.control({ command: "write-vgt", line: "-9" });
    assert.deepEqual(await xen.slices(), []);
    const joined = xen.hostd.removeVgtInstance(9);
    await xen.host.control({ command: "clear-faults" });
    assert.deepEqual(await joined, { kind: "absent" });
  });

  it("makes a slice for a guest that waits, and says so of one that hangs in the kernel", async () => {
    await using xen = await Xen.start();
    const paused = await xen.libvirt.startDomain(await xen.libvirt.defineDomain(guest({ words: [] })), {
      flags: StartDomain.paused,
    });
    const wish = { domid: paused.id ?? 0, lowGmMib: 128, highGmMib: 384, fences: 4 };
    const faults = [{ kind: "CREATE_LATE", delay_ms: 3_600_000, object: "desk" }] as const;
    await xen.host.control({ command: "set-faults", faults: [...faults] });
    const blocked = await xen.hostd.makeVgtInstance(wish, { deadlineMs: 1000 });
    assert.ok(blocked.kind === "blocked");
    assert.deepEqual(blocked.holders, []);
    // Whoever asks again meanwhile joins the one that waits.
    const again = await xen.hostd.makeVgtInstance(wish, { deadlineMs: 1000 });
    assert.equal(again.kind === "blocked" && again.childPid, blocked.childPid);
    assert.deepEqual(await xen.slices(), []);
    await xen.host.control({ command: "clear-faults" });
    await until("it is made", async () => (await xen.slices()).length === 1);
    const late = await xen.hostd.makeVgtInstance(wish);
    assert.equal(late.kind === "errno" && late.errno, "EINVAL");
    assert.deepEqual(await xen.slices(), [paused.id]);
    const refused = await xen.hostd.makeVgtInstance({ ...wish, domid: 500, lowGmMib: 4096 });
    assert.deepEqual(refused.kind === "errno" && [refused.errno, refused.call], ["ENOMEM", "write"]);
  });
});

describe("a guest that ends by itself on a simulated Xen host", () => {
  it("is started anew when it reboots: another number, another slice, not paused, told in libvirt's order", async () => {
    await using xen = await Xen.start();
    const domain = await xen.libvirt.defineDomain(guest());
    const { id: first = 0 } = await xen.libvirt.startDomain(domain);
    const told: string[] = [];
    const { unsubscribe } = await subscribe(xen.connection, ["domain-lifecycle"], (event) => {
      if (event.kind === "domain-lifecycle") told.push(`${event.change} ${event.domain.id ?? "-"}`);
    });
    await xen.host.control({ command: "guest", domain: "desk", does: "reboot" });
    const again = await xen.find();
    assert.ok(again.id !== undefined && again.id > first);
    assert.deepEqual(await xen.libvirt.domainState(again), { state: "running", reason: "booted" });
    assert.deepEqual(await xen.slices(), [first, again.id]);
    await until("both events have come", () => Promise.resolve(told.length === 2));
    assert.deepEqual(told, [`started ${again.id}`, `stopped ${first}`]);
    await unsubscribe();
  });

  it("is off when its definition wants that, or when it cannot be started again", async () => {
    await using xen = await Xen.start();
    for (const [does, actions, reason] of [
      ["reboot", "<on_reboot>destroy</on_reboot>", "shutdown"],
      ["crash", "", "crashed"],
      ["crash", "<on_crash>coredump-destroy</on_crash>", "crashed"],
      ["poweroff", "", "shutdown"],
    ] as const) {
      const domain = await xen.libvirt.startDomain(await xen.libvirt.defineDomain(guest({ actions })));
      await xen.host.control({ command: "guest", domain: "desk", does });
      assert.deepEqual(await xen.libvirt.domainState(domain), { state: "shut-off", reason });
      await xen.hostd.removeVgtInstance(domain.id ?? 0);
    }
    const faults = [{ kind: "CREATE_FAILS", errno: "ENOSPC", object: "desk" }] as const;
    const domain = await xen.libvirt.startDomain(await xen.libvirt.defineDomain(guest()));
    await xen.host.control({ command: "set-faults", faults: [...faults] });
    await xen.host.control({ command: "guest", domain: "desk", does: "reboot" });
    assert.deepEqual(await xen.libvirt.domainState(domain), { state: "shut-off", reason: "shutdown" });
    assert.equal((await xen.log()).at(-1), "vGT: create_vgt_instance failed: errno=28");
  });

  it("is started anew after a crash or a poweroff, or kept, when its definition wants that", async () => {
    await using xen = await Xen.start();
    for (const [does, actions] of [
      ["crash", "<on_crash>restart</on_crash>"],
      ["poweroff", "<on_poweroff>restart</on_poweroff>"],
    ] as const) {
      const { id = 0 } = await xen.libvirt.startDomain(await xen.libvirt.defineDomain(guest({ actions })));
      await xen.host.control({ command: "guest", domain: "desk", does });
      const again = await xen.find();
      assert.ok((again.id ?? 0) > id, does);
      await xen.libvirt.destroyDomain(again);
      for (const domid of await xen.slices()) await xen.hostd.removeVgtInstance(domid);
    }
    const actions = "<on_crash>preserve</on_crash>";
    const { id } = await xen.libvirt.startDomain(await xen.libvirt.defineDomain(guest({ actions })));
    await xen.host.control({ command: "guest", domain: "desk", does: "crash" });
    const kept = await xen.find();
    assert.equal(kept.id, id);
    assert.deepEqual(await xen.libvirt.domainState(kept), { state: "shut-off", reason: "crashed" });
    assert.equal((await xen.hostd.removeVgtInstance(id ?? 0)).kind, "held");
  });
});
