// The test bed itself: that it shows what a host with GVT-g shows, and that its faults are the ones it promises. long/gpu.test.ts has
// more of its GPU.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { HeldPort } from "../fakes/held-port.ts";
import { BedError } from "./bed-error.ts";
import * as gpu from "./gpu.ts";
import { bed } from "./suite-bed.ts";

describe("the bed's GPU", () => {
  it("is an Intel display function driven by i915, with card and render nodes", async () => {
    const device = `/sys/bus/pci/devices/${gpu.gpuAddress}`;
    assert.equal(await bed.check(`cat ${device}/{vendor,device,class}`), "0x8086\n0x191b\n0x030000");
    assert.equal(await bed.check(`basename $(readlink ${device}/driver)`), "i915");
    assert.equal(await bed.check(`ls ${device}/drm`), "card0\nrenderD128");
    assert.equal(await bed.check("ls /dev/dri"), "by-path\ncard0\nrenderD128");
    assert.equal(await bed.check("cat /sys/module/i915/parameters/enable_gvt"), "Y");
  });

  it("describes a type as the kernel does", async () => {
    const type = `/sys/class/mdev_bus/${gpu.gpuAddress}/mdev_supported_types/i915-GVTg_V5_4`;
    assert.equal(
      await bed.check(`cat ${type}/{name,device_api,description}`),
      "GVTg_V5_4\nvfio-pci\nlow_gm_size: 128MB\nhigh_gm_size: 512MB\nfence: 4\nresolution: 1920x1200\nweight: 4",
    );
  });

  it("is listed by libvirt with its mdev types", async () => {
    const xml = await bed.check("virsh nodedev-dumpxml pci_0000_00_02_0");
    assert.match(
      xml,
      /<type id='i915-GVTg_V5_8'>\s*<name>GVTg_V5_8<\/name>\s*<deviceAPI>vfio-pci<\/deviceAPI>/,
    );
    assert.match(xml, /<availableInstances>6<\/availableInstances>/);
  });
});

describe("the pool", () => {
  afterEach(() => gpu.removeAll(bed));

  it("is shared: a slice of one type lowers what is left of every type, its removal gives it back", async () => {
    assert.deepEqual(await gpu.available(bed), { 8: 6, 4: 3, 2: 1 });
    assert.equal((await gpu.create(bed, "4", gpu.uuid(1))).code, 0);
    assert.deepEqual(await gpu.available(bed), { 8: 4, 4: 2, 2: 1 });
    assert.equal((await gpu.create(bed, "8", gpu.uuid(2))).code, 0);
    assert.deepEqual(await gpu.available(bed), { 8: 3, 4: 1, 2: 0 });
    assert.equal((await gpu.remove(bed, gpu.uuid(1))).code, 0);
    assert.deepEqual(await gpu.available(bed), { 8: 5, 4: 2, 2: 1 });
    assert.equal((await gpu.remove(bed, gpu.uuid(2))).code, 0);
    assert.deepEqual(await gpu.available(bed), { 8: 6, 4: 3, 2: 1 });
  });

  it("numbers slices from 1", async () => {
    await gpu.create(bed, "8", gpu.uuid(1));
    await gpu.create(bed, "8", gpu.uuid(2));
    assert.equal(await bed.check(`cat /sys/bus/mdev/devices/${gpu.uuid(2)}/intel_vgpu/vgpu_id`), "2");
  });

  it("refuses with ENOSPC when it is exhausted, and says in the log what was short", async () => {
    for (let n = 1; n <= 3; n += 1) assert.equal((await gpu.create(bed, "4", gpu.uuid(n))).code, 0);
    assert.deepEqual(await gpu.available(bed), { 8: 0, 4: 0, 2: 0 });
    await gpu.kernelLog(bed);
    assert.match((await gpu.create(bed, "8", gpu.uuid(4))).stderr, /No space left on device/);
    const log = await gpu.kernelLog(bed);
    assert.match(log, /gvt: fail to allocate resource low GM space/);
    assert.match(log, /gvt: request 64MB avail 0MB max 384MB taken 384MB/);
    assert.match(log, /gvt: failed to create intel vgpu: -28/);
  });

  it("refuses a UUID that exists with EEXIST and one of a wrong form with EINVAL", async () => {
    await gpu.create(bed, "8", gpu.uuid(1));
    assert.match((await gpu.create(bed, "8", gpu.uuid(1))).stderr, /File exists/);
    assert.match((await gpu.create(bed, "8", "not-a-uuid")).stderr, /Invalid argument/);
  });
});

