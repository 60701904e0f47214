import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { Connection } from "../../../agent/node-libvirt/connection.ts";
import { toWire } from "../../../agent/node-libvirt/domain-ref.ts";
import { ConnectionLostError } from "../../../agent/node-libvirt/errors.ts";
import { Libvirt } from "../../../agent/node-libvirt/libvirt.ts";
import { procedures } from "../../../agent/node-libvirt/remote.gen.ts";
import { SimulatedHost } from "../../fakes/simulated-host.ts";

const GPU = "0000:00:02.0";
const TYPE = "i915-GVTg_V5_4";
const VGPU = "76677075-0000-8000-8000-000000000001";
const UUID = "9d9eda29-a627-4221-9c09-a24423a9c4d6";
const HOSTDEV = `<hostdev mode='subsystem' type='mdev'><source><address uuid='${VGPU}'/></source></hostdev>`;
const XML = `<domain type='kvm'><name>desk-1</name><uuid>${UUID}</uuid><memory unit='MiB'>64</memory><devices>${HOSTDEV}</devices></domain>`;

describe("the simulated libvirt", () => {
  it("shows the QEMU that holds a slice in /proc, as long as the domain runs", async () => {
    await using host = await SimulatedHost.start(`mdevs: [{ gpu: "${GPU}", type: ${TYPE}, uuid: ${VGPU} }]`);
    const { libvirt } = await connect(host);
    const domain = await libvirt.startDomain(await libvirt.defineDomain(XML));
    const pid = holderOf(await host.control({ command: "snapshot" }));
    const commandLine = path.join(host.root, "proc", String(pid), "cmdline");
    assert.equal(await readFile(commandLine, "utf8"), "qemu-system-x86\0-name\0guest=desk-1\0");
    await libvirt.destroyDomain(domain);
    await assert.rejects(readFile(commandLine), { code: "ENOENT" });
    assert.equal(holderOf(await host.control({ command: "snapshot" })), undefined);
  });

  it("does not start a domain whose slice another process holds", async () => {
    await using host = await SimulatedHost.start(
      `mdevs: [{ gpu: "${GPU}", type: ${TYPE}, uuid: ${VGPU}, held_by: x }]`,
    );
    const { libvirt } = await connect(host);
    const domain = await libvirt.defineDomain(XML);
    await assert.rejects(libvirt.startDomain(domain), { code: 1, message: /Device or resource busy/ });
    assert.deepEqual(await libvirt.domainState(domain), { state: "shut-off", reason: "failed" });
  });

  it("lets a guest crash by itself and gives its slice back", async () => {
    await using host = await SimulatedHost.start(
      `{ faults: [{ kind: DOMAIN_CRASHES, delay_ms: 600000 }], mdevs: [{ gpu: "${GPU}", type: ${TYPE}, uuid: ${VGPU} }] }`,
    );
    const { libvirt } = await connect(host);
    const domain = await libvirt.startDomain(await libvirt.defineDomain(XML));
    await host.control({ command: "advance", ms: 600_000 });
    assert.deepEqual(await libvirt.domainState(domain), { state: "shut-off", reason: "crashed" });
    assert.equal(holderOf(await host.control({ command: "snapshot" })), undefined);
  });

  it("starts after a reboot what is marked for it, if it can, and nothing else", async () => {
    await using host = await SimulatedHost.start(`mdevs: [{ gpu: "${GPU}", type: ${TYPE}, uuid: ${VGPU} }]`);
    const { libvirt, connection } = await connect(host);
    const desk = await libvirt.startDomain(await libvirt.defineDomain(XML));
    const other = XML.replace("desk-1", "plain").replace("9d9e", "8d8e").replace(HOSTDEV, "");
    const plain = await libvirt.defineDomain(other);
    await libvirt.defineDomain(other.replace("plain", "idle").replace("8d8e", "7d7e"));
    for (const domain of [desk, plain]) {
      const args = { dom: toWire(domain), autostart: 1 };
      await connection.call(procedures.domainSetAutostart, args, {});
    }
    await host.control({ command: "reboot" });
    await connection.lost;
    const again = await connect(host);
    const domains = await again.libvirt.listDomains();
    const states = await Promise.all(domains.map((domain) => again.libvirt.domainState(domain)));
    assert.deepEqual(
      domains.map(({ name }, index) => [name, states[index]?.state]),
      [
        ["desk-1", "shut-off"],
        ["plain", "running"],
        ["idle", "shut-off"],
      ],
    );
  });

  it("is declared dead by the client's keepalive when it hangs", async () => {
    await using host = await SimulatedHost.start();
    const { libvirt, connection } = await connect(host);
    await libvirt.defineDomain(XML);
    await host.control({ command: "set-faults", faults: [{ kind: "LIBVIRT_HANGS" }] });
    await assert.rejects(libvirt.listDomains(), ConnectionLostError);
    assert.equal((await connection.lost).reason, "keepalive");
    await host.control({ command: "clear-faults" });
    const again = await connect(host);
    assert.equal((await again.libvirt.listDomains()).length, 1);
  });
});

async function connect(
  host: SimulatedHost,
): Promise<{ readonly libvirt: Libvirt; readonly connection: Connection }> {
  const connection = await Connection.open({
    socket: host.libvirtSocket,
    uri: "qemu:///system",
    keepAlive: { intervalMs: 200, count: 3 },
  });
  return { libvirt: new Libvirt(connection), connection };
}

function holderOf(snapshot: unknown): unknown {
  const text = JSON.stringify(snapshot);
  return /"holder":\{"pid":([0-9]+)/.exec(text)?.[1];
}
