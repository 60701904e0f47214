// The host as the checks see it, from its files and from what others say of it.
import { readHostFacts } from "../discovery/host-facts.ts";
import type { HostFiles } from "../discovery/host-files.ts";
import { findGpus } from "../discovery/pci-gpus.ts";
import type { HostSubject } from "./condition.ts";
import type { EngineCounting } from "./engine-counting.ts";
import { parseKernelVersion } from "./kernel-version.ts";
import type { LibvirtReading } from "./libvirt-reading.ts";
import type { OrphanDomainsReading } from "./orphan-domains.ts";
import type { SchedulerReading } from "./scheduler-reading.ts";
import type { TlsReading } from "./tls-reading.ts";
import type { VgtCounts } from "./vgt-counts.ts";

/** As `uname -r` has it. It names a file that is looked for, so that nothing else may pass for one. */
const RELEASE = /^[\w.+~-]{1,64}$/;

/** What is no file of the host. */
export interface OtherSources {
  /** Which libvirt there could be depends on the hypervisor. */
  readonly libvirt: (hypervisor: HostSubject["hypervisor"]) => Promise<LibvirtReading>;
  readonly kernelLog: HostSubject["kernelLog"];
  readonly hostd: HostSubject["hostd"];
  readonly rooms: HostSubject["rooms"];
  readonly settings: HostSubject["settings"];
  readonly vgtCounts?: VgtCounts;
  readonly engineCounting?: EngineCounting;
  readonly deviceModel?: HostSubject["deviceModel"];
  readonly scheduler?: SchedulerReading;
  readonly tls?: TlsReading;
  readonly orphans?: OrphanDomainsReading;
}

export async function hostSubject(
  files: HostFiles,
  { libvirt, ...known }: OtherSources,
): Promise<HostSubject> {
  const readable = new ReadableFiles(files);
  const [facts, gpus] = await Promise.all([readHostFacts(readable), findGpus(readable)]);
  const { hypervisor } = facts;
  const kernelRelease = RELEASE.test(facts.kernelRelease) ? facts.kernelRelease : "";
  const kernel = parseKernelVersion(kernelRelease);
  return { hypervisor, kernelRelease, kernel, gpus, libvirt: await libvirt(hypervisor), ...known };
}

/** What cannot be read is taken as absent: the checks that need it say so. */
class ReadableFiles implements HostFiles {
  readonly #files: HostFiles;

  constructor(files: HostFiles) {
    this.#files = files;
  }

  read(path: string): Promise<string | undefined> {
    return this.#files.read(path).catch(() => undefined);
  }

  list(path: string): Promise<string[]> {
    return this.#files.list(path).catch(() => []);
  }

  linkName(path: string): Promise<string | undefined> {
    return this.#files.linkName(path).catch(() => undefined);
  }

  linkParentName(path: string): Promise<string | undefined> {
    return this.#files.linkParentName(path).catch(() => undefined);
  }
}
