// libvirt's functions with plain values: domains and the connection. All reject as Connection.call does.
import type { Caller } from "./caller.ts";
import type { CallOptions } from "./connection.ts";
import { ErrorNumber, MetadataType } from "./constants.ts";
import { type DomainRef, fromWire, toWire, uuidBytes } from "./domain-ref.ts";
import { type DomainState, type DomainStateName, domainState } from "./domain-state.ts";
import { LibvirtError } from "./errors.ts";
import { NodeDevices } from "./node-devices.ts";
import { procedures } from "./remote.gen.ts";
import { type TypedParams, fromTypedParams } from "./typed-params.ts";

export interface Flags extends CallOptions {
  /** The function's flags, or-ed together; see constants.ts. Default none. */
  readonly flags?: number;
}

/** A version as libvirt counts it: 9.0.0. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly release: number;
}

export interface DomainStatsRecord {
  readonly domain: DomainRef;
  /** For example `cpu.time` (ns), `balloon.current` (KiB), `state.state`; a group that a driver lacks is absent. */
  readonly params: TypedParams;
}

export interface DomainInfo {
  readonly state: DomainStateName;
  /** Nanoseconds of all its processors since it was started; 0 for one that is off. */
  readonly cpuTimeNs: bigint;
  readonly maximumMemoryKib: bigint;
  readonly memoryKib: bigint;
}

/** A count that the hypervisor does not keep is undefined. */
export interface BlockStats {
  readonly readRequests: bigint | undefined;
  readonly readBytes: bigint | undefined;
  readonly writeRequests: bigint | undefined;
  readonly writeBytes: bigint | undefined;
}

/** As the guest sees it. A count that the hypervisor does not keep is undefined. */
export type InterfaceStats = Readonly<
  Record<"received" | "sent", Readonly<Record<"bytes" | "packets" | "errors" | "drops", bigint | undefined>>>
>;

/** virDomainJobType. */
const NO_JOB = 0;

/** A piece of XML that belongs to somebody else than libvirt and is kept with the domain. */
export interface MetadataElement {
  /** The XML namespace that identifies it. */
  readonly uri: string;
  /** The prefix under which libvirt writes it. */
  readonly key: string;
  /** One element without a namespace of its own; undefined removes the stored one. */
  readonly xml: string | undefined;
}

export interface DomainCapabilitiesQuery {
  /** For example `kvm`, `qemu`, `xen`; the driver chooses where something is absent. */
  readonly virtType?: string;
  readonly machine?: string;
  readonly arch?: string;
  readonly emulator?: string;
}

