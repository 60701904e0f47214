// XenGT on a simulated host: both generations of the driver, and what they show in files.
import assert from "node:assert/strict";
import { hostEntries } from "../../../agent/simulator/host-tree.ts";
import { parseHost } from "../../../agent/simulator/host-yaml.ts";
import { SimulatedKernel } from "../../../agent/simulator/kernel.ts";

const CONTROL = "sys/kernel/vgt/control";

function xen(xengt: "2015" | "2017", device: string, apertureMib = 512): SimulatedKernel {
  const gpu = `{ address: "0000:00:02.0", device: "${device}", aperture_mib: ${apertureMib} }`;
  const yaml = `{ hypervisor: xen, kvmgt: false, xengt: ${xengt}, gpus: [${gpu}] }`;
  return new SimulatedKernel(parseHost(yaml, "test"), () => "boot");
}

/** What is below /sys/kernel/vgt, and text of files by their names there. */
function files(kernel: SimulatedKernel): ReadonlyMap<string, string> {
  const entries = [...hostEntries(kernel, () => 0)];
  return new Map(
    entries.flatMap(([name, entry]) =>
      name.startsWith("sys/kernel/vgt/") && entry.kind === "file"
        ? [[name.slice("sys/kernel/vgt/".length), entry.text]]
        : [],
    ),
  );
}

function figures(kernel: SimulatedKernel): readonly number[] {
  const [first = ""] = (files(kernel).get("control/available_resource") ?? "").split("\n");
  return first.split(", ").map(Number);
}

function make(kernel: SimulatedKernel, domid: number, low: number, high = 384, fences = 4): string {
  return kernel.writeVgt(`${domid},${low},${high},${fences},-1,0`) ?? "made";
}

describe("XenGT of 2015", () => {
  it("makes slices of any size from the lowest free place of the aperture, beside the host's 128 MiB", () => {
    const on = xen("2015", "1626");
    assert.deepEqual(figures(on), [512, 384, 3584, 3200, 32, 28]);
    assert.equal(make(on, 3, 100, 200, 5), "made");
    assert.deepEqual(figures(on), [512, 284, 3584, 3200, 32, 23]);
    assert.equal(make(on, 4, 284), "made");
    assert.equal(make(on, 5, 1), "ENOMEM");
    assert.equal(on.writeVgt("-3"), undefined);
    assert.equal(make(on, 5, 101), "ENOMEM");
    assert.equal(make(on, 5, 100), "made");
    const shown = files(on);
    assert.equal(shown.get("vm5/vgt_id"), "1\n");
    assert.equal(shown.get("vm4/vgt_id"), "2\n");
    assert.equal(shown.get("vm5/aperture_sz"), `${(100 * 2 ** 20).toString(16).padStart(16, "0")}\n`);
    assert.equal(shown.get("vm5/gm_sz"), `${(484 * 2 ** 20).toString(16).padStart(16, "0")}\n`);
    const base = (name: string): number => Number(`0x${shown.get(name) ?? ""}`);
    assert.equal(base("vm4/aperture_base") - base("vm5/aperture_base"), 100 * 2 ** 20);
    assert.equal(shown.get("vm5/schedule"), "ACTIVE\n");
    assert.ok(shown.has("vm5/vgpu_hw_utilization") && !shown.has("vm3/vgt_id"));
  });

  it("has room in pieces alone where slices have gone, and says what is left all the same", () => {
    const on = xen("2015", "1626");
    for (const domid of [1, 2, 3]) assert.equal(make(on, domid, 128), "made");
    on.writeVgt("-1");
    on.writeVgt("-3");
    assert.equal(figures(on)[1], 256);
    assert.equal(make(on, 4, 256), "ENOMEM");
    assert.equal(make(on, 4, 128), "made");
  });

  it("shares high GM among the guests, apart from the host's, in pieces of 64 MiB", () => {
    const on = xen("2015", "1626");
    for (const domid of [1, 2, 3]) assert.equal(make(on, domid, 64, 3200), "made");
    assert.equal(figures(on)[3], 3200);
    assert.equal(make(on, 4, 64, 3201), "ENOMEM");
  });

  it("gives fences in one piece", () => {
    const on = xen("2015", "1626");
    for (const domid of [1, 2]) assert.equal(make(on, domid, 32, 0, 14), "made");
    assert.equal(make(on, 3, 32, 0, 1), "ENOMEM");
    on.writeVgt("-1");
    assert.equal(make(on, 3, 32, 0, 15), "ENOMEM");
    assert.equal(make(on, 3, 32, 0, 14), "made");
  });

  it("makes at most seven, on Haswell three, and one for each guest", () => {
    for (const [device, most] of [
      ["1626", 7],
      ["0412", 3],
    ] as const) {
      const on = xen("2015", device, 1024);
      for (let domid = 1; domid <= most; domid += 1) assert.equal(make(on, domid, 8, 64, 1), "made");
      assert.equal(make(on, 20, 8, 64, 1), "ENOSPC");
      assert.equal(make(on, 1, 8, 64, 1), "EINVAL");
    }
  });

  it("takes a word of four numbers to six, and one below zero to remove", () => {
    const on = xen("2015", "1626");
    const wrong = ["", "x", "7", "0", "7 128 384 4", "7,128,384", "0,128,384,4", "7,0,384,4", "7,128,-1,4"];
    for (const line of [...wrong, "7,128,384,0", "7,128,384,4,2", "7,128,384,4,-1,101"])
      assert.equal(on.writeVgt(line), "EINVAL", line);
    for (const line of ["1,64,64,1", "2,64,64,1,0", "3,64,64,1,-1,0\n", " 4,64,64,1,1,100 and more"])
      assert.equal(on.writeVgt(line), undefined, line);
    assert.equal(on.writeVgt("-4"), undefined);
    assert.equal(on.writeVgt("-4"), "ENODEV");
  });

  it("says by its bitmaps where something is", () => {
    const on = xen("2015", "1626", 128);
    const [, gm = "", fences = ""] = (files(on).get("control/available_resource") ?? "").split("\n");
    const words = gm.split(",");
    assert.equal(words.length, 4096 / 32);
    // The host's 96 and 32 MiB of an aperture of 128, and its hidden 384 after it.
    assert.deepEqual(new Set(words.slice(-16)), new Set(["ffffffff"]));
    assert.deepEqual(new Set(words.slice(0, -16)), new Set(["00000000"]));
    assert.equal(fences, "0000000f");
  });
});

