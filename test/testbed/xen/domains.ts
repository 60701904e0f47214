// Domains of the Xen bed as suites handle them: through libvirt, and what they say on their consoles.
import type { Bed, TextResult } from "../bed.ts";

/** Everything about a domain takes seconds under emulation, and what hangs must not hang the run. */
const VIRSH_MS = 120_000;
const stockModel = "/usr/libexec/xen-qemu-system-i386";
/** Makes a slice as QEMU with Intel's patches does (guest/xengt-device-model), then is Debian's QEMU. */
const xengtModel = "/usr/local/libexec/xengt-device-model";

/** The soft IOMMU is for functions given to a PV domain, whose memory is not where it thinks it is. */
const linux = (type: string): string =>
  `${type}<kernel>/var/lib/domu/vmlinux</kernel><initrd>/var/lib/domu/initrd</initrd>` +
  "<cmdline>console=hvc0 quiet iommu=soft</cmdline>";
const kinds = {
  /** Paravirtualized: boots the bed's own kernel, whose init says READY. */
  pv: linux("<type arch='x86_64' machine='xenpv'>linux</type>"),
  /** The same kernel with hardware virtualization and no device model. */
  pvh: linux("<type arch='x86_64' machine='xenpvh'>xenpvh</type>"),
  /** Fully virtualized, as XenGT needs it; without a disk it ends up in the firmware. */
  hvm: "<type arch='x86_64' machine='xenfv'>hvm</type>",
} as const;

export interface DomainSpec {
  readonly name: string;
  readonly kind: keyof typeof kinds;
  /** Bus and slot of the PCI function it is given, as "01:00". */
  readonly gpu?: string;
  /** Words for the device model that makes a slice. */
  readonly xengt?: readonly string[];
}

function xml({ name, kind, gpu, xengt }: DomainSpec): string {
  const [bus, slot] = gpu?.split(":") ?? [];
  const hostdev =
    gpu === undefined
      ? ""
      : `<hostdev mode='subsystem' type='pci' managed='yes'><source>
      <address domain='0x0000' bus='0x${bus}' slot='0x${slot}' function='0x0'/></source></hostdev>`;
  const words = (xengt ?? []).map((word) => `<xen:arg value='${word}'/>`).join("");
  const emulator = kind === "hvm" ? `<emulator>${xengt ? xengtModel : stockModel}</emulator>` : "";
  const console = kind === "hvm" ? "" : "<console type='pty'><target type='xen' port='0'/></console>";
  return `<domain type='xen' xmlns:xen='http://libvirt.org/schemas/domain/xen/1.0'>
  <name>${name}</name><memory unit='MiB'>${kind === "hvm" ? 64 : 96}</memory><vcpu>1</vcpu>
  <os>${kinds[kind]}</os>
  <on_crash>preserve</on_crash>
  <devices>${emulator}${console}${hostdev}</devices>
  ${words === "" ? "" : `<xen:commandline>${words}</xen:commandline>`}
</domain>`;
}

function consoleOf(name: string): string {
  return `/var/log/xen/console/guest-${name}.log`;
}

/** A virsh command that must succeed; its output. */
export function virsh(bed: Bed, words: string): Promise<string> {
  return bed.check(`virsh -q -c xen:///system ${words}`, { timeoutMs: VIRSH_MS });
}

/** Makes it, paused before its first instruction; the outcome is the caller's to judge. */
export async function tryCreate(bed: Bed, spec: DomainSpec): Promise<TextResult> {
  const file = `/tmp/${spec.name}.xml`;
  await bed.writeFile(file, xml(spec));
  // Of an earlier domain by this name; xenconsoled opens it once the domain is there.
  await bed.check(`rm -f ${consoleOf(spec.name)}`);
  return bed.run(`virsh -q -c xen:///system create --paused ${file}`, { timeoutMs: VIRSH_MS });
}

/** Makes it, paused, and returns its domid. */
export async function create(bed: Bed, spec: DomainSpec): Promise<number> {
  const { code, stderr } = await tryCreate(bed, spec);
  if (code !== 0) throw new Error(`${spec.name} was not created: ${stderr}`);
  return Number(await virsh(bed, `domid ${spec.name}`));
}

/** Lets it run until its init has said that it is ready; what it has said on its console until then. Fails with that if its kernel gives up. */
export async function runUntilReady(bed: Bed, name: string): Promise<string> {
  const log = consoleOf(name);
  await virsh(bed, `resume ${name}`);
  const failed = `if grep -qs 'Kernel panic' ${log}; then cat ${log} >&2; exit 1; fi`;
  const ready = `until grep -qs 'DOMU READY' ${log}; do ${failed}; sleep 0.1; done; tr -d '\\r' <${log}`;
  return bed.check(ready, { timeoutMs: VIRSH_MS });
}

/** Names of the domains that libvirt has, without dom0, sorted. */
export async function listed(bed: Bed): Promise<readonly string[]> {
  const names = await virsh(bed, "list --all --name");
  return names
    .split("\n")
    .filter((name) => name !== "" && name !== "Domain-0")
    .sort();
}

/** Of a domain of which nothing may be left for the suites that follow, whatever it came to. */
export async function remove(bed: Bed, name: string): Promise<void> {
  await bed.run(`virsh -q -c xen:///system destroy ${name}`, { timeoutMs: VIRSH_MS });
}
