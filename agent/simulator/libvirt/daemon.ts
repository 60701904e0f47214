// The simulated libvirt daemon: real clients speak to it over its socket, the simulated kernel is its host.
import { randomUUID } from "node:crypto";
import { unlink } from "node:fs/promises";
import { parseDomainId, parseVgpuId } from "../../core/ids.ts";
import { EventBroadcast } from "../../node-libvirt/server-events.ts";
import { LibvirtServer, type Handlers } from "../../node-libvirt/server.ts";
import type { SimulatedClock } from "../clock.ts";
import type { DeviceModelLogs } from "../device-model-logs.ts";
import type { FaultBoard } from "../faults/board.ts";
import type { FunctionCalls } from "../function-calls.ts";
import type { KernelCalls } from "../kernel-calls.ts";
import type { SimulatedKernel } from "../kernel.ts";
import type { VgtCalls } from "../xengt/calls.ts";
import { domainHandlers } from "./domain-handlers.ts";
import { Domains } from "./domains.ts";
import { failing } from "./failing-methods.ts";
import { Gate } from "./gate.ts";
import { capabilitiesXml, domainCapabilitiesXml } from "./host-xml.ts";
import { NodeDevices } from "./node-devices.ts";
import { refuseOtherUri } from "./xen-driver.ts";

/** Versions it claims until it is replaced: libvirt 9.0.0 and QEMU 7.2.22, as Debian 12 has them. */
const LIBVIRT_VERSION = "9.0.0";
const QEMU_VERSION = 7_002_022n;
const XEN_VERSION = 4_017_000n;
/** The first libvirt that takes VFIO's variants for drivers that can give a device to a guest. */
const FIRST_WITH_VARIANTS = 10_000_000n;
const MODEL_BYTES = 32;
const KIB = 1024n;

export interface DaemonOptions {
  readonly kernel: SimulatedKernel;
  readonly calls: KernelCalls;
  readonly functionCalls: FunctionCalls;
  readonly vgtCalls: VgtCalls;
  readonly deviceModelLogs: DeviceModelLogs;
  readonly faults: FaultBoard;
  readonly clock: SimulatedClock;
  readonly socketPath: string;
  /** Where the daemon behind the gate listens; replaced when a file is there. */
  readonly innerPath: string;
}

export class LibvirtDaemon implements AsyncDisposable {
  readonly domains: Domains;
  readonly #options: DaemonOptions;
  readonly #server: LibvirtServer;
  readonly #gate: Gate;
  #version = LIBVIRT_VERSION;

  private constructor(options: DaemonOptions) {
    const { kernel, calls, functionCalls, vgtCalls, deviceModelLogs, faults, clock } = options;
    const events = new EventBroadcast({ isLost: () => faults.strike("LIBVIRT_EVENTS_LOST") !== undefined });
    this.#options = options;
    this.domains = new Domains({
      ...{ kernel, functionCalls, vgtCalls, deviceModelLogs, faults, clock, events },
      knowsVariants: () => inOneNumber(this.#version) >= FIRST_WITH_VARIANTS,
      newUuid: () => fresh(parseDomainId),
    });
    this.#server = new LibvirtServer({
      handlers: failing(faults, {
        ...events.handlers,
        ...hostHandlers(kernel, () => this.#version),
        ...domainHandlers(this.domains, clock),
        ...nodeDeviceHandlers(new NodeDevices(kernel, calls, events)),
      }),
    });
    this.#gate = new Gate(options.socketPath, options.innerPath);
  }

  static async start(options: DaemonOptions): Promise<LibvirtDaemon> {
    const daemon = new LibvirtDaemon(options);
    await unlink(options.innerPath).catch(() => undefined);
    await daemon.#server.listen(options.innerPath);
    await daemon.obeyFaults();
    return daemon;
  }

  /** Resolves when the daemon is as hung or as gone as the faults want it. */
  async obeyFaults(): Promise<void> {
    const { faults } = this.#options;
    const isGone = faults.find("LIBVIRT_GONE") !== undefined;
    const hangs = faults.find("LIBVIRT_HANGS") !== undefined;
    await this.#gate.set(isGone ? "gone" : hangs ? "deaf" : "open");
  }

  /** Another version, as `11.3.0`, takes its place: clients are cut off, and domains run on. */
  replace(version: string): void {
    this.#version = version;
    this.#gate.cut();
  }

