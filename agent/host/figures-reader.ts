// What running domains use, asked of libvirt: of all at once where the driver can, domain by domain where it cannot, as Xen's.
import { parseDomainId, type DomainId } from "../core/ids.ts";
import { countedDevices } from "../discovery/domain-xml.ts";
import type { CallOptions } from "../node-libvirt/connection.ts";
import { DomainStats, ErrorNumber, ListDomains, StatsOptions } from "../node-libvirt/constants.ts";
import type { DomainRef } from "../node-libvirt/domain-ref.ts";
import { isActive } from "../node-libvirt/domain-state.ts";
import { CallTimeoutError, LibvirtError } from "../node-libvirt/errors.ts";
import type { BlockStats, InterfaceStats, Libvirt } from "../node-libvirt/libvirt.ts";
import type { DomainFigures } from "../observation/domain-stats.ts";
import { domainFigures, figuresOfOne } from "./domain-figures.ts";
import { isGuest } from "./domain-list.ts";

/** No group per virtual processor: it costs the daemon a question to QEMU, and how many there are stands in the XML. */
const FIGURES = DomainStats.cpuTotal | DomainStats.balloon | DomainStats.interface | DomainStats.block;

/**
 * Within one call the daemon asks one QEMU after the other, a few milliseconds each. The connection for figures has four calls
 * with it at a time: one may still hang at a QEMU that has stopped since it was asked.
 */
const READINGS = 3;

/** Xen's driver makes a device's figures wait for whatever else is done with its domain, as a start: this long, no longer. */
const DEVICE_MS = 1_000;

export class FiguresReader {
  readonly #libvirt: Libvirt;
  /** As the daemon has said. */
  #tellsAllAtOnce = true;

  constructor(libvirt: Libvirt) {
    this.#libvirt = libvirt;
  }

  /** The daemon may be another now. */
  forget(): void {
    this.#tellsAllAtOnce = true;
  }

  /** Domains that run. Rejects as calls do. */
  async read(options: CallOptions): Promise<readonly DomainFigures[]> {
    const listed = await this.#libvirt.listDomains({ ...options, flags: ListDomains.active });
    const running = listed.filter(isGuest);
    if (this.#tellsAllAtOnce) {
      try {
        return await this.#allAtOnce(running, options);
      } catch (error) {
        if (!isRefusal(error, ErrorNumber.noSupport)) throw error;
        this.#tellsAllAtOnce = false;
      }
    }
    const read = await Promise.all(running.map((domain) => this.#ofOne(domain, options)));
    return read.filter((figures) => figures !== undefined);
  }

  async #allAtOnce(running: readonly DomainRef[], options: CallOptions): Promise<readonly DomainFigures[]> {
    const flags = ListDomains.active | StatsOptions.noWait;
    const readings = inParts(running, READINGS).map((domains) =>
      this.#libvirt.allDomainStats(FIGURES, { ...options, flags, domains }),
    );
    const records = (await Promise.all(readings)).flat();
    return records.flatMap(({ domain, params }) => {
      const id = parseDomainId(domain.uuid);
      return id ? [domainFigures(id, params)] : [];
    });
  }

  /** Undefined for a domain that has ended meanwhile. */
  async #ofOne(domain: DomainRef, options: CallOptions): Promise<DomainFigures | undefined> {
    const id = parseDomainId(domain.uuid);
    return id && (await unlessGone(() => this.#ofDomain(id, domain, options)));
  }

  async #ofDomain(id: DomainId, domain: DomainRef, options: CallOptions): Promise<DomainFigures | undefined> {
    const info = await this.#libvirt.domainInfo(domain, options);
    if (!isActive(info.state)) return undefined;
    const devices = countedDevices(await this.#libvirt.domainXml(domain, options));
    const ask = patient(options);
    const disks: (readonly [string, BlockStats | undefined])[] = [];
    const nics: (readonly [string, InterfaceStats | undefined])[] = [];
    // One after the other: a domain that lets its devices' figures wait keeps one of the connection's calls, and not all.
    for (const disk of devices.disks)
      disks.push([disk, await ask((patience) => this.#libvirt.blockStats(domain, disk, patience))]);
    for (const nic of devices.interfaces)
      nics.push([nic, await ask((patience) => this.#libvirt.interfaceStats(domain, nic, patience))]);
    return figuresOfOne(id, info, { disks, interfaces: nics });
  }
}

/**
 * Asks for a device's figures. Undefined for what the driver does not count or cannot read just then; and once one had to wait
 * too long, for all after it.
 */
function patient(
  options: CallOptions,
): <T>(call: (options: CallOptions) => Promise<T>) => Promise<T | undefined> {
  let waits = false;
  return async (call) => {
    if (waits) return undefined;
    try {
      return await call({ ...options, timeoutMs: DEVICE_MS });
    } catch (error) {
      if (error instanceof CallTimeoutError) waits = true;
      else if (!(error instanceof LibvirtError) || error.code === ErrorNumber.noDomain) throw error;
      return undefined;
    }
  };
}

async function unlessGone<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isRefusal(error, ErrorNumber.noDomain)) return undefined;
    throw error;
  }
}

function isRefusal(error: unknown, code: number): boolean {
  return error instanceof LibvirtError && error.code === code;
}

/** As many parts as asked for, about equally long; none is empty. */
function inParts<T>(all: readonly T[], parts: number): T[][] {
  const length = Math.ceil(all.length / parts);
  const starts = Array.from({ length: parts }, (_, part) => part * length);
  return starts.map((start) => all.slice(start, start + length)).filter((part) => part.length > 0);
}
