// The domains of the simulated libvirt: what is defined, what runs, and what each change does to the kernel's slices.
import type { DomainId } from "../../core/ids.ts";
import { KeyedLock } from "../../core/keyed-lock.ts";
import { UndefineDomain } from "../../node-libvirt/constants.ts";
import type { EventBroadcast } from "../../node-libvirt/server-events.ts";
import type { SimulatedClock } from "../clock.ts";
import type { FaultBoard } from "../faults/board.ts";
import { outlives } from "../one-boot.ts";
import type { LibvirtGuest } from "../xen-guests.ts";
import { readDefinition, type Definition } from "./definition.ts";
import { DomainDevices, type DomainDevicesOptions } from "./domain-devices.ts";
import { occasionOf, refOf, type Active, type Domain, type Running } from "./domain.ts";
import { actionOn, PAUSED, RESUMED, STOPS, XEN_ENDS, type GuestEnd } from "./life-changes.ts";
import { internalError, invalidOperation, notInThisState, notOfDom0, noSuchDomain } from "./refusals.ts";
import { refuseAcceleration } from "./rendering.ts";
import { sameDomain } from "./same-domain.ts";
import { asStarted, dom0, guestsOf, isDom0, refuseDefinition, refuseStart } from "./xen-driver.ts";

export interface DomainsOptions extends Omit<DomainDevicesOptions, "isOnXen" | "list"> {
  readonly faults: FaultBoard;
  readonly clock: SimulatedClock;
  readonly events: EventBroadcast;
  readonly newUuid: () => DomainId;
}

interface StartOptions {
  readonly paused?: boolean;
  readonly transient?: Definition;
}

/** virDomainEventShutdownDetailType: the guest did it. */
const SHUTDOWN_BY_GUEST = 1;
const DEFINED_UPDATED = 1;
/** What a guest takes to shut down. */
const SHUTDOWN_MS = 100;
/** Above any kernel's pid_max, so that it cannot be mistaken for a real process. */
const FIRST_PID = 4_200_000;

export class Domains {
  readonly #options: DomainsOptions;
  readonly #devices: DomainDevices;
  #domains = new Map<DomainId, Domain>();
  /** Domains that are being started: a second change waits for the first, as libvirt's job lock makes it. */
  #jobs = new KeyedLock<DomainId>();
  #lastId = 0;
  /** On Xen, which has a guest before its device model runs. */
  #begun = new Map<number, Domain>();

