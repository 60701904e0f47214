// Facts of the machine as a whole. All but the name stay while it is up; a simulated one boots under a running agent.
import type { HostFacts, NumaNode } from "../inventory/model.ts";
import type { HostFiles } from "./host-files.ts";

export async function readHostFacts(files: HostFiles): Promise<HostFacts> {
  const [hostname, bootId, kernelRelease, numaNodes] = await Promise.all([
    files.read("proc/sys/kernel/hostname"),
    files.read("proc/sys/kernel/random/boot_id"),
    files.read("proc/sys/kernel/osrelease"),
    readNumaNodes(files),
  ]);
  return {
    hostname: hostname ?? "",
    bootId: bootId ?? "",
    kernelRelease: kernelRelease ?? "",
    hypervisor: await readHypervisor(files),
    ...(numaNodes.length > 0 ? { numaNodes } : {}),
  };
}

/** Documentation/ABI/stable/sysfs-devices-node. A kernel without NUMA has none. */
async function readNumaNodes(files: HostFiles): Promise<readonly NumaNode[]> {
  const dir = "sys/devices/system/node";
  const names = (await files.list(dir)).filter((name) => /^node\d+$/.test(name));
  const nodes = await Promise.all(
    names.map(async (name) => ({
      node: Number(name.slice("node".length)),
      cpus: (await files.read(`${dir}/${name}/cpulist`)) ?? "",
    })),
  );
  return nodes.sort((a, b) => a.node - b.node);
}

/**
 * Xen says so in /sys/hypervisor/type, dom0 in /proc/xen/capabilities, which a unit with a /proc of its own does not see: there
 * dom0 is known by its UUID, all zeros. KVM has its misc device where the processor's own module could start it (kernel
 * virt/kvm/kvm_main.c, kvm_init); the module kvm alone is loaded by whatever needs it, as kvmgt.
 */
export async function readHypervisor(files: HostFiles): Promise<HostFacts["hypervisor"]> {
  if ((await files.read("sys/hypervisor/type")) === "xen") {
    const capabilities = (await files.read("proc/xen/capabilities")) ?? "";
    const uuid = (await files.read("sys/hypervisor/uuid")) ?? "";
    return capabilities.includes("control_d") || /^[0-]+$/.test(uuid) ? "xen" : "xen-guest";
  }
  return (await files.list("sys/class/misc/kvm")).length > 0 ? "kvm" : "none";
}