describe("knobs", () => {
  afterEach(async () => {
    await gpu.setKnob(bed, "fail_create", "0");
    await gpu.setKnob(bed, "fragment", "none");
    await gpu.removeAll(bed);
  });

  it("fail_create refuses creates with the errno given and takes nothing", async () => {
    await gpu.setKnob(bed, "fail_create", "5");
    assert.match((await gpu.create(bed, "4", gpu.uuid(1))).stderr, /Input\/output error/);
    assert.deepEqual(await gpu.available(bed), { 8: 6, 4: 3, 2: 1 });
    assert.equal(await bed.check("ls /sys/bus/mdev/devices"), "");
  });

  it("fragment makes a create fail with ENOSPC although the type shows an instance", async () => {
    await gpu.setKnob(bed, "fragment", "low 200 112");
    assert.equal(
      await bed.check("cat /sys/module/kvmgt/parameters/fragment"),
      `${gpu.gpuAddress} low 200 112`,
    );
    assert.equal((await gpu.available(bed))["2"], 1);
    await gpu.kernelLog(bed);
    assert.match((await gpu.create(bed, "2", gpu.uuid(1))).stderr, /No space left on device/);
    assert.match(await gpu.kernelLog(bed), /gvt: fail to alloc low gm space from host/);
    // a smaller one still finds a range
    assert.equal((await gpu.create(bed, "4", gpu.uuid(1))).code, 0);
    await gpu.remove(bed, gpu.uuid(1));
    await gpu.setKnob(bed, "fragment", "none");
    assert.equal((await gpu.create(bed, "2", gpu.uuid(1))).code, 0);
  });
});

describe("reset", () => {
  it("reset goes back to the clean kernel of the saved state", async () => {
    await gpu.create(bed, "8", gpu.uuid(7));
    await bed.writeFile("/var/lib/left-over", "x");
    await bed.reset();
    assert.deepEqual(await gpu.available(bed), { 8: 6, 4: 3, 2: 1 });
    assert.equal((await bed.run("ls /var/lib/left-over /sys/bus/mdev/devices/*")).stdout, "");
    assert.equal(await bed.check("cat /sys/module/kvmgt/parameters/remove_behaviour"), "0");
    assert.equal(await bed.check('cat /share/package.json | grep -c \'"name": "vgpud"\''), "1");
  });
});

describe("the command channel", () => {
  it("returns status, output and bytes unchanged", async () => {
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 256));
    const result = await bed.runBytes("cat; echo complaint >&2; exit 3", { stdin: bytes });
    assert.equal(result.code, 3);
    assert.ok(result.stdout.equals(bytes));
    assert.equal(result.stderr.toString(), "complaint\n");
  });

  it("runs commands at the same time and kills one with what it started", async () => {
    const sleeper = bed.background("sleep 1000 & echo $! > /tmp/sleeper; wait");
    await bed.check("until [ -s /tmp/sleeper ]; do sleep 0.1; done");
    assert.equal(await bed.check("echo meanwhile"), "meanwhile");
    sleeper.kill("SIGTERM");
    assert.equal((await sleeper.result).code, 143);
    await bed.check("while kill -0 $(cat /tmp/sleeper) 2>/dev/null; do sleep 0.1; done");
  });

  it("gives up on a command after its time, says which, and shows the console", async () => {
    await assert.rejects(bed.run("sleep 1000", { timeoutMs: 500 }), (error) => {
      assert.ok(error instanceof BedError);
      assert.equal(error.code, "timeout");
      assert.match(error.message, /sleep 1000/);
      return true;
    });
  });

  it("leads a UNIX socket of this machine to one in the guest", async () => {
    const listener =
      "require('net').createServer((c) => c.on('data', (d) => c.end('got ' + d))).listen('/tmp/echo.sock')";
    const server = bed.background(`node -e "${listener}"`);
    await bed.check("until [ -S /tmp/echo.sock ]; do sleep 0.1; done");
    const client = connect({ path: await bed.forward("unix:/tmp/echo.sock") });
    client.write("hello");
    assert.equal(await text(client), "got hello");
    server.kill("SIGKILL");
  });

  it("leads a port of the guest's loopback to one of this machine's, once it is asked for, and no other", async () => {
    await using port = await HeldPort.hold();
    const server = createServer((client) =>
      client.on("data", (data) => client.end(`got ${data.toString()}`)),
    );
    const greet = (to: number): string =>
      `exec 3<>/dev/tcp/127.0.0.1/${to} && echo -n hello >&3 && timeout 30 cat <&3`;
    assert.notEqual((await bed.run(greet(8778))).code, 0);
    await bed.lead(8778, port.port);
    // Nobody is there: the guest is told so.
    assert.equal(await bed.check(greet(8778)), "");
    await once(server.listen(port.port, "127.0.0.1"), "listening");
    assert.equal(await bed.check(greet(8778)), "got hello");
    assert.notEqual((await bed.run(greet(port.port))).code, 0);
    await bed.reset();
    assert.notEqual((await bed.run(greet(8778))).code, 0);
    server.close();
  });

  it("has no other way out of the guest", async () => {
    assert.notEqual((await bed.run("timeout 3 bash -c ': < /dev/tcp/10.0.2.2/22'")).code, 0);
  });
});