export class Libvirt {
  readonly nodeDevices: NodeDevices;
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
    this.nodeDevices = new NodeDevices(caller);
  }

  /** The hypervisor driver, for example `QEMU`, `Xen`, `TEST`. */
  async driverType(options: CallOptions = {}): Promise<string> {
    const { type } = await this.#caller.call(procedures.connectGetType, undefined, read(options));
    return type;
  }

  /** The version of the hypervisor; 0.0.0 when no emulator is installed. */
  async hypervisorVersion(options: CallOptions = {}): Promise<Version> {
    const { hvVer } = await this.#caller.call(procedures.connectGetVersion, undefined, read(options));
    return version(hvVer);
  }

  /** The version of the daemon's libvirt. */
  async libraryVersion(options: CallOptions = {}): Promise<Version> {
    const { libVer } = await this.#caller.call(procedures.connectGetLibVersion, undefined, read(options));
    return version(libVer);
  }

  /** May take tens of seconds on a host that cannot resolve its own name: not for anything periodic. */
  async hostname(options: CallOptions = {}): Promise<string> {
    const { hostname } = await this.#caller.call(procedures.connectGetHostname, undefined, read(options));
    return hostname;
  }

  async uri(options: CallOptions = {}): Promise<string> {
    const { uri } = await this.#caller.call(procedures.connectGetUri, undefined, read(options));
    return uri;
  }

  /** What the host offers, as XML. */
  async capabilities(options: CallOptions = {}): Promise<string> {
    const { capabilities } = await this.#caller.call(
      procedures.connectGetCapabilities,
      undefined,
      read(options),
    );
    return capabilities;
  }

  /** What a domain of that kind may have on this host, as XML. */
  async domainCapabilities(query: DomainCapabilitiesQuery = {}, options: CallOptions = {}): Promise<string> {
    const args = {
      emulatorbin: query.emulator ?? null,
      arch: query.arch ?? null,
      machine: query.machine ?? null,
      virttype: query.virtType ?? null,
      flags: 0,
    };
    const reply = await this.#caller.call(procedures.connectGetDomainCapabilities, args, read(options));
    return reply.capabilities;
  }

  /** All domains, or those that `ListDomains` flags select. */
  async listDomains(options: Flags = {}): Promise<readonly DomainRef[]> {
    const args = { needResults: 1, flags: options.flags ?? 0 };
    const { domains } = await this.#caller.call(procedures.connectListAllDomains, args, read(options));
    return domains.map(fromWire);
  }

  /** Undefined when there is no such domain. */
  lookupDomainByUuid(uuid: string, options: CallOptions = {}): Promise<DomainRef | undefined> {
    return unlessAbsent(ErrorNumber.noDomain, async () => {
      const args = { uuid: uuidBytes(uuid) };
      const { dom } = await this.#caller.call(procedures.domainLookupByUuid, args, read(options));
      return fromWire(dom);
    });
  }

  /** Undefined when there is no such domain. */
  lookupDomainByName(name: string, options: CallOptions = {}): Promise<DomainRef | undefined> {
    return unlessAbsent(ErrorNumber.noDomain, async () => {
      const { dom } = await this.#caller.call(procedures.domainLookupByName, { name }, read(options));
      return fromWire(dom);
    });
  }

  /**
   * Defines a persistent domain, or replaces the definition of the one with the same name and UUID; refuses with
   * `operationFailed` when only one of the two matches.
   */
  async defineDomain(xml: string, options: Flags = {}): Promise<DomainRef> {
    const args = { xml, flags: options.flags ?? 0 };
    const { dom } = await this.#caller.call(procedures.domainDefineXmlFlags, args, work(options));
    return fromWire(dom);
  }

  /** Starts a defined domain; `operationInvalid` when it runs. The reference that comes back has its new id. */
  async startDomain(domain: DomainRef, options: Flags = {}): Promise<DomainRef> {
    const args = { dom: toWire(domain), flags: options.flags ?? 0 };
    const { dom } = await this.#caller.call(procedures.domainCreateWithFlags, args, work(options));
    return fromWire(dom);
  }

  /** Lets a paused guest run; libvirt takes one that runs already. */
  async resumeDomain(domain: DomainRef, options: CallOptions = {}): Promise<void> {
    await this.#caller.call(procedures.domainResume, { dom: toWire(domain) }, work(options));
  }

  /** Asks the guest to shut down and returns at once; it may take its time or never do it. */
  async shutdownDomain(domain: DomainRef, options: Flags = {}): Promise<void> {
    const args = { dom: toWire(domain), flags: options.flags ?? 0 };
    await this.#caller.call(procedures.domainShutdownFlags, args, work(options));
  }

  /** Ends a running domain as if its power was cut; a persistent one stays defined. `operationInvalid` when it is off. */
  async destroyDomain(domain: DomainRef, options: Flags = {}): Promise<void> {
    const args = { dom: toWire(domain), flags: options.flags ?? 0 };
    await this.#caller.call(procedures.domainDestroyFlags, args, work(options));
  }

  /** Removes the definition; without the `UndefineDomain` flags libvirt refuses while NVRAM, saves or snapshots exist. */
  async undefineDomain(domain: DomainRef, options: Flags = {}): Promise<void> {
    const args = { dom: toWire(domain), flags: options.flags ?? 0 };
    await this.#caller.call(procedures.domainUndefineFlags, args, work(options));
  }

  /** The domain's XML: live where it runs, unless `DomainXml.inactive` asks for the definition. */
  async domainXml(domain: DomainRef, options: Flags = {}): Promise<string> {
    const args = { dom: toWire(domain), flags: options.flags ?? 0 };
    const { xml } = await this.#caller.call(procedures.domainGetXmlDesc, args, read(options));
    return xml;
  }

  async domainState(domain: DomainRef, options: CallOptions = {}): Promise<DomainState> {
    const args = { dom: toWire(domain), flags: 0 };
    const { state, reason } = await this.#caller.call(procedures.domainGetState, args, read(options));
    return domainState(state, reason);
  }

  /** Whether a client or the daemon itself is changing the domain now (virDomainJobType is not `none`). */
  async isBusy(domain: DomainRef, options: CallOptions = {}): Promise<boolean> {
    const args = { dom: toWire(domain) };
    return (await this.#caller.call(procedures.domainGetJobInfo, args, read(options))).type !== NO_JOB;
  }

  /**
   * Figures of all domains at once, or of `domains`, at least one: those that are gone are left out. `groups` are
   * `DomainStats` flags, 0 for all; `flags` those of `ListDomains` and `StatsOptions`. Xen's driver has no such function
   * (`noSupport`).
   */
  async allDomainStats(
    groups: number,
    options: Flags & { readonly domains?: readonly DomainRef[] } = {},
  ): Promise<readonly DomainStatsRecord[]> {
    // To libvirt an empty list is all of them.
    const args = { doms: (options.domains ?? []).map(toWire), stats: groups, flags: options.flags ?? 0 };
    const { retStats } = await this.#caller.call(procedures.connectGetAllDomainStats, args, figures(options));
    return retStats.map(({ dom, params }) => ({ domain: fromWire(dom), params: fromTypedParams(params) }));
  }

  /** Processor time and memory of one domain, which every driver tells, of one that is off, too. */
  async domainInfo(domain: DomainRef, options: CallOptions = {}): Promise<DomainInfo> {
    const args = { dom: toWire(domain) };
    const info = await this.#caller.call(procedures.domainGetInfo, args, figures(options));
    return {
      state: domainState(info.state, 0).state,
      cpuTimeNs: info.cpuTime,
      maximumMemoryKib: info.maxMem,
      memoryKib: info.memory,
    };
  }

  /** Of one disk of a running domain, named by its target, as `vda`. A driver may count only some kinds of disks. */
  async blockStats(domain: DomainRef, disk: string, options: CallOptions = {}): Promise<BlockStats> {
    const args = { dom: toWire(domain), path: disk };
    const stats = await this.#caller.call(procedures.domainBlockStats, args, figures(options));
    return {
      ...{ readRequests: counted(stats.rdReq), readBytes: counted(stats.rdBytes) },
      ...{ writeRequests: counted(stats.wrReq), writeBytes: counted(stats.wrBytes) },
    };
  }

  /** Of one interface of a running domain, named by its end on the host, as `vnet0`. */
  async interfaceStats(
    domain: DomainRef,
    device: string,
    options: CallOptions = {},
  ): Promise<InterfaceStats> {
    const args = { dom: toWire(domain), device };
    const stats = await this.#caller.call(procedures.domainInterfaceStats, args, figures(options));
    const { rxBytes, rxPackets, rxErrs, rxDrop, txBytes, txPackets, txErrs, txDrop } = stats;
    const traffic = (
      bytes: bigint,
      packets: bigint,
      errors: bigint,
      drops: bigint,
    ): InterfaceStats["sent"] => ({
      ...{ bytes: counted(bytes), packets: counted(packets) },
      ...{ errors: counted(errors), drops: counted(drops) },
    });
    return {
      received: traffic(rxBytes, rxPackets, rxErrs, rxDrop),
      sent: traffic(txBytes, txPackets, txErrs, txDrop),
    };
  }

  /** Stores, replaces or removes an element of ours with the domain. `flags` are those of `Affect`. */
  async setMetadata(domain: DomainRef, element: MetadataElement, options: Flags = {}): Promise<void> {
    const args = {
      dom: toWire(domain),
      type: MetadataType.element,
      metadata: element.xml ?? null,
      key: element.key,
      uri: element.uri,
      flags: options.flags ?? 0,
    };
    await this.#caller.call(procedures.domainSetMetadata, args, work(options));
  }

  /** The element stored under that namespace; undefined when there is none. */
  metadata(domain: DomainRef, uri: string, options: Flags = {}): Promise<string | undefined> {
    return unlessAbsent(ErrorNumber.noDomainMetadata, async () => {
      const args = { dom: toWire(domain), type: MetadataType.element, uri, flags: options.flags ?? 0 };
      const reply = await this.#caller.call(procedures.domainGetMetadata, args, read(options));
      return reply.metadata;
    });
  }

  async hasManagedSave(domain: DomainRef, options: CallOptions = {}): Promise<boolean> {
    const args = { dom: toWire(domain), flags: 0 };
    const { result } = await this.#caller.call(procedures.domainHasManagedSaveImage, args, read(options));
    return result !== 0;
  }

  /** Deletes the saved memory of a domain: its next start boots. */
  async removeManagedSave(domain: DomainRef, options: CallOptions = {}): Promise<void> {
    await this.#caller.call(
      procedures.domainManagedSaveRemove,
      { dom: toWire(domain), flags: 0 },
      work(options),
    );
  }

  /** Names of its snapshots. */
  async snapshotNames(domain: DomainRef, options: CallOptions = {}): Promise<readonly string[]> {
    const args = { dom: toWire(domain), needResults: 1, flags: 0 };
    const { snapshots } = await this.#caller.call(procedures.domainListAllSnapshots, args, read(options));
    return snapshots.map(({ name }) => name);
  }

  /** Names of its checkpoints. */
  async checkpointNames(domain: DomainRef, options: CallOptions = {}): Promise<readonly string[]> {
    const args = { dom: toWire(domain), needResults: 1, flags: 0 };
    const { checkpoints } = await this.#caller.call(procedures.domainListAllCheckpoints, args, read(options));
    return checkpoints.map(({ name }) => name);
  }

  /** Adds a device; `flags` are those of `Affect`. */
  async attachDevice(domain: DomainRef, xml: string, options: Flags = {}): Promise<void> {
    const args = { dom: toWire(domain), xml, flags: options.flags ?? 0 };
    await this.#caller.call(procedures.domainAttachDeviceFlags, args, work(options));
  }

  /** Asks for a device's removal; the guest decides, and `device-removed` or `device-removal-failed` tells. */
  async detachDevice(domain: DomainRef, xml: string, options: Flags = {}): Promise<void> {
    const args = { dom: toWire(domain), xml, flags: options.flags ?? 0 };
    await this.#caller.call(procedures.domainDetachDeviceFlags, args, work(options));
  }
}

const read = (options: CallOptions): CallOptions & { readonly lane: "read" } => ({
  ...options,
  lane: "read",
});
const figures = (options: CallOptions): CallOptions & { readonly lane: "figures" } => ({
  ...options,
  lane: "figures",
});
const work = (options: CallOptions): CallOptions & { readonly lane: "work" } => ({
  ...options,
  lane: "work",
});

/** libvirt writes -1 for what the hypervisor does not count (virDomainBlockStatsStruct, virDomainInterfaceStatsStruct). */
function counted(value: bigint): bigint | undefined {
  return value < 0n ? undefined : value;
}

/** libvirt packs a version into one number: major * 1 000 000 + minor * 1000 + release. */
function version(packed: bigint): Version {
  const number = Number(packed);
  const major = Math.floor(number / 1_000_000);
  return { major, minor: Math.floor(number / 1000) % 1000, release: number % 1000 };
}

async function unlessAbsent<T>(code: number, look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (caught) {
    if (caught instanceof LibvirtError && caught.code === code) return undefined;
    throw caught;
  }
}
