// More of the KVM bed itself: a boot of its kernel, which of each commit systemd.test.ts has with vgpud.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { HeldPort } from "../../fakes/held-port.ts";
import * as gpu from "../gpu.ts";
import { bed } from "../suite-bed.ts";

describe("the KVM bed", () => {
  before(() => bed.reset("minimal"));
  after(() => bed.reset());

  it("reboot loses the slices and keeps the disk", async () => {
    await gpu.create(bed, "8", gpu.uuid(7));
    await bed.writeFile("/var/lib/left-over", "x");
    await bed.reboot();
    assert.equal(await bed.check("ls /sys/bus/mdev/devices"), "");
    assert.equal(await bed.check("cat /var/lib/left-over"), "x");
    assert.deepEqual(await gpu.available(bed), { 8: 6, 4: 3, 2: 1 });
    assert.equal(await bed.check("virsh -q list --all"), "");
    assert.equal(await bed.check("ls /share/package.json"), "/share/package.json");
  });

  it("without power loses what was not written to its disk, and is led to this machine again when it is back", async () => {
    await using port = await HeldPort.hold();
    const server = createServer((client) => client.end("here"));
    await once(server.listen(port.port, "127.0.0.1"), "listening");
    await bed.lead(8778, port.port);
    const forward = await bed.forward("tcp:8778");
    await bed.writeFile("/var/lib/written", "x");
    await bed.check("sync");
    await bed.cutPower();
    await assert.rejects(bed.check("true", { timeoutMs: 5000 }));
    await bed.powerOn();
    assert.equal(await bed.check("cat /var/lib/written"), "x");
    assert.equal(await bed.check("timeout 30 cat </dev/tcp/127.0.0.1/8778"), "here");
    assert.equal(await text(connect({ path: forward })), "here");
    server.close();
  });

  it("without power keeps what was done before something that was synced, as a host with a journal does", async () => {
    await bed.writeFile("/etc/undefined", "x");
    await bed.check("sync");
    await bed.check("rm /etc/undefined && echo x > /var/lib/tombstone && sync /var/lib/tombstone /var/lib");
    await bed.cutPower();
    await bed.powerOn();
    assert.equal(await bed.check("cat /var/lib/tombstone"), "x");
    assert.equal(await bed.check("ls /etc | grep undefined || true"), "");
  });
});
