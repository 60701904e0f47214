import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { faultsSchema } from "../../../agent/simulator/faults.ts";
import { defaultHost, parseHost } from "../../../agent/simulator/host-description.ts";

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
    assert.equal(host.faults.available_instances_error, 1);
  });

  it("has every key and every fault named in the example", async () => {
    const text = await readFile(example, "utf8");
    const keys = [
      ...Object.keys(defaultHost()),
      ...Object.keys(defaultHost().gpus[0] ?? {}),
      ...faultsSchema.keyof().options,
    ];
    for (const key of keys) assert.match(text, new RegExp(`\\b${key}:`), key);
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
      ["colour: blue", /colour/],
      ["gpus: [{ address: card0 }]", /PCI address[^]*gpus\[0\]\.address/],
      ["gpus: [{ address: 0000:00:02.0, aperture_mib: 300 }]", /power of two[^]*gpus\[0\]\.aperture_mib/],
      ["gpus: [{ address: 0000:00:02.0 }, { address: 0000:00:02.0 }]", /two gpus with one address/],
      ["faults: { create_errno: EWHAT }", /faults\.create_errno/],
      ["kernel: latest", /kernel release/],
    ];
    for (const [yaml, message] of cases) assert.throws(() => parseHost(yaml, "host.yaml"), message);
  });
});
