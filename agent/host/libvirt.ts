// libvirt as the agent needs it: domains as facts, and the few changes the lifecycle makes.
import { setMaxListeners } from "node:events";
import { AgentError } from "../core/errors.ts";
import { parseDomainId, type DomainId } from "../core/ids.ts";
import type { OfferedDevices } from "../discovery/domain-capabilities.ts";
import { keepsRebooted } from "../discovery/domain-xml.ts";
import { KnownDefinitions } from "../discovery/known-definitions.ts";
import type { DomainSource } from "../discovery/observe.ts";
import { CLAIM_MARK_NAMESPACE } from "../core/claim-mark.ts";
import type { ClaimMark, Domain } from "../inventory/model.ts";
import { markElement } from "../lifecycle/domain-xml-mark.ts";
import type { Hypervisor } from "../lifecycle/domain-xml.ts";
import type { DomainMarks, Domains, ShutdownBy } from "../lifecycle/ports.ts";
import type { CallOptions } from "../node-libvirt/connection.ts";
import type { DomainRef } from "../node-libvirt/domain-ref.ts";
import { isActive, type DomainStateName } from "../node-libvirt/domain-state.ts";
import {
  Affect,
  DefineDomain,
  ErrorNumber,
  ShutdownDomain,
  StartDomain,
  UndefineDomain,
} from "../node-libvirt/constants.ts";
import { CallTimeoutError, LibvirtError } from "../node-libvirt/errors.ts";
import { Libvirt } from "../node-libvirt/libvirt.ts";
import { Link } from "../node-libvirt/link.ts";
import type { DomainFigures, DomainStatsSource } from "../observation/domain-stats.ts";
import { FiguresReader } from "./figures-reader.ts";
import { listDomains, type ListedDomain } from "./domain-list.ts";
import { asAgentError } from "./libvirt-errors.ts";
import { LibvirtStanding, type LibvirtStatus } from "./libvirt-standing.ts";

export interface LibvirtHostOptions {
  /** `qemu:///system` or `xen:///system`. */
  readonly uri: string;
  /** The one socket to use; undefined: probe those of the modular daemons, then libvirtd's. */
  readonly socket: string | undefined;
  /** Something changed: a domain, a device, or the connection itself. */
  readonly onChange: () => void;
  /** The connection came, or went: told once for each change. */
  readonly onStatus: (status: LibvirtStatus) => void;
  readonly random: () => number;
  /** Milliseconds since the epoch. */
  readonly wall: () => number;
}

/** Looks must not wait for a daemon that hangs: its facts are then unknown. */
const READ_MS = 10_000;
const DEFINE_MS = 30_000;
/** A start maps and pins all of the guest's memory and may read images from a slow disk. */
const START_MS = 120_000;
/** libvirt itself waits up to 15 s for QEMU to go after SIGTERM and as long after SIGKILL. */
const DESTROY_MS = 60_000;
/** A local socket costs nothing to try; a long pause would keep what waits for libvirt waiting after it is back. */
const RECONNECT = { firstMs: 250, maxMs: 3_000 };
const UNDEFINE =
  UndefineDomain.managedSave |
  UndefineDomain.snapshotsMetadata |
  UndefineDomain.nvram |
  UndefineDomain.checkpointsMetadata;

const shutdownFlags = {
  agent: ShutdownDomain.guestAgent | ShutdownDomain.acpiPowerButton,
  acpi: ShutdownDomain.acpiPowerButton,
  any: 0,
} as const satisfies Record<ShutdownBy, number>;

export class LibvirtHost implements DomainSource, Domains, DomainMarks, DomainStatsSource {
  readonly #link: Link;
  readonly #libvirt: Libvirt;
  readonly #standing: LibvirtStanding;
  readonly #definitions = new KnownDefinitions();
  readonly #figures: FiguresReader;

