// libvirt's bulk statistics of a domain (virConnectGetAllDomainStats) as the observation reads them. Pure.
import type { DomainId } from "../core/ids.ts";
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

/** A 64-bit count beyond 2^53 loses its last digits, which no rate sees. */
function scaled(params: TypedParams, name: string, factor: number): number | undefined {
  const value = params.get(name);
  return typeof value === "bigint" || typeof value === "number" ? Number(value) * factor : undefined;
}
