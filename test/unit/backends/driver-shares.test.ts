// What drivers let virtual functions be given is told by their files, on recorded hosts.
import assert from "node:assert/strict";
import { driverShares } from "../../../agent/backends/sriov/driver-shares.ts";
import { parsePciAddress } from "../../../agent/core/ids.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import type { DriverShares } from "../../../agent/lifecycle/ports.ts";
import { recordedHosts } from "../../hosts/recorded-hosts.ts";

async function onHost(name: string, gpu: string): Promise<DriverShares> {
  const host = recordedHosts().find((each) => each.name === name);
  assert.ok(host);
  await using tree = await host.expand();
  const address = parsePciAddress(gpu);
  assert.ok(address);
  return await driverShares(new RootedFiles(tree.root), address);
}

describe("what a driver lets virtual functions be given", () => {
  it("is turns and address space by the port of i915, which shares out by itself", async () => {
    assert.deepEqual(await onHost("alder-lake-s-sriov", "0000:00:02.0"), {
      automatic: true,
      settable: new Set(["execQuantumMs", "preemptTimeoutUs", "ggttBytes"]),
      left: { contexts: 37_888, doorbells: 160 },
    });
  });

  it("is turns and local memory by xe, and never a priority", async () => {
    assert.deepEqual(await onHost("flex-linux-7.1", "0000:4d:00.0"), {
      automatic: undefined,
      settable: new Set(["execQuantumMs", "preemptTimeoutUs", "vramBytes"]),
      left: { contexts: undefined, doorbells: undefined },
    });
  });

  it("is nothing by the kernel's own i915, and of a GPU that is not there", async () => {
    for (const gpu of ["0000:00:02.0", "0000:99:00.0"]) {
      const left = { contexts: undefined, doorbells: undefined };
      const none = { automatic: undefined, settable: new Set(), left };
      assert.deepEqual(await onHost("alder-lake-s-sriov-mainline", gpu), none);
    }
  });
});
