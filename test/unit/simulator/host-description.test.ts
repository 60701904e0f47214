import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { faultKinds } from "../../../agent/simulator/faults/kinds.ts";
import { unfolding } from "../../fakes/unfolding-yaml.ts";
import { defaultHost, parseHost } from "../../../agent/simulator/host-yaml.ts";
import { Refusal } from "../../../agent/simulator/problem.ts";

// Beside the sources: the build does not copy it.
const example = new URL("../../../../agent/simulator/example-host.yaml", import.meta.url);

describe("HOST.yaml", () => {
  it("is what the documented example says", async () => {
    const host = parseHost(await readFile(example, "utf8"), "example-host.yaml");
    assert.equal(host.kernel, "6.1.0-44-amd64");
    assert.deepEqual(
      host.gpus.map(({ address }) => address),
      ["0000:00:02.0", "0000:03:00.0"],
    );
    assert.deepEqual(
      host.faults.map(({ name, kind }) => [name, kind]),
      [
        ["lie", "AVAILABLE_INSTANCES_WRONG"],
        ["guest-shutdown-late", "GUEST_SHUTDOWN_LATE"],
      ],
    );
  });

  it("has every key and every kind of fault named in the example", async () => {
    const text = await readFile(example, "utf8");
    const keys = [...Object.keys(defaultHost()), ...Object.keys(defaultHost().gpus[0] ?? {})];
    for (const key of keys) assert.match(text, new RegExp(`\\b${key}:`), key);
    for (const kind of Object.keys(faultKinds)) assert.match(text, new RegExp(`\\b${kind}\\b`), kind);
  });

  it("has guests of xl on a Xen host alone, each under a name of its own", () => {
    const guest = (name: string): string => `{ name: ${name}, uuid: 7d1f0a44-5b8e-4a0c-9f0b-000000000007 }`;
    const { xl_guests: guests } = parseHost(`{ hypervisor: xen, xl_guests: [${guest("a")}] }`, "x");
    assert.deepEqual(
      guests.map(({ name, type, pci }) => [name, type, pci]),
      [["a", "hvm", []]],
    );
    for (const [yaml, message] of [
      [`{ xl_guests: [${guest("a")}] }`, /without Xen/],
      [`{ hypervisor: xen, xl_guests: [${guest("a")}, ${guest("a")}] }`, /another guest has the name/],
    ] as const)
      assert.throws(() => parseHost(yaml, "x"), message);
  });

  it("describes a Coffee Lake host under Linux 6.12 when it is empty", () => {
    const { kernel, gpus } = parseHost("", "empty");
    assert.equal(kernel, "6.12.107");
    assert.deepEqual(
      gpus.map((gpu) => [gpu.address, gpu.device, gpu.aperture_mib]),
      [["0000:00:02.0", "3e92", 1024]],
    );
  });

  it("is refused with the place named when it says something unknown or impossible", () => {
    const cases: [string, RegExp][] = [
      ["colour: blue", /1:9 colour: is not known/],
      ["gpus: [{ address: card0 }]", /1:19 gpus\[0\]\.address: not a PCI address/],
      [
        "gpus: [{ address: 0000:00:02.0, aperture_mib: 300 }]",
        /1:47 gpus\[0\]\.aperture_mib: not a power of two/,
      ],
      ["gpus: [{ address: 0000:00:02.0 }, { address: 0000:00:02.0 }]", /two gpus with one address/],
      ["kernel: latest", /1:9 kernel: not a kernel release/],
      ["cpus: 4\nkernel: [", /2:10 Flow sequence/],
      ["cpus: 4\ncpus: 5", /2:1 cpus: stands twice \(also at line 1\)/],
      ["hostname: !env HOME", /1:11 Unresolved tag: !env/],
      ["cpus: 4\ngpus: [*mine]", /2:8 \*mine stands for nothing/],
      ["gpus: &all [*all]", /1:13 \*all stands for what it is part of/],
      [unfolding(6), /2:10 its aliases stand for too much/],
      ["faults: [{ kind: CREATE_FAILS, errno: EWHAT }]", /1:39 faults\[0\]\.errno: /],
      ["faults: [{ kind: BURNS }]", /1:18 faults\[0\]\.kind: /],
      ["faults: [{ kind: LIBVIRT_GONE, errno: EIO }]", /1:39 faults\[0\]\.errno: is not for LIBVIRT_GONE/],
      ["faults: [{ kind: CREATE_LATE }]", /1:10 faults\[0\]\.delay_ms: is required for CREATE_LATE/],
      ["faults: [{ kind: GM_FRAGMENTED, gpu: 0000:09:00.0 }]", /1:38 faults\[0\]\.gpu: .* no GPU 0000:09/],
      [
        "faults: [{ kind: FILE_FAILS, target: /proc/version }]",
        /1:38 faults\[0\]\.target: the simulated host has no file \/proc\/version/,
      ],
      ["faults: [{ kind: LIBVIRT_ERROR, target: reboot }]", /faults\[0\]\.target: is no method of libvirt/],
      [
        "mdevs: [{ gpu: 0000:00:02.0, type: i915-GVTg_V4_1, uuid: 4c9c1f1e-aaaa-4000-8000-000000000001 }]",
        /1:36 mdevs\[0\]\.type: the kernel refuses to make it: ENOENT/,
      ],
    ];
    for (const [yaml, message] of cases)
      assert.throws(
        () => parseHost(yaml, "host.yaml"),
        (error: unknown) => error instanceof Refusal && message.test(error.message),
        yaml,
      );
  });

  it("is refused in words that say what is taken", () => {
    const cases: [string, RegExp][] = [
      ["gpus: [{ adress: 0000:00:02.0 }]", /gpus\[0\]\.adress: is not known; did you mean address\?$/m],
      ["gpus: [{ device: '3e92' }]", /gpus\[0\]\.address: is required$/m],
      ["colour: a\nsize: b", /colour: is not known, nor is size; known are about, hostname, /],
      [
        "gpus: [{ address: 0000:00:02.0, device: 3e96 }]",
        /1:41 gpus\[0\]\.device: is no text to YAML; write "3e96", with quotes$/m,
      ],
      ["kernel: 6.12", /kernel: is no text to YAML; write "6.12", with quotes$/m],
      ["cpus: many", /cpus: "many" is not allowed; it takes a whole number$/m],
      ["cpus: 0", /cpus: 0 is not allowed; it takes at least 1$/m],
      ["hostname: ''", /hostname: "" is not allowed; it takes at least 1 characters$/m],
      ["gpus: all", /gpus: "all" is not allowed; it takes a list$/m],
      ["hypervisor: qemu", /hypervisor: "qemu" is not allowed; it takes kvm, xen or none$/m],
      ["enable_gvt: maybe", /enable_gvt: must be true, false or absent$/m],
      [
        "faults: [{ kind: CREATE_FAIL }]",
        /faults\[0\]\.kind: "CREATE_FAIL" is not allowed; did you mean CREATE_FAILS\?$/m,
      ],
      ["faults: [{ kind: BURNS }]", /kind: "BURNS" is not allowed; it takes [A-Z_, ]+ or [A-Z_]+$/m],
    ];
    for (const [yaml, message] of cases) assert.throws(() => parseHost(yaml, "host.yaml"), message, yaml);
  });

  it("may have a value stand for another one", () => {
    const { faults } = parseHost(
      "faults:\n  - { kind: GPU_VANISHES, gpu: &gpu 0000:00:02.0 }\n  - { kind: GM_FRAGMENTED, gpu: *gpu }",
      "host.yaml",
    );
    assert.deepEqual(
      faults.map(({ gpu }) => gpu),
      ["0000:00:02.0", "0000:00:02.0"],
    );
  });

  it("may have a file fail that its own mdevs bring", () => {
    const mdev = "gpu: 0000:00:02.0, type: i915-GVTg_V5_4, uuid: 4c9c1f1e-aaaa-4000-8000-000000000001";
    const target =
      "sys/devices/pci0000:00/0000:00:02.0/4c9c1f1e-aaaa-4000-8000-000000000001/intel_vgpu/vgpu_id";
    const yaml = `mdevs: [{ ${mdev} }]\nfaults: [{ kind: FILE_FAILS, target: "${target}" }]`;
    assert.equal(parseHost(yaml, "host.yaml").faults[0]?.target, target);
  });
});