  constructor(options: LibvirtHostOptions) {
    const { uri, socket, random, onChange, onStatus, wall } = options;
    this.#link = new Link({
      socket: { driver: uri.startsWith("xen") ? "xen" : "qemu", path: socket },
      uri,
      random,
      backoff: RECONNECT,
      events: ["domain-lifecycle", "device-added", "device-removed", "node-device-lifecycle"],
      onEvent: onChange,
      onState: (state) => {
        this.#figures.forget();
        this.#standing.linkChanged(state);
        onChange();
      },
    });
    this.#libvirt = new Libvirt(this.#link);
    this.#figures = new FiguresReader(this.#libvirt);
    this.#standing = new LibvirtStanding({ uri, libvirt: this.#libvirt, onStatus, wall });
  }

  get status(): LibvirtStatus {
    return this.#standing.status;
  }

  /** Resolves when no question about itself is under way; never rejects. */
  get asked(): Promise<void> {
    return this.#standing.asked;
  }

  /** What a guest may have now, as it was when it was told last. */
  offered(signal: AbortSignal): Promise<OfferedDevices | undefined> {
    return this.#standing.offered(signal);
  }

  /** What domains run on here. Throws LIBVIRT_REFUSED where that is nothing, LIBVIRT_UNAVAILABLE or LIBVIRT_TIMEOUT. */
  hypervisor(signal: AbortSignal): Promise<Hypervisor> {
    return this.#standing.hypervisor(signal);
  }

  /** Keeps the connection until the signal aborts. */
  async run(stop: AbortSignal): Promise<void> {
    await this.#link.run(stop);
  }

  async domains(stop: AbortSignal): Promise<readonly Domain[]> {
    const look = new AbortController();
    // A call or two for each domain listen to it at the same time, and none when the look is over: no leak that Node should warn of.
    setMaxListeners(0, look.signal);
    const end = (): void => {
      look.abort(stop.reason);
    };
    stop.addEventListener("abort", end);
    if (stop.aborted) end();
    try {
      return await this.#listedDomains(look.signal);
    } finally {
      stop.removeEventListener("abort", end);
    }
  }

  #listedDomains(signal: AbortSignal): Promise<readonly Domain[]> {
    const options = { signal, timeoutMs: READ_MS };
    return asAgentError("listing the domains", async () => {
      // One domain that keeps its documents is no daemon that does not answer.
      const listed = await listDomains(this.#libvirt, options).catch((error: unknown) => {
        if (error instanceof CallTimeoutError) this.#standing.answering(error.message);
        throw error;
      });
      this.#standing.answering(undefined);
      const read = await Promise.all(listed.map((one) => this.#readDomain(one, options)));
      const domains = read.filter((domain) => domain !== undefined);
      this.#definitions.keepOnly(domains.map(({ id }) => id));
      return domains;
    });
  }

  async domainFigures(signal: AbortSignal): Promise<readonly DomainFigures[]> {
    return asAgentError("asking what domains use", () => this.#figures.read({ signal, timeoutMs: READ_MS }));
  }

  /** Held against libvirt's schema: what an older libvirt does not know would otherwise be left out in silence. */
  async define(xml: string, signal: AbortSignal): Promise<void> {
    const options = { signal, timeoutMs: DEFINE_MS, flags: DefineDomain.validate };
    await asAgentError("defining the domain", () => this.#libvirt.defineDomain(xml, options));
  }

  async start(id: DomainId, { paused }: { readonly paused: boolean }, signal: AbortSignal): Promise<void> {
    const flags = paused ? StartDomain.paused : 0;
    await this.#change("starting", id, async (domain) => {
      if (await this.#isActive(domain, signal)) return;
      await this.#libvirt.startDomain(domain, { signal, timeoutMs: START_MS, flags });
    });
  }

  async resume(id: DomainId, signal: AbortSignal): Promise<void> {
    await this.#change("resuming", id, async (domain) => {
      if ((await this.#stateOf(domain, { signal, timeoutMs: READ_MS })) === "paused")
        await this.#libvirt.resumeDomain(domain, { signal, timeoutMs: DEFINE_MS });
    });
  }

  async shutdown(id: DomainId, by: ShutdownBy, signal: AbortSignal): Promise<void> {
    await this.#change("shutting down", id, async (domain) => {
      if (await this.#isActive(domain, signal))
        await this.#libvirt.shutdownDomain(domain, { signal, timeoutMs: READ_MS, flags: shutdownFlags[by] });
    });
  }

  async destroy(id: DomainId, signal: AbortSignal): Promise<void> {
    await this.#change("stopping", id, async (domain) => {
      const isOn = await this.#isActive(domain, signal);
      // Xen's driver shows one that it keeps as off, under its number.
      if (!isOn && domain.id === undefined) return;
      await this.#libvirt.destroyDomain(domain, { signal, timeoutMs: DESTROY_MS }).catch((error: unknown) => {
        // It was being taken down, and is.
        if (isOn || !(error instanceof LibvirtError) || error.code !== ErrorNumber.operationInvalid)
          throw error;
      });
    });
  }

  async undefine(id: DomainId, signal: AbortSignal): Promise<void> {
    await this.#change("undefining", id, async (domain) => {
      await this.#undefine(domain, { signal, timeoutMs: DEFINE_MS });
    });
  }

  /** Xen's driver keeps no NVRAM, snapshots or checkpoints, and refuses the flags for them (libxlDomainUndefineFlags). */
  async #undefine(domain: DomainRef, options: CallOptions): Promise<void> {
    try {
      await this.#libvirt.undefineDomain(domain, { ...options, flags: UNDEFINE });
    } catch (error) {
      if (!(error instanceof LibvirtError) || error.code !== ErrorNumber.invalidArgument) throw error;
      await this.#libvirt.undefineDomain(domain, { ...options, flags: UndefineDomain.managedSave });
    }
  }

  async mark(id: DomainId, mark: ClaimMark, signal: AbortSignal): Promise<void> {
    await this.#change("marking", id, (domain) => this.#setMark(domain, markElement(mark), signal));
  }

  async unmark(id: DomainId, signal: AbortSignal): Promise<void> {
    await this.#change("taking the mark off", id, (domain) => this.#setMark(domain, undefined, signal));
  }

  /** In the definition, and where it runs also there: what runs now is shown, what is defined comes after. */
  async #setMark(domain: DomainRef, xml: string | undefined, signal: AbortSignal): Promise<void> {
    const flags = Affect.config | ((await this.#isActive(domain, signal)) ? Affect.live : 0);
    const element = { uri: CLAIM_MARK_NAMESPACE, key: "vgpud", xml };
    await this.#libvirt.setMetadata(domain, element, { signal, timeoutMs: DEFINE_MS, flags });
  }

  /** Undefined for a domain that went away meanwhile. */
  async #readDomain(listed: ListedDomain, options: CallOptions): Promise<Domain | undefined> {
    const { ref, persistent } = listed;
    const id = parseDomainId(ref.uuid);
    if (!id) return undefined;
    try {
      const [xml, state] = await Promise.all([
        this.#libvirt.domainXml(ref, options),
        listed.state ?? this.#stateOf(ref, options),
      ]);
      const isKept = state === "shut-off" && keepsRebooted(xml) && (await this.#isKept(ref, options));
      const kept = isKept ? ({ awaitsRestart: true } as const) : {};
      return { id, name: ref.name, state, persistent, ...kept, ...this.#definitions.read(id, xml) };
    } catch (error) {
      if (error instanceof LibvirtError && error.code === ErrorNumber.noDomain) return undefined;
      throw error;
    }
  }

  /**
   * Whether what is off has its number still, and is to keep it (libxlDomainShutdownThread): off with its number is also a domain
   * that Xen is taking down just now, during which the driver has a job, and one that is being started, which is on when its job ends.
   */
  async #isKept(listed: DomainRef, options: CallOptions): Promise<boolean> {
    if (listed.id === undefined) return false;
    const isOff = async (): Promise<boolean> => (await this.#stateOf(listed, options)) === "shut-off";
    try {
      if (!(await isOff()) || (await this.#libvirt.isBusy(listed, options)) || !(await isOff())) return false;
      return (await this.#libvirt.lookupDomainByUuid(listed.uuid, options))?.id === listed.id;
    } catch (error) {
      // Of one that is gone, or runs no more, libvirt refuses to say it.
      if (error instanceof LibvirtError) return false;
      throw error;
    }
  }

  async #isActive(domain: DomainRef, signal: AbortSignal): Promise<boolean> {
    return isActive(await this.#stateOf(domain, { signal, timeoutMs: READ_MS }));
  }

  async #stateOf(domain: DomainRef, options: CallOptions): Promise<DomainStateName> {
    return (await this.#libvirt.domainState(domain, options)).state;
  }

  /** A domain that is gone needs no change; only a start, a resume and a mark miss it. */
  async #change(doing: string, id: DomainId, change: (domain: DomainRef) => Promise<void>): Promise<void> {
    await asAgentError(`${doing} domain ${id}`, async () => {
      const domain = await this.#libvirt.lookupDomainByUuid(id);
      if (domain) await change(domain);
      else if (doing === "starting" || doing === "resuming" || doing === "marking")
        throw new AgentError("LIBVIRT_REFUSED", `domain ${id} is not defined`);
    });
  }
}