  constructor(options: DomainsOptions) {
    this.#options = options;
    this.#devices = new DomainDevices({
      ...options,
      isOnXen: () => this.isOnXen,
      list: () => this.list(),
    });
    options.faults.onSet(({ kind, name }) => {
      if (kind !== "DOMAIN_CRASHES") return;
      for (const domain of this.list()) if (domain.running) void this.#crashLater(name, domain);
    });
  }

  /** As clients see them: on Xen with the host itself. */
  listed(): readonly Domain[] {
    const { host } = this.#options.kernel;
    return this.isOnXen ? [dom0(host), ...this.list()] : this.list();
  }

  list(): readonly Domain[] {
    return [...this.#domains.values()];
  }

  get isOnXen(): boolean {
    return this.#options.kernel.host.hypervisor === "xen";
  }

  /** @throws LibvirtError 42 */
  byUuid(uuid: string): Domain {
    return this.#only(`uuid '${uuid}'`, (domain) => domain.uuid === uuid);
  }

  /** The one that a client refers to. @throws LibvirtError 42, with the name that the client knows it by */
  referred(uuid: string, name: string): Domain {
    return this.#only(`uuid '${uuid}' (${name})`, (domain) => domain.uuid === uuid);
  }

  /** @throws LibvirtError 42 */
  byName(name: string): Domain {
    return this.#only(`name '${name}'`, (domain) => domain.name === name);
  }

  /** @throws LibvirtError 42 */
  byId(id: number): Domain {
    return this.#only(`id ${id}`, ({ running }) => running?.id === id);
  }

  #only(which: string, isIt: (domain: Domain) => boolean): Domain {
    const found = this.listed().find(isIt);
    if (found === undefined) throw noSuchDomain(which);
    return found;
  }

  /** Those that run or are being started, as Xen knows them. */
  onXen(): readonly LibvirtGuest[] {
    return [...this.list(), ...this.#begun.values()].flatMap(guestsOf);
  }

  define(xml: string): Domain {
    const { events } = this.#options;
    const definition = this.#read(xml);
    const before = sameDomain(definition, this.list());
    const domain = this.#put({
      uuid: definition.uuid,
      name: definition.name,
      running: before?.running,
      state: before?.state ?? { state: "shut-off", reason: "unknown" },
      autostart: before?.autostart ?? false,
      definition,
    });
    events.domainLifecycle(refOf(domain), "defined", before?.definition === undefined ? 0 : DEFINED_UPDATED);
    return domain;
  }

  #read(xml: string): Definition {
    const definition = readDefinition(xml, this.#options.newUuid);
    if (this.isOnXen) refuseDefinition(definition);
    else if (!this.#options.kernel.host.qemu_opengl) refuseAcceleration(definition);
    return definition;
  }

  /** Starts a transient domain. */
  async create(xml: string, paused = false): Promise<Domain> {
    const definition = this.#read(xml);
    if (sameDomain(definition, this.list())?.running !== undefined) {
      throw notInThisState(`domain '${definition.name}' is already active`);
    }
    const { uuid, name } = definition;
    const { kernel } = this.#options;
    const { bootId } = kernel;
    const known = this.#domains.get(uuid);
    const off = { state: "shut-off", reason: "unknown" } as const;
    if (known === undefined)
      this.#put({ uuid, name, definition: undefined, running: undefined, state: off, autostart: false });
    try {
      return await this.start(uuid, { paused, transient: definition });
    } catch (error) {
      // After a boot the UUID may be another domain's.
      if (known === undefined && kernel.bootId === bootId) this.#domains.delete(uuid);
      throw error;
    }
  }

  /** `transient` is what a domain without a definition is started as. */
  async start(uuid: DomainId, options: StartOptions = {}): Promise<Domain> {
    return await this.#jobs.run(uuid, () => this.#start(uuid, options));
  }

  async #start(uuid: DomainId, { paused = false, transient }: StartOptions): Promise<Domain> {
    const domain = this.byUuid(uuid);
    const definition = transient ?? domain.definition;
    if (domain.running !== undefined || definition === undefined)
      throw invalidOperation("domain is already running");
    const { kernel, faults } = this.#options;
    if (this.isOnXen) refuseStart(definition, kernel.host);
    if (!(await outlives(kernel, faults.hold("DOMAIN_STARTS_LATE", occasionOf(domain)))))
      throw internalError("the host has booted");
    const process = this.#newProcess(definition);
    const { bootId } = kernel;
    if (this.isOnXen) this.#begun.set(process.id, { ...domain, running: process });
    let running: Running;
    try {
      running = await this.#devices.open(process);
    } catch (error) {
      // Xen's driver leaves the state as it was (libxlDomainStartPerform).
      if (kernel.bootId === bootId && !this.isOnXen)
        this.#put({ ...this.byUuid(uuid), state: { state: "shut-off", reason: "failed" } });
      throw error;
    } finally {
      if (kernel.bootId === bootId) this.#begun.delete(process.id);
    }
    const started = this.#put({
      ...this.byUuid(uuid),
      running,
      state: paused ? { state: "paused", reason: "user" } : { state: "running", reason: "booted" },
    });
    this.#tellStart(started, paused);
    for (const { name } of faults.all("DOMAIN_CRASHES")) void this.#crashLater(name, started);
    return started;
  }

  #newProcess(definition: Definition): Running {
    const { kernel, clock } = this.#options;
    this.#lastId = this.isOnXen ? kernel.xen.newDomid() : this.#lastId + 1;
    return {
      ...{ id: this.#lastId, pid: FIRST_PID + this.#lastId, startedAt: clock.now() },
      definition: this.isOnXen ? asStarted(definition, this.#lastId) : definition,
    };
  }

  /** A QEMU is started paused and then resumed, in this order of events (seen with libvirt 9.0.0); of that Xen's driver tells nothing. */
  #tellStart(started: Domain, paused: boolean): void {
    const { events } = this.#options;
    if (!paused && !this.isOnXen) events.domainLifecycle(refOf(started), "resumed");
    events.domainLifecycle(refOf(started), "started");
    if (paused && !this.isOnXen) events.domainLifecycle(refOf(started), "suspended");
  }

  /** Presses the guest's power button and returns. */
  shutdown(uuid: DomainId): void {
    // The QEMU driver checks this one by itself.
    if (this.byUuid(uuid).running === undefined) throw invalidOperation("domain is not running");
    const domain = this.#active(uuid);
    const { faults, clock } = this.#options;
    const occasion = occasionOf(domain);
    if (faults.strike("GUEST_IGNORES_SHUTDOWN", occasion) !== undefined) return;
    const isLate = faults.find("GUEST_SHUTDOWN_LATE", occasion) !== undefined;
    const goesDown = isLate ? faults.hold("GUEST_SHUTDOWN_LATE", occasion) : clock.sleep(SHUTDOWN_MS);
    void goesDown.then(() => {
      if (this.#domains.get(uuid)?.running?.id === domain.running.id) this.powerOff(uuid);
    });
  }

  /** The guest turns itself off. */
  powerOff(uuid: DomainId): void {
    const domain = this.#active(uuid);
    if (this.isOnXen) {
      void this.#endOnXen(domain, "poweroff");
      return;
    }
    this.#options.events.domainLifecycle(refOf(domain), "shutdown", SHUTDOWN_BY_GUEST);
    void this.#stop(domain, "shutdown");
  }

  crash(uuid: DomainId): void {
    const domain = this.#active(uuid);
    void (this.isOnXen ? this.#endOnXen(domain, "crash") : this.#stop(domain, "crashed"));
  }

  /** QEMU resets the guest in place; on Xen it ends, and another may begin. */
  reset(uuid: DomainId): void {
    const domain = this.#active(uuid);
    if (this.isOnXen) void this.#endOnXen(domain, "reboot");
    else this.#options.events.domainReboot(refOf(domain));
  }

  /**
   * A guest ends by itself, and what its definition says of that is done (libxlDomainShutdownThread). That it stopped is told last: a
   * domain that is restarted is told to start, under its new number, and then to have stopped under the old one. One that ends while
   * the daemon does not run is left, and runs for the next, which asks Xen only whether it is there (libxlReconnectDomain).
   */
  async #endOnXen(ended: Active, end: GuestEnd): Promise<void> {
    const { kernel, events, faults } = this.#options;
    if (faults.find("LIBVIRT_GONE") !== undefined) return;
    const { bootId } = kernel;
    const { reason, detail } = XEN_ENDS[end];
    await this.#jobs.run(ended.uuid, async () => {
      const domain = this.#domains.get(ended.uuid);
      if (domain?.running?.id !== ended.running.id) return;
      const action = actionOn(ended.running.definition, end);
      const state = { state: "shut-off", reason } as const;
      // Its number stays with it, and what it has of the host.
      if (action === "preserve") this.#put({ ...domain, state });
      else void this.#leave({ ...domain, state }, ended.running);
      if (action === "restart") await this.#restart(domain, ended.running);
    });
    if (kernel.bootId === bootId) events.domainLifecycle(refOf(ended), "stopped", detail);
  }

  /** One that cannot be is only logged by a real daemon. */
  async #restart(domain: Domain, { definition }: Running): Promise<void> {
    if (domain.definition !== undefined) await this.#start(domain.uuid, {}).catch(() => undefined);
    else {
      this.#put({ ...domain, running: undefined });
      const started = await this.#start(domain.uuid, { transient: definition }).catch(() => undefined);
      if (started === undefined) this.#domains.delete(domain.uuid);
    }
  }

  async destroy(uuid: DomainId): Promise<void> {
    await this.#jobs.run(uuid, async () => {
      await this.#stop(this.#active(uuid), "destroyed");
    });
  }

  setPaused(uuid: DomainId, paused: boolean): void {
    const domain = this.#active(uuid);
    const { event, ...state } = paused ? PAUSED : RESUMED;
    if (event === "resumed" && domain.state.state === "running" && !this.isOnXen)
      throw invalidOperation("domain is already running");
    if (domain.state.state === state.state) return;
    this.#put({ ...domain, state });
    this.#options.events.domainLifecycle(refOf(domain), event);
  }

  undefine(uuid: DomainId, flags: number): void {
    const domain = this.byUuid(uuid);
    if (isDom0(domain)) throw notOfDom0();
    if (domain.definition === undefined) throw invalidOperation("cannot undefine transient domain");
    if (domain.definition.hasNvram && (flags & (UndefineDomain.nvram | UndefineDomain.keepNvram)) === 0) {
      throw invalidOperation("cannot undefine domain with nvram");
    }
    if (domain.running === undefined) this.#domains.delete(uuid);
    else this.#put({ ...domain, definition: undefined, autostart: false });
    this.#options.events.domainLifecycle(refOf(domain), "undefined");
  }

  setAutostart(uuid: DomainId, autostart: boolean): void {
    const domain = this.byUuid(uuid);
    if (domain.definition === undefined) throw invalidOperation("cannot set autostart for transient domain");
    this.#put({ ...domain, autostart });
  }

  /** Replaces what runs, what is defined, or both. */
  change(
    uuid: DomainId,
    change: { readonly live: boolean; readonly config: boolean; readonly by: (of: Definition) => Definition },
  ): void {
    const domain = this.byUuid(uuid);
    const { running, definition } = domain;
    this.#put({
      ...domain,
      running: change.live && running ? { ...running, definition: change.by(running.definition) } : running,
      definition: change.config && definition ? change.by(definition) : definition,
    });
  }

  /** The host has booted: definitions stay, nothing runs, nobody is told; then what is marked so begins to start. */
  reboot(): void {
    const kept = this.list().filter(({ definition }) => definition !== undefined);
    const state = { state: "shut-off", reason: "unknown" } as const;
    this.#domains = new Map(kept.map((domain) => [domain.uuid, { ...domain, running: undefined, state }]));
    this.#jobs = new KeyedLock();
    this.#begun = new Map();
    this.#devices.reboot();
    void this.#autostart(kept.filter(({ autostart }) => autostart).map(({ uuid }) => uuid));
  }

  /** One after the other, as a real daemon does, until the host boots again. */
  async #autostart(uuids: readonly DomainId[]): Promise<void> {
    const { kernel } = this.#options;
    const { bootId } = kernel;
    for (const uuid of uuids) {
      if (kernel.bootId !== bootId) return;
      // One that cannot start, for want of its mdev, is only logged by a real daemon.
      await this.start(uuid).catch(() => undefined);
    }
  }

  /** It has stopped when this returns; resolves when the host has back what it took. */
  async #stop(domain: Active, how: keyof typeof STOPS): Promise<void> {
    const { reason, detail } = STOPS[how];
    const given = this.#leave({ ...domain, state: { state: "shut-off", reason } }, domain.running);
    this.#options.events.domainLifecycle(refOf({ ...domain, running: undefined }), "stopped", detail);
    await given;
  }

  /** Is off when this returns, and known no more if it was transient; resolves when the host has back what it took. */
  async #leave(domain: Domain, running: Running): Promise<void> {
    const given = this.#devices.close(running);
    if (domain.definition === undefined) this.#domains.delete(domain.uuid);
    else this.#put({ ...domain, running: undefined });
    await given;
  }

  async #crashLater(fault: string, domain: Domain): Promise<void> {
    const isDue = await this.#options.faults.strikesLater(fault, occasionOf(domain));
    const now = this.#domains.get(domain.uuid)?.running;
    if (isDue && now !== undefined && now.id === domain.running?.id) this.crash(domain.uuid);
  }

  #active(uuid: DomainId): Active {
    const domain = this.byUuid(uuid);
    const { running } = domain;
    if (running === undefined) throw notInThisState("domain is not running");
    if (isDom0(domain)) throw notOfDom0();
    return { ...domain, running };
  }

  #put(domain: Domain): Domain {
    if (isDom0(domain)) throw notOfDom0();
    this.#domains.set(domain.uuid, domain);
    return domain;
  }
}
