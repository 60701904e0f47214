// libvirt's statistics of a domain, of all in one (virConnectGetAllDomainStats) or asked for one by one, as the observation reads
// them. Pure.
import type { DomainId } from "../core/ids.ts";
import type { BlockStats, DomainInfo, InterfaceStats } from "../node-libvirt/libvirt.ts";
import type { TypedParams } from "../node-libvirt/typed-params.ts";
import type {
  DiskFigures,
  DomainFigures,
  InterfaceFigures,
  TrafficFigures,
} from "../observation/domain-stats.ts";

const BYTES_PER_KIB = 1024;
const NANOSECONDS = 1e9;

/** Names and units: libvirt, "virConnectGetAllDomainStats"; a driver leaves out what it does not count. */
export function domainFigures(id: DomainId, params: TypedParams): DomainFigures {
  return {
    id,
    cpuSeconds: scaled(params, "cpu.time", 1 / NANOSECONDS),
    memory: {
      maximum: scaled(params, "balloon.maximum", BYTES_PER_KIB),
      current: scaled(params, "balloon.current", BYTES_PER_KIB),
      resident: scaled(params, "balloon.rss", BYTES_PER_KIB),
    },
    disks: each(params, "block", (prefix, device) => diskFigures(params, prefix, device)),
    interfaces: each(params, "net", (prefix, device) => interfaceFigures(params, prefix, device)),
  };
}

/** By device; undefined where the driver did not tell. */
export interface DeviceStats {
  readonly disks: readonly (readonly [device: string, BlockStats | undefined])[];
  readonly interfaces: readonly (readonly [device: string, InterfaceStats | undefined])[];
}

/** What a domain without a process of its own, as Xen's are, occupies on the host is not known. */
export function figuresOfOne(id: DomainId, info: DomainInfo, devices: DeviceStats): DomainFigures {
  return {
    id,
    cpuSeconds: Number(info.cpuTimeNs) / NANOSECONDS,
    memory: {
      maximum: Number(info.maximumMemoryKib) * BYTES_PER_KIB,
      current: Number(info.memoryKib) * BYTES_PER_KIB,
      resident: undefined,
    },
    disks: devices.disks.map(([device, stats]) => ({
      device,
      readBytes: plain(stats?.readBytes),
      readRequests: plain(stats?.readRequests),
      writeBytes: plain(stats?.writeBytes),
      writeRequests: plain(stats?.writeRequests),
    })),
    interfaces: devices.interfaces.map(([device, stats]) => ({
      device,
      received: traffic(stats?.received),
      sent: traffic(stats?.sent),
    })),
  };
}

function traffic(counts: InterfaceStats["sent"] | undefined): TrafficFigures {
  return {
    bytes: plain(counts?.bytes),
    packets: plain(counts?.packets),
    errors: plain(counts?.errors),
    drops: plain(counts?.drops),
  };
}

/** An index without a name is a device that the driver cannot count, such as a network of QEMU's own. */
function each<T>(params: TypedParams, group: string, read: (prefix: string, device: string) => T): T[] {
  const found: T[] = [];
  const count = scaled(params, `${group}.count`, 1) ?? 0;
  for (let index = 0; index < count; index += 1) {
    const prefix = `${group}.${index}.`;
    const name = params.get(`${prefix}name`);
    if (typeof name === "string") found.push(read(prefix, name));
  }
  return found;
}

function diskFigures(params: TypedParams, prefix: string, device: string): DiskFigures {
  return {
    device,
    readBytes: scaled(params, `${prefix}rd.bytes`, 1),
    readRequests: scaled(params, `${prefix}rd.reqs`, 1),
    writeBytes: scaled(params, `${prefix}wr.bytes`, 1),
    writeRequests: scaled(params, `${prefix}wr.reqs`, 1),
  };
}

function interfaceFigures(params: TypedParams, prefix: string, device: string): InterfaceFigures {
  const traffic = (direction: string): TrafficFigures => ({
    bytes: scaled(params, `${prefix}${direction}.bytes`, 1),
    packets: scaled(params, `${prefix}${direction}.pkts`, 1),
    errors: scaled(params, `${prefix}${direction}.errs`, 1),
    drops: scaled(params, `${prefix}${direction}.drop`, 1),
  });
  return { device, received: traffic("rx"), sent: traffic("tx") };
}

function scaled(params: TypedParams, name: string, factor: number): number | undefined {
  const value = params.get(name);
  const number = typeof value === "bigint" || typeof value === "number" ? plain(value) : undefined;
  return number === undefined ? undefined : number * factor;
}

/** A 64-bit count beyond 2^53 loses its last digits, which no rate sees. */
function plain(count: bigint | number | undefined): number | undefined {
  return count === undefined ? undefined : Number(count);
}
