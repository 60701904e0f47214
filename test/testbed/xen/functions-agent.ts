// vgpud in the dom0 of the Xen bed with a second GPU to give away whole, as the suites of a `describe` have it.
import assert from "node:assert/strict";
import { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { XenGuestType } from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import { CreateDomainRequest } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { vgpuctl } from "../../unit/cli/vgpuctl.ts";
import { AgentInBed, eventually, images } from "../agent-in-bed.ts";
import * as gpu from "../gpu.ts";
import { bed } from "./suite-bed.ts";

/** Not where a processor's graphics are. */
export const SECOND = "0000:00:03.0";
/** The soft IOMMU is for functions given to a PV guest, whose memory is not where it thinks it is. */
const guestKernel = {
  kernelPath: `${images}/vmlinux`,
  initrdPath: `${images}/initrd`,
  cmdline: "console=hvc0 quiet iommu=soft",
};

export interface FunctionsAgent {
  readonly agent: AgentInBed;
  /** A line for vgpuctl. */
  readonly does: (line: string) => Promise<{ readonly code: number; readonly text: string }>;
  /** One that must succeed; what it says. */
  readonly done: (line: string) => Promise<string>;
}

/** The lines of one that runs. */
export function functionsOf(agent: AgentInBed): FunctionsAgent {
  const does = async (line: string): Promise<{ readonly code: number; readonly text: string }> => {
    const { exitCode, stdout, stderr } = await vgpuctl(agent.socket, [
      "--timeout",
      "120s",
      ...line.split(" "),
    ]);
    return { code: exitCode, text: `${stdout}${stderr}` };
  };
  const done = async (line: string): Promise<string> => {
    const { code, text } = await does(line);
    assert.equal(code, 0, text);
    return text;
  };
  return { agent, does, done };
}

/** Puts a second GPU into dom0, and the guests' kernel to where vgpud may have it from. */
export async function addSecondGpu(): Promise<void> {
  await bed.check(
    "modprobe -r xengt i915 fake_igd && modprobe fake_igd slot=2,3 && modprobe xengt && modprobe xen-pciback && udevadm settle",
  );
  await bed.check(`cp /var/lib/domu/vmlinux /var/lib/domu/initrd ${images}/`);
}

/** Resolves when vgpud knows the second GPU and what libvirt says: right after a start it does not. */
export async function knowsSecondGpu({ does }: FunctionsAgent): Promise<void> {
  await eventually(
    () => does(`set-mode ${SECOND} gvt-d --dry-run`),
    ({ code }) => code === 0,
  );
}

export function driverOf(address: string): Promise<string> {
  return gpu.driverOf(bed, address);
}

/** Paravirtualized: it boots the bed's own kernel, which tells of its PCI functions. */
export function request(name: string, address: string): CreateDomainRequest {
  return CreateDomainRequest.fromPartial({
    claimId: `claim-${name}`,
    domain: {
      ...{ name, vcpus: 1, memoryMib: 96, xenGuestType: XenGuestType.PV },
      boot: { source: { $case: "kernel", value: guestKernel } },
    },
    vgpu: { want: { $case: "mode", value: Mode.GVT_D }, gpu: address },
  });
}

/** Resolves when the guest of that name has started and has said that it has the imaginary GPU. */
export async function seesTheGpu(name: string): Promise<void> {
  const log = `/var/log/xen/console/guest-${name}.log`;
  const said = await bed.check(`until grep -qs 'DOMU READY' ${log}; do sleep 0.1; done; cat ${log}`);
  assert.match(said, /^DOMU pci=\S+ id=0x8086:0x191b class=0x030000\r?$/m);
}
