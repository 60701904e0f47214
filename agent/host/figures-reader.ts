// What running domains use, asked of libvirt: of all at once where the driver can, domain by domain where it cannot, as Xen's.
import { parseDomainId, type DomainId } from "../core/ids.ts";
import { countedDevices, type CountedDevice } from "../discovery/domain-xml.ts";
import type { CallOptions } from "../node-libvirt/connection.ts";
import { DomainStats, ErrorNumber, ListDomains, StatsOptions } from "../node-libvirt/constants.ts";
import type { DomainRef } from "../node-libvirt/domain-ref.ts";
import { isActive } from "../node-libvirt/domain-state.ts";
import { CallTimeoutError, LibvirtError } from "../node-libvirt/errors.ts";
import type { BlockStats, InterfaceStats, Libvirt } from "../node-libvirt/libvirt.ts";
import type { DomainFigures } from "../observation/domain-stats.ts";
import { domainFigures, figuresOfOne } from "./domain-figures.ts";
import { isGuest } from "./domain-list.ts";
import { UncountedDevices } from "./uncounted-devices.ts";

/** No group per virtual processor: it costs the daemon a question to QEMU, and how many there are stands in the XML. */
const FIGURES = DomainStats.cpuTotal | DomainStats.balloon | DomainStats.interface | DomainStats.block;

/**
 * Within one call the daemon asks one QEMU after the other, a few milliseconds each. The connection for figures has four calls
 * with it at a time: one may still hang at a QEMU that has stopped since it was asked.
 */
const READINGS = 3;

/** Xen's driver makes a device's figures wait for whatever else is done with its domain, as a start: this long, no longer. */
const DEVICE_MS = 1_000;

/**
 * What the driver has no figures of, whenever it is asked: Xen's of disks that a QEMU serves, and of formats that the host's kernel does
 * not (libxl_driver.c, libxlDomainBlockStatsGatherSingle). A backend that is not there yet is another code.
 */
const NEVER_COUNTED: readonly number[] = [ErrorNumber.operationUnsupported, ErrorNumber.noSupport];

export class FiguresReader {
  readonly #libvirt: Libvirt;
  /** As the daemon has said. */
  #tellsAllAtOnce = true;
  readonly #uncounted = new UncountedDevices();

  constructor(libvirt: Libvirt) {
    this.#libvirt = libvirt;
  }

  /** The daemon may be another now. */
  forget(): void {
    this.#tellsAllAtOnce = true;
    this.#uncounted.clear();
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
    this.#uncounted.keepOnly(running);
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
    const questions = new DeviceQuestions(options, this.#uncounted.of(domain));
    const disks: (readonly [string, BlockStats | undefined])[] = [];
    const nics: (readonly [string, InterfaceStats | undefined])[] = [];
    // One after the other: a domain that lets its devices' figures wait keeps one of the connection's calls, and not all.
    for (const disk of devices.disks) {
      const ask = (patience: CallOptions) => this.#libvirt.blockStats(domain, disk.target, patience);
      disks.push([disk.target, await questions.ask(disk, ask)]);
    }
    for (const nic of devices.interfaces) {
      const ask = (patience: CallOptions) => this.#libvirt.interfaceStats(domain, nic.target, patience);
      nics.push([nic.target, await questions.ask(nic, ask)]);
    }
    this.#uncounted.note(domain, questions.uncounted);
    return figuresOfOne(id, info, { disks, interfaces: nics });
  }
}

/** Asks for the figures of one domain's devices. */
class DeviceQuestions {
  readonly #options: CallOptions;
  readonly #known: ReadonlySet<string>;
  readonly #uncounted = new Set<string>();
  #waits = false;

  constructor(options: CallOptions, known: ReadonlySet<string>) {
    this.#options = options;
    this.#known = known;
  }

  /** Of the devices that were asked about, those that the driver does not count; those included that it was known of. */
  get uncounted(): ReadonlySet<string> {
    return this.#uncounted;
  }

  /** Undefined for what the driver does not count or cannot read just then; and once one had to wait too long, for all after it. */
  async ask<T>({ text }: CountedDevice, call: (options: CallOptions) => Promise<T>): Promise<T | undefined> {
    if (this.#known.has(text)) {
      this.#uncounted.add(text);
      return undefined;
    }
    if (this.#waits) return undefined;
    try {
      return await call({ ...this.#options, timeoutMs: DEVICE_MS });
    } catch (error) {
      if (error instanceof CallTimeoutError) this.#waits = true;
      else if (!(error instanceof LibvirtError) || error.code === ErrorNumber.noDomain) throw error;
      else if (NEVER_COUNTED.includes(error.code)) this.#uncounted.add(text);
      return undefined;
    }
  }
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