  /** The host has booted: clients are cut off, nothing runs but what is marked for autostart. */
  reboot(): void {
    this.#gate.cut();
    this.domains.reboot();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gate.set("gone");
    await this.#server.close();
  }
}

function hostHandlers(kernel: SimulatedKernel, version: () => string): Handlers {
  const hostUuid = randomUUID();
  const isXen = (): boolean => kernel.host.hypervisor === "xen";
  const memoryKib = (): bigint => BigInt(kernel.host.memory_mib) * KIB;
  return {
    connectOpen: ({ name }) => {
      refuseOtherUri(name, kernel.host);
    },
    connectGetType: () => ({ type: isXen() ? "Xen" : "QEMU" }),
    connectGetVersion: () => ({ hvVer: isXen() ? XEN_VERSION : QEMU_VERSION }),
    connectGetLibVersion: () => ({ libVer: inOneNumber(version()) }),
    connectGetHostname: () => ({ hostname: kernel.host.hostname }),
    connectGetUri: () => ({ uri: isXen() ? "xen:///system" : "qemu:///system" }),
    connectGetCapabilities: () => ({ capabilities: capabilitiesXml(kernel.host, hostUuid) }),
    connectGetDomainCapabilities: () => ({ capabilities: domainCapabilitiesXml(kernel.host) }),
    connectGetMaxVcpus: () => ({ maxVcpus: 288 }),
    nodeGetInfo: () => ({
      model: [...Buffer.alloc(MODEL_BYTES, "x86_64\0", "latin1").fill(0, "x86_64".length)],
      memory: memoryKib(),
      cpus: kernel.host.cpus,
      mhz: 3000,
      nodes: 1,
      sockets: 1,
      cores: kernel.host.cpus,
      threads: 1,
    }),
    nodeGetCpuMap: ({ needMap, needOnline }) => {
      const { cpus } = kernel.host;
      return {
        cpumap: needMap === 0 ? new Uint8Array() : allCpus(cpus),
        online: needOnline === 0 ? 0 : cpus,
        ret: cpus,
      };
    },
    nodeGetFreeMemory: () => ({ freeMem: (memoryKib() * KIB) / 2n }),
  };
}

function nodeDeviceHandlers(devices: NodeDevices): Handlers {
  return {
    connectListAllNodeDevices: ({ flags }) => {
      const names = devices.list(flags);
      return { devices: names.map((name) => ({ name })), ret: names.length };
    },
    nodeNumOfDevices: ({ cap }) => ({
      num: devices.list(0).filter((name) => cap === null || devices.capabilities(name).includes(cap)).length,
    }),
    nodeDeviceLookupByName: ({ name }) => {
      devices.capabilities(name);
      return { dev: { name } };
    },
    nodeDeviceGetXmlDesc: ({ name }) => ({ xml: devices.xml(name) }),
    nodeDeviceGetParent: ({ name }) => ({ parentName: devices.parent(name) }),
    nodeDeviceNumOfCaps: ({ name }) => ({ num: devices.capabilities(name).length }),
    nodeDeviceListCaps: ({ name }) => ({ names: devices.capabilities(name) }),
    nodeDeviceCreateXml: async ({ xmlDesc }) => ({
      dev: { name: await devices.create(xmlDesc, () => fresh(parseVgpuId)) },
    }),
    nodeDeviceDestroy: async ({ name }) => {
      await devices.destroy(name);
      return undefined;
    },
    nodeDeviceIsActive: () => ({ active: 1 }),
    nodeDeviceIsPersistent: () => ({ persistent: 0 }),
    nodeDeviceGetAutostart: () => ({ autostart: 0 }),
  };
}

/** `11.3.0` as libvirt counts: a million for the first part, a thousand for the second. */
function inOneNumber(version: string): bigint {
  return version.split(".").reduce((number, part) => number * 1000n + BigInt(part), 0n);
}

/** A bit for each processor, the first the lowest of the first byte. */
function allCpus(cpus: number): Uint8Array {
  return Uint8Array.from(
    { length: Math.ceil(cpus / 8) },
    (_, byte) => 0xff >> Math.max(0, 8 * (byte + 1) - cpus),
  );
}

/** A random UUID as the kind of id that is wanted. */
function fresh<Id>(parse: (text: string) => Id | undefined): Id {
  const id = parse(randomUUID());
  if (id === undefined) throw new Error("randomUUID() gave no UUID");
  return id;
}
