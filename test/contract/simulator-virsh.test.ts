// Real virsh is the judge of the simulated libvirt: what it says of a domain's life must be what it says of a real one.
import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { createInterface, type Interface } from "node:readline";
import { promisify } from "node:util";
import { HostdClient } from "../../agent/host/hostd-client.ts";
import { SimulatedHost } from "../fakes/simulated-host.ts";
import { installed } from "./real-libvirtd.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const run = promisify(execFile);
const GPU = "0000:00:02.0";
const TYPE = "i915-GVTg_V5_4";
const VGPU = "76677075-0000-8000-8000-000000000001";
const DEVICE = `mdev_${VGPU.replaceAll("-", "_")}_0000_00_02_0`;
const UUID = "9d9eda29-a627-4221-9c09-a24423a9c4d6";
const XML = `
<domain type='kvm'>
  <name>desk-1</name>
  <uuid>${UUID}</uuid>
  <metadata><v:claim xmlns:v='https://vgpud.example/1' id='a &lt;b&gt;'/></metadata>
  <memory unit='MiB'>512</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='${VGPU}'/></source></hostdev>
  </devices>
</domain>`;

describe("real virsh and the simulated host", () => {
  before(function () {
    unlessImpossible(
      this,
      installed("virsh") ? undefined : "virsh (Debian: libvirt-clients) is not installed",
    );
  });

  it("agree on a domain's whole life with a slice", async () => {
    await using host = await SimulatedHost.start();
    const virsh = virshOf(host);
    const xml = await xmlFile(host, "desk-1.xml", XML);
    assert.match(await virsh("version"), /Using API: QEMU 9\.0\.0\nRunning hypervisor: QEMU 7\.2\.22/);
    assert.match(await virsh("define", xml), /Domain 'desk-1' defined/);
    assert.match(await virsh("list", "--all"), / - +desk-1 +shut off/);
    await assert.rejects(
      virsh("start", "desk-1"),
      new RegExp(`device not found: mediated device '${VGPU}' not found`),
    );
    await createVgpu(host);
    assert.match(await virsh("start", "desk-1"), /Domain 'desk-1' started/);
    assert.match(await virsh("list"), / 2 +desk-1 +running/);
    assert.match(await virsh("domstate", "--reason", "desk-1"), /running \(booted\)/);
    assert.match(
      await virsh("dominfo", "desk-1"),
      /CPU\(s\): +2\n[^]*Max memory: +524288 KiB[^]*Persistent: +yes/,
    );
    const live = await virsh("dumpxml", "desk-1");
    assert.match(live, /<domain type='kvm' id='2'>/);
    assert.match(live, /<v:claim xmlns:v='https:\/\/vgpud\.example\/1' id='a &lt;b&gt;'\/>/);
    assert.match(live, new RegExp(`<address uuid='${VGPU}'/>\\s*</source>\\s*<alias name='hostdev0'/>`));
    assert.doesNotMatch(await virsh("dumpxml", "--inactive", "desk-1"), /alias|id='2'/);
    assert.match(await virsh("domstats", "desk-1"), /state\.state=1\n[^]*balloon\.current=524288/);

    assert.match(await virsh("shutdown", "desk-1"), /is being shutdown/);
    await host.control({ command: "advance", ms: 1000 });
    assert.match(await virsh("domstate", "--reason", "desk-1"), /shut off \(shutdown\)/);
    await virsh("start", "desk-1");
    assert.match(await virsh("destroy", "desk-1"), /destroyed/);
    assert.match(await virsh("domstate", "--reason", "desk-1"), /shut off \(destroyed\)/);
    assert.match(await virsh("undefine", "desk-1"), /undefined/);
    await assert.rejects(virsh("dominfo", "desk-1"), /failed to get domain 'desk-1'/);
  });

  it("agree on what a script asks of a domain that runs", async () => {
    await using host = await SimulatedHost.start();
    const virsh = virshOf(host);
    const devices = `<disk type='file'><source file='/var/lib/libvirt/images/a.img'/><target dev='vda' bus='virtio'/></disk>
      <interface type='bridge'><source bridge='br0'/><target dev='tap7'/></interface></devices>`;
    await virsh("define", await xmlFile(host, "desk-1.xml", XML.replace("</devices>", devices)));
    await createVgpu(host);
    await virsh("start", "desk-1", "--paused");
    const asked: [string, RegExp][] = [
      ["domstate --reason desk-1", /paused \(user\)/],
      ["resume desk-1", /resumed/],
      ["domstate --reason desk-1", /running \(unpaused\)/],
      ["domblklist desk-1", /vda +\/var\/lib\/libvirt\/images\/a\.img/],
      ["domblkstat desk-1 vda", /^vda rd_req \d+\nvda rd_bytes \d+/],
      ["domiflist desk-1", /tap7 +bridge +br0/],
      ["domifstat desk-1 tap7", /^tap7 rx_bytes \d+/],
      ["dommemstat desk-1", /^actual 524288\nrss \d+/],
      ["vcpucount desk-1 --active --live", /^2$/m],
      ["vcpuinfo desk-1", /VCPU: +1\nCPU: +1\nState: +running\n[^]*CPU Affinity: +y{8}/],
      ["domjobinfo desk-1", /Job type: +None/],
      ["domcontrol desk-1", /^ok$/m],
      ["desc --title --live desk-1 the first desk", /title updated successfully/],
      ["list --title", /desk-1 +running +the first desk/],
      ["domuuid desk-1", new RegExp(UUID)],
      ["nodecpumap", /CPUs present: +8\nCPUs online: +8\nCPU map: +y{8}/],
      ["nodeinfo", /CPU\(s\): +8\n[^]*Memory size: +33554432 KiB/],
      ["nodedev-list --tree", /computer\n[^]*pci_0000_00_02_0\n[^]*mdev_/],
      ["domstats --block --interface desk-1", /net\.0\.name=tap7\n[^]*block\.0\.name=vda/],
      ["reset desk-1", /was reset/],
      ["autostart desk-1", /marked as autostarted/],
      ["list --autostart --name", /^desk-1$/m],
    ];
    for (const [words, answer] of asked) assert.match(await virsh(...words.split(" ")), answer, words);
    await assert.rejects(virsh("domblkstat", "desk-1", "vdz"), /invalid argument: invalid path: vdz/);
    await assert.rejects(virsh("domtime", "desk-1"), /unknown procedure/);
    // Another program than libvirt's own: refused in its name, or the connection would end.
    await assert.rejects(virsh("qemu-monitor-command", "desk-1", "{}"), /Cannot find program/);
  });

  it("agree on who holds a slice", async () => {
    await using host = await SimulatedHost.start();
    const virsh = virshOf(host);
    const client = new HostdClient({ socketPath: host.hostdSocket });
    await createVgpu(host);
    await virsh("create", await xmlFile(host, "desk-1.xml", XML));
    const removal = await client.removeMdev(VGPU);
    assert.ok(removal.kind === "held");
    assert.deepEqual(
      removal.holders.map(({ command, domain }) => [command, domain]),
      [["qemu-system-x86", "desk-1"]],
    );
    await assert.rejects(virsh("nodedev-destroy", DEVICE), /device in use/);
    const second = XML.replace("desk-1", "desk-2").replace(UUID, UUID.replace("9d", "8d"));
    const clash = /mediated device \S+ is in use by driver QEMU, domain desk-1/;
    await assert.rejects(virsh("create", await xmlFile(host, "desk-2.xml", second)), clash);
    await virsh("destroy", "desk-1");
    assert.doesNotMatch(await virsh("list", "--all"), /desk/);
    assert.deepEqual(await client.removeMdev(VGPU), { kind: "done" });
    client.close();
  });

  it("agree on node devices", async () => {
    await using host = await SimulatedHost.start();
    const virsh = virshOf(host);
    assert.equal((await virsh("nodedev-list", "--cap", "mdev_types")).trim(), "pci_0000_00_02_0");
    const types = await virsh("nodedev-dumpxml", "pci_0000_00_02_0");
    assert.match(
      types,
      /<type id='i915-GVTg_V5_4'>\s*<name>GVTg_V5_4<\/name>\s*<deviceAPI>vfio-pci<\/deviceAPI>\s*<availableInstances>5</,
    );
    const capability = `<capability type='mdev'><type id='${TYPE}'/><uuid>${VGPU}</uuid></capability>`;
    const xml = await xmlFile(
      host,
      "mdev.xml",
      `<device><parent>pci_0000_00_02_0</parent>${capability}</device>`,
    );
    assert.match(await virsh("nodedev-create", xml), new RegExp(DEVICE));
    await assert.rejects(virsh("nodedev-create", xml), /Unable to start mediated device: .*EEXIST/);
    assert.equal((await virsh("nodedev-list", "--cap", "mdev")).trim(), DEVICE);
    assert.match(
      await virsh("nodedev-dumpxml", DEVICE),
      new RegExp(`<type id='${TYPE}'/>[^]*<uuid>${VGPU}</uuid>`),
    );
    await virsh("nodedev-destroy", DEVICE);
    await assert.rejects(
      virsh("nodedev-dumpxml", DEVICE),
      /Node device not found|Could not find matching device/,
    );
  });

  it("agree on events in their order", async () => {
    await using host = await SimulatedHost.start();
    const virsh = virshOf(host);
    const probeXml = await xmlFile(
      host,
      "probe.xml",
      "<domain><name>probe</name><memory>1</memory></domain>",
    );
    await using domainEvents = await Watcher.start(host, "event", async () => {
      await virsh("define", probeXml);
      await virsh("undefine", "probe");
    });
    await using deviceEvents = await Watcher.start(host, "nodedev-event", async () => {
      await host.control({ command: "create-mdev", gpu: GPU, type: TYPE, uuid: UUID });
      await host.control({ command: "remove-mdev", uuid: UUID });
    });
    await virsh("define", await xmlFile(host, "desk-1.xml", XML));
    await createVgpu(host);
    await virsh("start", "desk-1");
    await host.control({ command: "guest", domain: "desk-1", does: "poweroff" });
    await virsh("start", "desk-1");
    await host.control({ command: "guest", domain: "desk-1", does: "crash" });
    await virsh("start", "desk-1");
    await virsh("destroy", "desk-1");
    await virsh("undefine", "desk-1");
    assert.deepEqual(await domainEvents.eventsOf("desk-1", "Undefined Removed"), [
      "Defined Added",
      ...["Resumed Unpaused", "Started Booted", "Shutdown Finished after guest request", "Stopped Shutdown"],
      ...["Resumed Unpaused", "Started Booted", "Stopped Failed"],
      ...["Resumed Unpaused", "Started Booted", "Stopped Destroyed"],
      "Undefined Removed",
    ]);
    await host.control({ command: "remove-mdev", uuid: VGPU });
    assert.deepEqual(await deviceEvents.eventsOf(DEVICE, "Deleted"), ["Created", "Deleted"]);
  });

  it("agree on refusals", async () => {
    await using host = await SimulatedHost.start("faults: [{ kind: GUEST_IGNORES_SHUTDOWN }]");
    const virsh = virshOf(host);
    const xml = await xmlFile(host, "desk-1.xml", XML);
    await createVgpu(host);
    await virsh("define", xml);
    const otherUuid = await xmlFile(host, "clash.xml", XML.replace(UUID, UUID.replace("9d", "8d")));
    await assert.rejects(
      virsh("define", otherUuid),
      /operation failed: domain 'desk-1' already exists with uuid/,
    );
    const otherName = await xmlFile(host, "clash.xml", XML.replace("desk-1", "desk-2"));
    await assert.rejects(virsh("define", otherName), /domain 'desk-1' is already defined with uuid/);
    await assert.rejects(
      virsh("define", await xmlFile(host, "bad.xml", "<domain><name>x")),
      /\(domain_definition\)/,
    );
    await assert.rejects(
      virsh("define", await xmlFile(host, "bad.xml", "<domain/>")),
      /missing name information/,
    );
    await assert.rejects(virsh("shutdown", "desk-1"), /domain is not running/);
    await virsh("start", "desk-1");
    await virsh("shutdown", "desk-1");
    await host.control({ command: "advance", ms: 60_000 });
    assert.match(await virsh("domstate", "desk-1"), /running/);
    await host.control({
      command: "set-faults",
      faults: [
        { kind: "LIBVIRT_ERROR", target: "domainCreate", message: "no luck" },
        { kind: "LIBVIRT_ERROR", name: "define", target: "domainDefineXml", message: "no way" },
      ],
    });
    await virsh("destroy", "desk-1");
    await assert.rejects(virsh("start", "desk-1"), /internal error: no luck/);
    await assert.rejects(virsh("define", xml), /internal error: no way/);
  });

  it("agree on a daemon that is gone, and on one that came back with all it knew", async () => {
    await using host = await SimulatedHost.start();
    const virsh = virshOf(host);
    await virsh("define", await xmlFile(host, "desk-1.xml", XML));
    await host.control({ command: "set-faults", faults: [{ kind: "LIBVIRT_GONE" }] });
    await assert.rejects(virsh("list"), /Failed to connect socket to .*No such file or directory/);
    await host.control({ command: "clear-faults" });
    assert.match(await virsh("list", "--all"), /desk-1/);
    await host.control({ command: "set-faults", faults: [{ kind: "LIBVIRT_HANGS" }] });
    const hung = virsh("list", "--all");
    assert.equal(
      await Promise.race([hung, host.control({ command: "snapshot" }).then(() => "still waiting")]),
      "still waiting",
    );
    await host.control({ command: "clear-faults" });
    assert.match(await hung, /desk-1/);
  });
});

