// vgpud in the KVM bed with a GPU to cut and one to give away whole, as the suites of a `describe` have it.
import assert from "node:assert/strict";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import { domainRequest, eventually, makeDisk, type AgentInBed } from "./agent-in-bed.ts";
import * as gpu from "./gpu.ts";
import type { LifeLog } from "./life-log.ts";
import { bed } from "./suite-bed.ts";

/** Has up to seven virtual functions. */
export const CUT = gpu.gpuAddress;
/** Not where a processor's graphics are, so that it is given back. */
export const WHOLE = "0000:00:03.0";

export interface FunctionsAgent {
  readonly agent: AgentInBed;
  /** A line for vgpuctl, told in the life's log with what it says. */
  readonly does: (line: string) => Promise<{ readonly code: number; readonly text: string }>;
  /** One that must succeed; what it says. */
  readonly done: (line: string) => Promise<string>;
  /** A domain with a function of such a mode. */
  readonly create: (name: string, mode: Mode) => Promise<void>;
}

/** Puts two GPUs into the bed, to cut and to give away, instead of its own. */
export async function reloadTwoGpus(): Promise<void> {
  await bed.check("echo options i915 max_vfs=7 > /etc/modprobe.d/functions.conf");
  // udev loads i915, by what it had read of these files.
  await bed.check("udevadm control --reload");
  // Alder Lake-P, which has SR-IOV with i915 from outside of the kernel, twice.
  await gpu.reloadGpu(bed, "slot=2,3 device_id=0x46a6 vfs=7 aperture_mb=256");
}

/** Resolves when vgpud knows them and what libvirt says: right after a start it does not. Makes disks of these names. */
export async function knowsTwoGpus({ agent }: FunctionsAgent, disks: readonly string[]): Promise<void> {
  for (const name of disks) await makeDisk(bed, name);
  for (const [address, mode] of [
    [CUT, "sriov"],
    [WHOLE, "gvt-d"],
  ] as const)
    await eventually(
      () => vgpuctl(agent.socket, ["set-mode", address, mode, "--dry-run"]),
      ({ exitCode }) => exitCode === 0,
    );
}

/** The lines of one that runs. */
export function functionsOf(agent: AgentInBed, life: LifeLog): FunctionsAgent {
  const does = async (line: string): Promise<{ readonly code: number; readonly text: string }> => {
    const { exitCode, stdout, stderr } = await vgpuctl(agent.socket, line.split(" "));
    const text = [stdout, stderr].filter((part) => part !== "").join("\n");
    life.tell(`$ vgpuctl ${line}\n${text}`);
    return { code: exitCode, text };
  };
  return {
    agent,
    does,
    async done(line) {
      const { code, text } = await does(line);
      assert.equal(code, 0, text);
      return text;
    },
    async create(name, mode) {
      const request = domainRequest(name, "4");
      assert.ok(request.vgpu);
      request.vgpu.want = { $case: "mode", value: mode };
      await agent.client.createDomain(request);
    },
  };
}

export function driverOf(address: string): Promise<string> {
  return gpu.driverOf(bed, address);
}

/** The address of the n-th virtual function. */
export function functionAt(n: number): string {
  return CUT.replace(/\d$/, String(n));
}

/** The line of the QEMU's open files that is the function's VFIO group. */
export async function groupHeld(domain: string, address: string): Promise<string> {
  const group = await bed.check(`basename $(readlink /sys/bus/pci/devices/${address}/iommu_group)`);
  const pid = await bed.check(`cat /run/libvirt/qemu/${domain}.pid`);
  return bed.check(`ls -l /proc/${pid}/fd | grep -- '-> /dev/vfio/${group}$'`);
}
