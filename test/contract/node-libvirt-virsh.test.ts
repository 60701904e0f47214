// Real virsh is the judge of the server half: what it accepts is a libvirt daemon.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { type DomainRef, fromWire, toWire } from "../../agent/node-libvirt/domain-ref.ts";
import { LibvirtError } from "../../agent/node-libvirt/errors.ts";
import { EventBroadcast } from "../../agent/node-libvirt/server-events.ts";
import type { Domain } from "../../agent/node-libvirt/remote.gen.ts";
import type { Handlers } from "../../agent/node-libvirt/server.ts";
import { servedDaemon } from "../fakes/libvirt-daemon.ts";
import { installed } from "./real-libvirtd.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const run = promisify(execFile);

/** One domain and one device, held in memory. */
class TinyHost {
  readonly events = new EventBroadcast();
  #domain: DomainRef | undefined = {
    name: "vm",
    uuid: "9d9eda29-a627-4221-9c09-a24423a9c4d6",
    id: undefined,
  };

  readonly handlers: Handlers = {
    ...this.events.handlers,
    connectGetType: () => ({ type: "QEMU" }),
    connectGetUri: () => ({ uri: "qemu:///system" }),
    connectGetVersion: () => ({ hvVer: 7_002_022n }),
    connectGetLibVersion: () => ({ libVer: 9_000_000n }),
    connectListAllDomains: () => ({
      domains: this.#domain ? [toWire(this.#domain)] : [],
      ret: this.#domain ? 1 : 0,
    }),
    domainLookupByName: ({ name }) => ({ dom: this.#named(name) }),
    domainLookupByUuid: () => ({ dom: this.#named("vm") }),
    domainGetState: () =>
      this.#domain?.id === undefined ? { state: 5, reason: 0 } : { state: 1, reason: 1 },
    domainGetInfo: () => ({ state: 1, maxMem: 1024n, memory: 1024n, nrVirtCpu: 2, cpuTime: 7n }),
    domainGetOsType: () => ({ type: "hvm" }),
    domainIsActive: () => ({ active: this.#domain?.id === undefined ? 0 : 1 }),
    domainIsPersistent: () => ({ persistent: 1 }),
    domainGetAutostart: () => ({ autostart: 0 }),
    domainHasManagedSaveImage: () => ({ result: 0 }),
    domainGetMessages: () => ({ msgs: [], ret: 0 }),
    domainListAllSnapshots: () => ({ snapshots: [], ret: 0 }),
    domainListAllCheckpoints: () => ({ checkpoints: [], ret: 0 }),
    domainGetXmlDesc: ({ dom }) => ({ xml: `<domain><name>${dom.name}</name></domain>` }),
    domainDefineXml: () => ({
      dom: this.#replace({ name: "new", uuid: "9d9eda29-a627-4221-9c09-a24423a9c4d7", id: undefined }),
    }),
    domainCreate: ({ dom }) => {
      this.events.domainLifecycle(fromWire(this.#replace({ ...fromWire(dom), id: 1 })), "started");
    },
    domainDestroy: ({ dom }) => {
      this.events.domainLifecycle(fromWire(this.#replace({ ...fromWire(dom), id: undefined })), "stopped", 1);
    },
    domainShutdown: () => undefined,
    domainUndefine: () => void (this.#domain = undefined),
    connectListAllNodeDevices: () => ({ devices: [{ name: "pci_0000_00_02_0" }], ret: 1 }),
    nodeDeviceLookupByName: ({ name }) => ({ dev: { name } }),
    nodeDeviceGetXmlDesc: ({ name }) => ({ xml: `<device><name>${name}</name></device>` }),
  };

  #replace(domain: DomainRef): Domain {
    this.#domain = domain;
    return toWire(domain);
  }

  #named(name: string): Domain {
    if (this.#domain?.name === name) return toWire(this.#domain);
    const message = `Domain not found: no domain with matching name '${name}'`;
    throw new LibvirtError({ code: 42, domain: 10, level: 2, message, str1: message });
  }
}

describe("real virsh and the server half", () => {
  before(function () {
    unlessImpossible(
      this,
      installed("virsh") ? undefined : "virsh (Debian: libvirt-clients) is not installed",
    );
  });

  it("agree on version, domains and their life, and node devices", async () => {
    await using daemon = await servedDaemon(new TinyHost().handlers);
    const virsh = async (...args: string[]): Promise<string> => {
      const { stdout } = await run("virsh", ["-c", `qemu+unix:///system?socket=${daemon.socket}`, ...args]);
      return stdout;
    };
    assert.match(await virsh("version"), /Running hypervisor: QEMU 7\.2\.22/);
    assert.match(await virsh("list", "--all"), / - +vm +shut off/);
    assert.match(await virsh("start", "vm"), /Domain 'vm' started/);
    assert.match(await virsh("list"), / 1 +vm +running/);
    assert.match(await virsh("domstate", "vm", "--reason"), /running \(booted\)/);
    assert.match(await virsh("dominfo", "vm"), /CPU\(s\): +2/);
    assert.match(await virsh("dumpxml", "vm"), /<name>vm<\/name>/);
    assert.match(await virsh("shutdown", "vm"), /is being shutdown/);
    assert.match(await virsh("destroy", "vm"), /Domain 'vm' destroyed/);
    assert.match(await virsh("define", "/dev/null"), /Domain 'new' defined/);
    assert.match(await virsh("undefine", "new"), /undefined/);
    assert.match(await virsh("nodedev-list"), /pci_0000_00_02_0/);
    assert.match(await virsh("nodedev-dumpxml", "pci_0000_00_02_0"), /<device>/);
    await assert.rejects(virsh("start", "nope"), /failed to get domain 'nope'/);
    await assert.rejects(virsh("reboot", "new"), /failed to get domain 'new'/);
  });

  it("agree on lifecycle events", async () => {
    const host = new TinyHost();
    await using daemon = await servedDaemon({
      ...host.handlers,
      connectDomainEventCallbackRegisterAny: (args, session) => {
        const register = host.handlers.connectDomainEventCallbackRegisterAny;
        assert.ok(register);
        const uuid = "9d9eda29-a627-4221-9c09-a24423a9c4d6";
        // virsh leaves after the first event: once it can hear, it is told.
        setTimeout(() => {
          host.events.domainLifecycle({ name: "vm", uuid, id: undefined }, "stopped", 1);
        }, 50);
        return register(args, session);
      },
    });
    const uri = `qemu+unix:///system?socket=${daemon.socket}`;
    const { stdout } = await run("virsh", ["-c", uri, "event", "--event", "lifecycle", "--timeout", "20"]);
    assert.match(stdout, /event 'lifecycle' for domain 'vm': Stopped Destroyed/);
  });
});