describe("XenGT of 2017", () => {
  it("makes slices of GVT-g's types by their low GM alone, and refuses everything else with EINVAL", () => {
    const on = xen("2017", "1912", 1024);
    assert.equal(make(on, 3, 128, 1, 1), "made");
    assert.equal(make(on, 3, 128), "EINVAL");
    for (const low of [1, 63, 100, 129, 1024]) assert.equal(make(on, 4, low), "EINVAL", String(low));
    assert.equal(make(on, 4, 256), "made");
    // Of the aperture there would be room, of the high GM that the type has there is not.
    assert.equal(make(on, 5, 512), "EINVAL");
    assert.equal(make(on, 6, 64), "made");
    assert.deepEqual(
      on.vgt?.slices.map(({ domid, number, lowMib, highMib, fences }) => [
        ...[domid, number, lowMib, highMib, fences],
      ]),
      [
        [3, 1, 128, 512, 4],
        [4, 2, 256, 1024, 4],
        [6, 3, 64, 384, 4],
      ],
    );
    for (const domid of [3, 3, 99]) assert.equal(on.writeVgt(`-${domid}`), undefined);
    assert.equal(make(on, 7, 64), "made");
    assert.equal(on.vgt.slices.find(({ domid }) => domid === 7)?.number, 1);
  });

  it("makes at most seven", () => {
    const on = xen("2017", "1912", 1024);
    for (let domid = 1; domid <= 7; domid += 1) assert.equal(make(on, domid, 64), "made");
    assert.equal(make(on, 8, 64), "EINVAL");
  });

  it("shows no more than it must, and is a module", () => {
    const on = xen("2017", "1912");
    make(on, 3, 64);
    assert.deepEqual([...files(on).keys()].sort(), [
      `${CONTROL}/create_vgt_instance`.slice("sys/kernel/vgt/".length),
      "vm3/device_state",
      "vm3/schedule",
      "vm3/vgpu_id",
    ]);
    assert.equal(files(on).get("vm3/vgpu_id"), "1\n");
    assert.ok(hostEntries(on, () => 0).has("sys/module/xengt/initstate"));
    assert.ok(!hostEntries(xen("2015", "1626"), () => 0).has("sys/module/xengt/initstate"));
  });
});

describe("a host with XenGT", () => {
  it("has no slices after a boot, nor after its GPU has had another driver", () => {
    const on = xen("2017", "1912");
    assert.ok(on.vgt);
    make(on, 3, 64);
    on.reboot();
    assert.deepEqual(on.vgt.slices, []);
    make(on, 3, 64);
    const { address } = on.vgt.gpu;
    on.setHot({ gone: new Set([address]), drivers: new Map(), kvmgtUnloaded: false });
    assert.equal(on.vgt, undefined);
    assert.equal(make(on, 4, 64), "ENOENT");
    assert.equal(files(on).size, 0);
    on.setHot({ gone: new Set(), drivers: new Map(), kvmgtUnloaded: false });
    assert.equal(make(on, 3, 64), "made");
  });

  it("has it for the GPUs that the driver knows, and on Xen alone", () => {
    assert.equal(xen("2015", "3e92").vgt, undefined);
    assert.equal(xen("2017", "0412").vgt, undefined);
    for (const [yaml, message] of [
      [`{ xengt: "2017" }`, /xengt or device_models on a host without Xen/],
      ["{ device_models: [/usr/bin/qemu] }", /xengt or device_models on a host without Xen/],
      ["{ hypervisor: xen, device_models: [/usr/../etc/passwd] }", /must be a path below \/usr or \/opt/],
      [`{ hypervisor: xen, xengt: 2016 }`, /xengt: "2016" is not allowed; did you mean 2015\?/],
    ] as const)
      assert.throws(() => parseHost(yaml, "x"), message);
    assert.equal(parseHost("{ hypervisor: xen, xengt: 2017 }", "x").xengt, "2017");
  });

  it("has guests of xl whose device models have made their slices, as far as the driver makes them", () => {
    const guest = (name: string, more: string): string =>
      `{ name: ${name}, uuid: 7d1f0a44-5b8e-4a0c-9f0b-000000000007, xengt: {${more}} }`;
    const host = (...guests: readonly string[]): string =>
      `{ hypervisor: xen, xengt: 2017, gpus: [{ address: "0000:00:02.0", device: "1912" }], xl_guests: [${guests.join()}] }`;
    assert.equal(parseHost(host(guest("a", ""), guest("b", "low_gm_mib: 128")), "x").xl_guests.length, 2);
    for (const [yaml, message] of [
      [host(guest("a", "low_gm_mib: 100")), /xl_guests\[0\]\.xengt: XenGT refuses its slice: EINVAL/],
      [host(guest("a", "").replace("name", "type: pv, name")), /not of the type hvm/],
    ] as const)
      assert.throws(() => parseHost(yaml, "x"), message);
  });
});
