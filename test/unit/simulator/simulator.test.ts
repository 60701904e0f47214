import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rename, rmdir, stat, writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";
import { HostdClient } from "../../../agent/host/hostd-client.ts";
import { encodeLine } from "../../../agent/hostd/protocol/lines.ts";
import { SimulatedHost } from "../../fakes/simulated-host.ts";

const GPU = "0000:00:02.0";
const TYPE = "i915-GVTg_V5_4";
const ID = "76677075-0000-8000-8000-000000000001";
const OTHER = "76677075-0000-8000-8000-000000000002";
const MDEV = { gpu: GPU, type: TYPE, vgpuId: ID };

async function available(host: SimulatedHost): Promise<string> {
  const file = `sys/class/mdev_bus/${GPU}/mdev_supported_types/${TYPE}/available_instances`;
  return (await readFile(path.join(host.root, file), "utf8")).trim();
}

describe("the simulator", () => {
  it("makes and removes a vGPU through hostd's protocol and shows it in its files", async () => {
    await using host = await SimulatedHost.start();
    using client = closing(new HostdClient({ socketPath: host.hostdSocket }));
    assert.equal(await available(host), "5");
    assert.deepEqual(await client.createMdev(MDEV), { kind: "done" });
    assert.equal(await available(host), "4");
    assert.equal(
      await readFile(path.join(host.root, "sys/bus/mdev/devices", ID, "intel_vgpu/vgpu_id"), "utf8"),
      "1\n",
    );
    const again = await client.createMdev(MDEV);
    assert.deepEqual(again.kind === "errno" && [again.errno, again.call], ["EEXIST", "write"]);
    assert.deepEqual(await client.removeMdev(ID), { kind: "done" });
    assert.deepEqual(await client.removeMdev(ID), { kind: "absent" });
    assert.equal(await available(host), "5");
  });

  it("never lets a reader see half a device or half a file", async () => {
    await using host = await SimulatedHost.start();
    using client = closing(new HostdClient({ socketPath: host.hostdSocket }));
    const rounds = 60;
    const ended = new AbortController();
    const changes = (async () => {
      for (let round = 0; round < rounds; round += 1) {
        const vgpuId = ID.replace(/.{4}$/, String(1000 + round));
        assert.equal((await client.createMdev({ ...MDEV, vgpuId })).kind, "done");
        assert.equal((await client.removeMdev(vgpuId)).kind, "done");
      }
    })().finally(() => {
      ended.abort();
    });
    let seen = 0;
    while (!ended.signal.aborted) {
      assert.match(await available(host), /^[45]$/);
      for (const device of await wholeDevices(host)) seen += device.length;
    }
    await changes;
    assert.notEqual(seen, 0);
  });

  it("does not remove a vGPU that a process holds and names it", async () => {
    await using host = await SimulatedHost.start();
    using client = closing(new HostdClient({ socketPath: host.hostdSocket }));
    await client.createMdev(MDEV);
    await host.control({ command: "hold", uuid: ID, pid: 4711, name: "mpv" });
    const holders = [{ pid: 4711, command: "mpv" }];
    assert.deepEqual(await client.removeMdev(ID), { kind: "held", holders });
    assert.deepEqual(await client.holders(ID), { kind: "holders", holders });
    await host.control({ command: "release", pid: 4711 });
    assert.deepEqual(await client.removeMdev(ID), { kind: "done" });
  });

  it("goes wrong as told and right again", async () => {
    await using host = await SimulatedHost.start(
      "faults: [{ kind: CREATE_FAILS, errno: ENOSPC }, { kind: REMOVE_BLOCKS }]",
    );
    using client = closing(new HostdClient({ socketPath: host.hostdSocket }));
    const refused = await client.createMdev(MDEV);
    assert.equal(refused.kind === "errno" && refused.errno, "ENOSPC");
    await host.control({ command: "clear-faults", names: ["create-fails"] });
    assert.equal((await client.createMdev(MDEV)).kind, "done");

    const blocked = await client.removeMdev(ID, { deadlineMs: 2000 });
    assert.equal(blocked.kind, "blocked");
    await host.control({ command: "set-faults", faults: [{ kind: "HOSTD_HANGS" }] });
    await assert.rejects(client.removeMdev(ID, { deadlineMs: 100 }), { name: "HostdUnavailableError" });
    await host.control({ command: "clear-faults" });
    const ended = await client.removeMdev(ID);
    assert.ok(ended.kind === "done" || ended.kind === "absent");
  });

  it("can let time pass at once", async () => {
    await using host = await SimulatedHost.start("faults: [{ kind: CREATE_LATE, delay_ms: 600000 }]");
    using client = closing(new HostdClient({ socketPath: host.hostdSocket }));
    assert.equal((await client.createMdev(MDEV, { deadlineMs: 2000 })).kind, "blocked");
    await host.control({ command: "clear-faults" });
    await host.control({ command: "advance", ms: 600_000 });
    const ended = await client.createMdev(MDEV);
    assert.ok(ended.kind === "done" || (ended.kind === "errno" && ended.errno === "EEXIST"));
  });

  it("lets others make, hold and carelessly remove mdevs", async () => {
    await using host = await SimulatedHost.start();
    await host.control({ command: "create-mdev", gpu: GPU, type: TYPE, uuid: OTHER });
    await assert.rejects(
      host.control({ command: "create-mdev", gpu: GPU, type: TYPE, uuid: OTHER }),
      /EEXIST/,
    );
    await host.control({ command: "hold", uuid: OTHER, pid: 1, name: "x" });
    assert.equal(await host.control({ command: "remove-mdev", uuid: OTHER }), "blocked");
    await host.control({ command: "release", pid: 1 });
    assert.equal(await available(host), "5");
    await assert.rejects(host.control({ command: "explode" }), /Invalid/);
  });

  it("boots again without mdevs and with another boot id", async () => {
    await using host = await SimulatedHost.start(
      `mdevs: [{ gpu: "${GPU}", type: ${TYPE}, uuid: ${OTHER}, held_by: x }]`,
    );
    const bootId = (): Promise<string> =>
      readFile(path.join(host.root, "proc/sys/kernel/random/boot_id"), "utf8");
    const before = await bootId();
    assert.equal(await available(host), "4");
    await host.control({ command: "reboot" });
    assert.equal(await available(host), "5");
    assert.notEqual(await bootId(), before);
    using client = closing(new HostdClient({ socketPath: host.hostdSocket }));
    assert.equal((await client.holders(OTHER)).kind, "absent");
  });

  it("boots one host after the other when two are loaded at once", async () => {
    await using host = await SimulatedHost.start();
    const releases = ["6.1.1", "6.1.2", "6.1.3"];
    // In one packet, so that the second is there before the first has begun to wait.
    const commands = releases.map((release) =>
      encodeLine({ command: "load-host", yaml: `kernel: ${release}` }),
    );
    const control = net.connect(path.join(host.directory, "control.sock"));
    control.write(commands.join(""));
    let answered = 0;
    for await (const line of createInterface({ input: control })) {
      assert.match(line, /"ok":true/);
      answered += 1;
      if (answered === releases.length) break;
    }
    control.destroy();
    const snapshot = await host.control({ command: "snapshot" });
    const simulation = await host.control({ command: "simulation" });
    const booted = /"kernel":"([^"]+)"/.exec(JSON.stringify(snapshot))?.[1];
    const loaded = /"yaml":"kernel: ([^"]+)"/.exec(JSON.stringify(simulation))?.[1];
    assert.equal(loaded, booted);
    assert.ok(booted !== undefined && releases.includes(booted));
    using client = closing(new HostdClient({ socketPath: host.hostdSocket }));
    assert.deepEqual(await client.createMdev(MDEV), { kind: "done" });
  });

  it("says when hostd or libvirt cannot come back, lives on, and tries again at the next change", async () => {
    const gone = ["HOSTD_GONE", "LIBVIRT_GONE"];
    await using host = await SimulatedHost.start(
      `faults: [${gone.map((kind) => `{ kind: ${kind} }`).join(", ")}]`,
    );
    const sockets = [host.hostdSocket, host.libvirtSocket];
    for (const socket of sockets) {
      await mkdir(socket);
      await assert.rejects(host.control({ command: "clear-faults" }), /it exists and is no socket/);
      await rmdir(socket);
    }
    await host.control({ command: "clear-faults" });
    using client = closing(new HostdClient({ socketPath: host.hostdSocket }));
    assert.deepEqual(await client.createMdev(MDEV), { kind: "done" });
    assert.ok((await stat(host.libvirtSocket)).isSocket());
  });

  it("takes a fault of a file again that fails already", async () => {
    await using host = await SimulatedHost.start();
    for (const errno of ["EIO", "ENOENT", "EIO"]) {
      const fault = { kind: "FILE_FAILS", target: "proc/sys/kernel/hostname", errno };
      await host.control({ command: "set-faults", faults: [fault] });
      const read = readFile(path.join(host.root, fault.target));
      await assert.rejects(read, { code: errno });
    }
  });

  it("removes what it made when it is told to end, and what a killed one left when it starts", async () => {
    await using host = await SimulatedHost.start();
    await host.process.end("SIGKILL");
    assert.ok((await readdir(host.directory)).includes("root"));
    await host.startAgain();
    await assert.rejects(host.startAgain(), /another process answers/);
    assert.equal(await available(host), "5");
    await host.process.end();
    assert.deepEqual(await readdir(host.directory), ["host.yaml"]);
  });

  it("never touches a directory `root` that it did not make", async () => {
    await using host = await SimulatedHost.start();
    await host.process.end();
    await mkdir(host.root);
    await writeFile(path.join(host.root, "precious"), "data");
    await assert.rejects(host.startAgain(), /was not made by a simulator/);
    assert.equal(await readFile(path.join(host.root, "precious"), "utf8"), "data");
    await rename(host.root, path.join(host.directory, "kept"));
  });
});

/** What each mdev has; fails when one that is still there lacks something. */
async function wholeDevices(host: SimulatedHost): Promise<readonly (readonly string[])[]> {
  const gpu = path.join(host.root, "sys/devices/pci0000:00", GPU);
  const names = (await readdir(gpu)).filter((name) => name.startsWith(ID.slice(0, 8)));
  return await Promise.all(
    names.map(async (name) => {
      const found = await readdir(path.join(gpu, name)).catch(() => undefined);
      const isThere = (await readdir(gpu)).includes(name);
      // What is still listed after it was read was there all the time.
      const whole = ["driver", "intel_vgpu", "iommu_group", "mdev_type", "remove", "subsystem", "uevent"];
      if (isThere) assert.deepEqual(found?.sort(), whole);
      return found ?? [];
    }),
  );
}

function closing(client: HostdClient): HostdClient & Disposable {
  return Object.assign(client, {
    [Symbol.dispose]: () => {
      client.close();
    },
  });
}
