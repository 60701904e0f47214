import assert from "node:assert/strict";

import { Connection } from "../../../agent/node-libvirt/connection.ts";
import {
  type EventKind,
  type LibvirtEvent,
  eventNumbers,
  subscribe,
} from "../../../agent/node-libvirt/events.ts";
import { procedures, remoteEvents } from "../../../agent/node-libvirt/remote.gen.ts";
import { EventBroadcast } from "../../../agent/node-libvirt/server-events.ts";
import { servedDaemon } from "../../fakes/libvirt-daemon.ts";

const vm = { name: "vm", uuid: "9d9eda29-a627-4221-9c09-a24423a9c4d6", id: undefined };
const kinds: readonly EventKind[] = [
  "domain-lifecycle",
  "domain-reboot",
  "device-added",
  "device-removed",
  "device-removal-failed",
  "node-device-lifecycle",
  "node-device-update",
];

describe("events", () => {
  it("of every kind reach who asked for them, in order", async () => {
    const broadcast = new EventBroadcast();
    await using daemon = await servedDaemon({ ...broadcast.handlers, connectGetType: () => ({ type: "" }) });
    const connection = await Connection.open({ socket: daemon.socket, uri: "x:///" });
    const events: LibvirtEvent[] = [];
    const { unsupported } = await subscribe(connection, kinds, (event) => events.push(event));
    assert.deepEqual(unsupported, []);
    broadcast.domainLifecycle(vm, "stopped", 1);
    broadcast.domainReboot(vm);
    broadcast.deviceAdded(vm, "hostdev0");
    broadcast.deviceRemoved(vm, "hostdev0");
    broadcast.deviceRemovalFailed(vm, "hostdev1");
    broadcast.nodeDeviceLifecycle("mdev_1", "created");
    broadcast.nodeDeviceUpdate("pci_0000_00_02_0");
    await connection.close();
    assert.deepEqual(events, [
      { kind: "domain-lifecycle", domain: vm, change: "stopped", detail: 1 },
      { kind: "domain-reboot", domain: vm },
      { kind: "device-added", domain: vm, alias: "hostdev0" },
      { kind: "device-removed", domain: vm, alias: "hostdev0" },
      { kind: "device-removal-failed", domain: vm, alias: "hostdev1" },
      { kind: "node-device-lifecycle", device: "mdev_1", change: "created" },
      { kind: "node-device-update", device: "pci_0000_00_02_0" },
    ]);
  });

  it("reach each subscription of a connection once, and none after it ended", async () => {
    const broadcast = new EventBroadcast();
    await using daemon = await servedDaemon(broadcast.handlers);
    const connection = await Connection.open({ socket: daemon.socket, uri: "x:///" });
    const heard: string[] = [];
    const first = await subscribe(connection, ["domain-reboot"], () => heard.push("first"));
    await subscribe(connection, ["domain-reboot"], () => heard.push("second"));
    broadcast.domainReboot(vm);
    // An answered call proves that what was sent before it has arrived.
    await connection.call(procedures.connectSupportsFeature, { feature: 14 });
    await first.unsubscribe();
    broadcast.domainReboot(vm);
    await connection.close();
    assert.deepEqual(heard, ["first", "second", "second"]);
  });

  it("that overtake the reply to their registration are not lost", async () => {
    const msg = { dom: { name: vm.name, uuid: new Uint8Array(16), id: -1 }, event: 2, detail: 0 };
    await using daemon = await servedDaemon({
      connectDomainEventCallbackRegisterAny: (_args, session) => {
        session.send(remoteEvents.domainEventCallbackLifecycle, { callbackID: 9, msg });
        return { callbackID: 9 };
      },
    });
    const connection = await Connection.open({ socket: daemon.socket, uri: "x:///" });
    const events: LibvirtEvent[] = [];
    await subscribe(connection, ["domain-lifecycle"], (event) => events.push(event));
    assert.deepEqual(
      events.map((event) => event.kind === "domain-lifecycle" && event.change),
      ["started"],
    );
    await connection.close();
  });

  it("of a change newer than the library are told as unknown", async () => {
    const msg = { dom: { name: vm.name, uuid: new Uint8Array(16), id: -1 }, event: 77, detail: 0 };
    await using daemon = await servedDaemon({
      connectDomainEventCallbackRegisterAny: ({ eventID }, session) => {
        assert.equal(eventID, eventNumbers["domain-lifecycle"]);
        session.send(remoteEvents.domainEventCallbackLifecycle, { callbackID: 0, msg });
        return { callbackID: 0 };
      },
    });
    const connection = await Connection.open({ socket: daemon.socket, uri: "x:///" });
    const events: LibvirtEvent[] = [];
    await subscribe(connection, ["domain-lifecycle"], (event) => events.push(event));
    const [event] = events;
    assert.equal(event?.kind === "domain-lifecycle" && event.change, "unknown");
    await connection.close();
  });
});
