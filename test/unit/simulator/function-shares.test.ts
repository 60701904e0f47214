// What the simulated drivers make of shares that virtual functions are given, through hostd's operation.
import assert from "node:assert/strict";
import type { Result } from "../../../agent/hostd/protocol/messages.ts";
import type { FunctionProfile } from "../../../agent/hostd/protocol/shares.ts";
import { hostEntries } from "../../../agent/simulator/host-tree.ts";
import { parseHost } from "../../../agent/simulator/host-yaml.ts";
import { SimulatedKernel } from "../../../agent/simulator/kernel.ts";
import { setFunctionProfile } from "../../../agent/simulator/profile-face.ts";
import { pciAddress } from "../../fakes/ids.ts";

const MIB = 1_048_576;
const FLEX = pciAddress(3);
const IGPU = pciAddress(0);

class Host {
  readonly kernel: SimulatedKernel;
  readonly gpu: typeof FLEX;

  private constructor(gpu: typeof FLEX, yaml: string) {
    this.gpu = gpu;
    this.kernel = new SimulatedKernel(parseHost(yaml, "test"), () => "boot");
  }

  /** With a discrete GPU of xe. */
  static flex(kernel = "7.1.0"): Host {
    const gpu = `{ address: "${FLEX}", device: "56c0", driver: xe, boot_vga: false, total_vfs: 31 }`;
    return new Host(FLEX, `{ kernel: ${kernel}, gpus: [${gpu}] }`);
  }

  /** With an integrated GPU of a port of i915. */
  static integrated(iov = "prelim_iov"): Host {
    return new Host(IGPU, `{ gpus: [{ address: "${IGPU}", device: "4680", total_vfs: 7, iov: ${iov} }] }`);
  }

  set(number: number, values: FunctionProfile): Result {
    return setFunctionProfile(this.kernel, "/root-of-test", {
      kind: "set-function-profile",
      gpu: this.gpu,
      number,
      values,
    });
  }

  async make(count: number): Promise<void> {
    assert.equal(await this.kernel.functions.setVfs(this.gpu, count), undefined);
  }

  /** What a file below the directory of the GPU says. */
  says(name: string): string | undefined {
    const entry = hostEntries(this.kernel, () => 0).get(`sys/devices/pci0000:00/${this.gpu}/${name}`);
    return entry?.kind === "file" ? entry.text.trimEnd() : undefined;
  }

  vram(...numbers: readonly number[]): readonly unknown[] {
    return numbers.map((number) => Number(this.says(`sriov_admin/vf${number}/profile/vram_quota`)) / MIB);
  }

  ggtt(...numbers: readonly number[]): readonly unknown[] {
    return numbers.map(
      (number) => Number(this.says(`drm/card0/prelim_iov/vf${number}/gt0/ggtt_quota`)) / MIB,
    );
  }
}

const written = (...shares: readonly object[]): object => ({
  kind: "profile",
  written: shares,
  notOffered: [],
});

