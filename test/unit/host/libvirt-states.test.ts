// Domains in states that libvirt cannot be asked for in lists: each is asked about by name, and none is taken for off.
import assert from "node:assert/strict";
import { LibvirtHost } from "../../../agent/host/libvirt.ts";
import { toWire } from "../../../agent/node-libvirt/domain-ref.ts";
import { EventBroadcast } from "../../../agent/node-libvirt/server-events.ts";
import { servedDaemon } from "../../fakes/libvirt-daemon.ts";

/** virDomainState, VIR_DOMAIN_PMSUSPENDED. */
const PM_SUSPENDED = 7;
const SLEEPER = toWire({ name: "sleeper", uuid: "9d9eda29-a627-4221-9c09-a24423a9c4d6", id: 1 });
const XML = `<domain type='kvm' id='1'><name>sleeper</name><uuid>9d9eda29-a627-4221-9c09-a24423a9c4d6</uuid><memory unit='MiB'>64</memory></domain>`;

describe("a guest that has put itself to sleep", () => {
  it("is shown suspended, and not off", async () => {
    const asked: string[] = [];
    await using daemon = await servedDaemon({
      ...new EventBroadcast().handlers,
      connectGetType: () => ({ type: "QEMU" }),
      connectGetVersion: () => ({ hvVer: 7_002_000n }),
      connectGetLibVersion: () => ({ libVer: 9_000_000n }),
      // As a daemon of which no list of a state has it; of flags 0 there are all.
      connectListAllDomains: ({ flags }) => ({
        domains: flags === 0 ? [SLEEPER] : [],
        ret: flags === 0 ? 1 : 0,
      }),
      domainGetXmlDesc: () => ({ xml: XML }),
      domainGetState: ({ dom: { name } }) => {
        asked.push(name);
        return { state: PM_SUSPENDED, reason: 0 };
      },
    });
    let told: () => void = () => undefined;
    const connected = new Promise<void>((resolve) => {
      told = resolve;
    });
    const host = new LibvirtHost({
      ...{ uri: "qemu:///system", socket: daemon.socket, random: Math.random, wall: Date.now },
      onChange: () => undefined,
      onStatus: (status) => {
        if (status.connected) told();
      },
    });
    const stop = new AbortController();
    const running = host.run(stop.signal);
    await connected;
    const domains = await host.domains(stop.signal);
    stop.abort();
    await running;
    assert.deepEqual(
      domains.map(({ name, state }) => [name, state]),
      [["sleeper", "suspended"]],
    );
    assert.deepEqual(asked, ["sleeper"]);
  });
});