type Virsh = (...words: readonly string[]) => Promise<string>;

function uriOf(host: SimulatedHost): string {
  return `qemu+unix:///system?socket=${host.libvirtSocket}`;
}

function virshOf(host: SimulatedHost): Virsh {
  return async (...words) => (await run("virsh", ["-c", uriOf(host), ...words])).stdout;
}

async function xmlFile(host: SimulatedHost, name: string, xml: string): Promise<string> {
  const file = path.join(host.directory, name);
  await writeFile(file, xml);
  return file;
}

async function createVgpu(host: SimulatedHost): Promise<void> {
  await host.control({ command: "create-mdev", gpu: GPU, type: TYPE, uuid: VGPU });
}

/** A virsh that prints events until it is ended. */
class Watcher implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #seen: string[] = [];

  private constructor(host: SimulatedHost, words: readonly string[]) {
    const child = spawn("virsh", ["-c", uriOf(host), ...words, "--event", "lifecycle", "--loop"]);
    this.#child = child;
    this.#lines = createInterface(child.stdout);
    this.#lines.on("line", (line) => this.#seen.push(line));
  }

  /** Resolves when it hears; `probe` makes an event of another object, again and again until it is heard. */
  static async start(host: SimulatedHost, word: string, probe: () => Promise<unknown>): Promise<Watcher> {
    const watcher = new Watcher(host, [word]);
    while (watcher.#seen.length === 0) await probe();
    return watcher;
  }

  /** What happened to the object, in order, up to `last`. */
  async eventsOf(object: string, last: string): Promise<readonly string[]> {
    for (;;) {
      const events = this.#seen.flatMap(
        (line) => /^event 'lifecycle' for (.*): (.*)$/.exec(line)?.slice(1, 3) ?? [],
      );
      const own = events.filter((_, index) => index % 2 === 1 && events[index - 1]?.includes(object));
      if (own.includes(last)) return own;
      await once(this.#lines, "line");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "close");
    this.#child.kill();
    await ended;
  }
}