describe("the shares of the simulated kernel's virtual functions", () => {
  it("are cut off where firmware does, and shown in the files", () => {
    const flex = Host.flex();
    assert.deepEqual(
      flex.set(31, { execQuantumMs: 4_000_000_000, preemptTimeoutUs: 4_000_000_000 }),
      written({ share: "execQuantumMs", value: 100_000 }, { share: "preemptTimeoutUs", value: 100_000_000 }),
    );
    assert.equal(flex.says("sriov_admin/vf31/profile/exec_quantum_ms"), "100000");
    assert.equal(flex.says("sriov_admin/vf31/profile/preempt_timeout_us"), "100000000");
    assert.equal(flex.says("sriov_admin/vf30/profile/exec_quantum_ms"), "0");
  });

  it("are those that the driver has: xe's priority is only read, as in Linux", () => {
    const all: FunctionProfile = {
      ...{ priority: "high", vramBytes: 1, ggttBytes: 1, contexts: 1, doorbells: 1 },
    };
    const notOffered = (host: Host): unknown => {
      const result = host.set(1, all);
      return result.kind === "profile" ? result.notOffered : result;
    };
    assert.deepEqual(notOffered(Host.flex()), ["priority", "ggttBytes", "contexts", "doorbells"]);
    assert.deepEqual(notOffered(Host.flex("6.19.0")), [
      "priority",
      "vramBytes",
      "ggttBytes",
      "contexts",
      "doorbells",
    ]);
    assert.deepEqual(notOffered(Host.integrated()), ["priority", "vramBytes"]);
    assert.equal(Host.flex().says("sriov_admin/vf1/profile/sched_priority"), "[low] normal");
    assert.equal(Host.flex().says("sriov_admin/pf/profile/sched_priority"), "[low] normal high");
    // Before sriov_admin, and without a port, there are no files.
    assert.deepEqual(Host.flex("6.18.0").set(1, { execQuantumMs: 1 }), {
      ...{ kind: "profile", written: [], notOffered: ["execQuantumMs"] },
    });
    assert.deepEqual(Host.integrated("none").set(1, { execQuantumMs: 1 }), {
      ...{ kind: "profile", written: [], notOffered: ["execQuantumMs"] },
    });
  });

  it("come in whole pieces, and not beyond what the GPU has", async () => {
    const flex = Host.flex();
    assert.deepEqual(flex.set(1, { vramBytes: 1 }), written({ share: "vramBytes", value: 2 * MIB }));
    assert.deepEqual(
      flex.set(1, { vramBytes: 14_336 * MIB }),
      written({ share: "vramBytes", value: 14_336 * MIB }),
    );
    assert.deepEqual(flex.set(2, { execQuantumMs: 20, vramBytes: 1 }), {
      kind: "errno",
      errno: "ENOMEM",
      call: "write",
      path: `/root-of-test/sys/devices/pci0000:00/${FLEX}/sriov_admin/vf2/profile/vram_quota`,
    });
    assert.equal(flex.says("sriov_admin/vf2/profile/exec_quantum_ms"), "20");
    const igpu = Host.integrated();
    await igpu.make(2);
    assert.deepEqual(igpu.ggtt(1, 2), [1989, 1989]);
    const refused = igpu.set(1, { ggttBytes: 2049 * MIB });
    assert.equal(refused.kind === "errno" && refused.errno, "EDQUOT");
    // What it had was given up before.
    assert.deepEqual(igpu.ggtt(1, 2), [0, 1989]);
    const contexts = igpu.set(1, { contexts: 40_000 });
    assert.equal(contexts.kind === "errno" && contexts.errno, "ENOSPC");
    assert.equal(igpu.says("drm/card0/prelim_iov/vf1/gt0/contexts_quota"), "31744");
    assert.deepEqual(
      igpu.set(1, { contexts: 1, doorbells: 3 }),
      written({ share: "contexts", unit: "gt0", value: 1024 }, { share: "doorbells", unit: "gt0", value: 3 }),
    );
    assert.equal(igpu.says("drm/card0/prelim_iov/pf/gt0/available/doorbells_free"), "117");
  });

  it("are left alone by xe when one was given before the functions are made, and forgotten with them", async () => {
    const flex = Host.flex();
    flex.set(2, { vramBytes: 1024 * MIB, execQuantumMs: 20 });
    await flex.make(2);
    assert.deepEqual(flex.vram(1, 2), [0, 1024]);
    await flex.make(0);
    assert.equal(flex.says("sriov_admin/vf2/profile/exec_quantum_ms"), "0");
    await flex.make(2);
    assert.deepEqual(flex.vram(1, 2, 3), [7168, 7168, 0]);
  });

  it("are shared out by i915 until somebody gives one, and kept from then on", async () => {
    const igpu = Host.integrated();
    await igpu.make(7);
    assert.equal(igpu.says("drm/card0/prelim_iov/pf/auto_provisioning"), "1");
    await igpu.make(0);
    assert.deepEqual(igpu.ggtt(1), [0]);
    await igpu.make(1);
    igpu.set(1, { ggttBytes: 512 * MIB });
    assert.equal(igpu.says("drm/card0/prelim_iov/pf/auto_provisioning"), "0");
    await igpu.make(0);
    await igpu.make(2);
    assert.deepEqual(igpu.ggtt(1, 2), [512, 0]);
    // Not before nobody has a part.
    await igpu.make(0);
    assert.equal(igpu.kernel.functions.shareOutAgain(IGPU), "ESTALE");
    for (const name of ["ggttBytes", "contexts", "doorbells"]) igpu.set(1, { [name]: 0 });
    assert.equal(igpu.kernel.functions.shareOutAgain(IGPU), undefined);
    await igpu.make(2);
    assert.deepEqual(igpu.ggtt(1, 2), [1989, 1989]);
  });

  it("are all made by i915, or none, where somebody has given one a part of what it needs only", async () => {
    const igpu = Host.integrated();
    igpu.set(1, { ggttBytes: 512 * MIB });
    assert.equal(await igpu.kernel.functions.setVfs(IGPU, 1), "ENOKEY");
    assert.equal(igpu.kernel.functions.virtualOf(IGPU).length, 0);
    igpu.set(1, { contexts: 1024 });
    assert.equal(await igpu.kernel.functions.setVfs(IGPU, 1), undefined);
  });

  it("go with the driver", async () => {
    const igpu = Host.integrated();
    igpu.set(1, { ggttBytes: 512 * MIB, execQuantumMs: 20 });
    await igpu.kernel.functions.unbind(IGPU);
    assert.deepEqual(igpu.set(1, { execQuantumMs: 20 }), {
      ...{ kind: "profile", written: [], notOffered: ["execQuantumMs"] },
    });
    await igpu.kernel.functions.probe(IGPU);
    assert.deepEqual(igpu.ggtt(1), [0]);
    igpu.set(1, { execQuantumMs: 20 });
    igpu.kernel.reboot();
    assert.equal(igpu.says("drm/card0/prelim_iov/vf1/gt0/exec_quantum_ms"), "0");
  });

  it("are of functions that the GPU can have, and of no other GPU", async () => {
    const flex = Host.flex();
    assert.deepEqual(flex.set(32, { execQuantumMs: 20 }), {
      kind: "refused",
      why: `${FLEX} has no virtual function 32: it can have 31`,
    });
    await flex.make(1);
    const [made] = flex.kernel.functions.virtualOf(FLEX);
    assert.ok(made);
    const asked = { kind: "set-function-profile", number: 1, values: { execQuantumMs: 20 } } as const;
    const of = (gpu: string): string => setFunctionProfile(flex.kernel, "/", { ...asked, gpu }).kind;
    assert.deepEqual([of(made.address), of("0000:09:00.0")], ["refused", "absent"]);
  });
});
