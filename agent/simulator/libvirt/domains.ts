// The domains of the simulated libvirt: what is defined, what runs, and what each change does to the kernel's slices.
import type { DomainId } from "../../core/ids.ts";
import { KeyedLock } from "../../core/keyed-lock.ts";
import { UndefineDomain } from "../../node-libvirt/constants.ts";
import type { EventBroadcast } from "../../node-libvirt/server-events.ts";
import type { SimulatedClock } from "../clock.ts";
import type { FaultBoard } from "../faults/board.ts";
import { outlives } from "../one-boot.ts";
import { Consoles } from "./consoles.ts";
import type { LibvirtGuest } from "../xen-guests.ts";
import { readDefinition, type Definition } from "./definition.ts";
import { occasionOf, refOf, type Domain, type Running } from "./domain.ts";
import { HostFunctions, type HostFunctionsOptions } from "./host-functions.ts";
import {
  domainClash,
  functionInUse,
  internalError,
  invalidOperation,
  notInThisState,
  mdevInUse,
  mdevMissing,
  mdevWithoutGroup,
  notOfDom0,
  noSuchDomain,
} from "./refusals.ts";
import { asStarted, dom0, guestsOf, isDom0, refuseDefinition, refuseStart } from "./xen-driver.ts";

export interface DomainsOptions extends HostFunctionsOptions {
  readonly faults: FaultBoard;
  readonly clock: SimulatedClock;
  readonly events: EventBroadcast;
  readonly newUuid: () => DomainId;
}

/** Why a domain stopped: its new reason and the detail of the `stopped` event (virDomainEventStoppedDetailType). */
const STOPS = {
  shutdown: { reason: "shutdown", detail: 0 },
  destroyed: { reason: "destroyed", detail: 1 },
  // QEMU that vanishes without a word is a failure to the event and a crash to the state (qemu_process.c).
  crashed: { reason: "crashed", detail: 5 },
} as const;

/** virDomainEventShutdownDetailType: the guest did it. */
const SHUTDOWN_BY_GUEST = 1;
const DEFINED_UPDATED = 1;
/** What a guest takes to shut down. */
const SHUTDOWN_MS = 100;
/** Above any kernel's pid_max, so that it cannot be mistaken for a real process. */
const FIRST_PID = 4_200_000;

export class Domains {
  readonly #options: DomainsOptions;
  readonly #functions: HostFunctions;
  readonly #consoles = new Consoles();
  #domains = new Map<DomainId, Domain>();
  /** Domains that are being started: a second change waits for the first, as libvirt's job lock makes it. */
  #jobs = new KeyedLock<DomainId>();
  #lastId = 0;

  constructor(options: DomainsOptions) {
    this.#options = options;
    this.#functions = new HostFunctions(options);
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

  /** Those that run, as Xen knows them. */
  onXen(): readonly LibvirtGuest[] {
    return this.list().flatMap(guestsOf);
  }

  define(xml: string): Domain {
    const { events } = this.#options;
    const definition = this.#read(xml);
    const before = this.#sameDomain(definition);
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
    return definition;
  }

  /** Starts a transient domain. */
  async create(xml: string, paused = false): Promise<Domain> {
    const definition = this.#read(xml);
    if (this.#sameDomain(definition)?.running !== undefined) {
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
  async start(
    uuid: DomainId,
    { paused, transient }: { readonly paused?: boolean; readonly transient?: Definition } = {},
  ): Promise<Domain> {
    return await this.#jobs.run(uuid, async () => {
      const domain = this.byUuid(uuid);
      const definition = transient ?? domain.definition;
      if (domain.running !== undefined || definition === undefined)
        throw invalidOperation("domain is already running");
      const { kernel, faults, events } = this.#options;
      if (this.isOnXen) refuseStart(definition);
      if (!(await outlives(kernel, faults.hold("DOMAIN_STARTS_LATE", occasionOf(domain)))))
        throw internalError("the host has booted");
      const process = this.#begun(definition);
      const { bootId } = kernel;
      let running: Running;
      try {
        running = await this.#openDevices(process);
      } catch (error) {
        if (kernel.bootId === bootId)
          this.#put({ ...this.byUuid(uuid), state: { state: "shut-off", reason: "failed" } });
        throw error;
      }
      const started = this.#put({
        ...this.byUuid(uuid),
        running,
        state: paused ? { state: "paused", reason: "user" } : { state: "running", reason: "booted" },
      });
      // A QEMU is started paused and then resumed, in this order of events (seen with libvirt 9.0.0).
      if (!paused) events.domainLifecycle(refOf(started), "resumed");
      events.domainLifecycle(refOf(started), "started");
      if (paused) events.domainLifecycle(refOf(started), "suspended");
      for (const { name } of faults.all("DOMAIN_CRASHES")) void this.#crashLater(name, started);
      return started;
    });
  }

  #begun(definition: Definition): Running {
    const { kernel, clock } = this.#options;
    this.#lastId = this.isOnXen ? kernel.xen.newDomid() : this.#lastId + 1;
    return {
      ...{ id: this.#lastId, pid: FIRST_PID + this.#lastId, startedAt: clock.now() },
      definition: this.isOnXen ? asStarted(definition, this.#lastId) : definition,
    };
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
    this.#options.events.domainLifecycle(refOf(domain), "shutdown", SHUTDOWN_BY_GUEST);
    void this.#stop(domain, "shutdown");
  }

  crash(uuid: DomainId): void {
    void this.#stop(this.#active(uuid), "crashed");
  }

  reset(uuid: DomainId): void {
    this.#options.events.domainReboot(refOf(this.#active(uuid)));
  }

  async destroy(uuid: DomainId): Promise<void> {
    await this.#jobs.run(uuid, async () => {
      await this.#stop(this.#active(uuid), "destroyed");
    });
  }

  setPaused(uuid: DomainId, paused: boolean): void {
    const domain = this.#active(uuid);
    const state = paused
      ? ({ state: "paused", reason: "user" } as const)
      : ({ state: "running", reason: "unpaused" } as const);
    this.#put({ ...domain, state });
    this.#options.events.domainLifecycle(refOf(domain), paused ? "suspended" : "resumed");
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
    this.#functions.reboot();
    this.#consoles.reboot();
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

  #sameDomain({ uuid, name }: Definition): Domain | undefined {
    const sameUuid = this.#domains.get(uuid);
    if (sameUuid !== undefined && sameUuid.name !== name) {
      throw domainClash(`domain '${sameUuid.name}' is already defined with uuid ${uuid}`);
    }
    const sameName = this.list().find((domain) => domain.name === name);
    if (sameName !== undefined && sameName.uuid !== uuid) {
      throw domainClash(`domain '${name}' already exists with uuid ${sameName.uuid}`);
    }
    return sameUuid;
  }

  /** What QEMU opens when it starts, which holds it until it ends: how it runs. @throws LibvirtError; nothing is held then */
  async #openDevices(process: Running): Promise<Running> {
    const { pid, definition } = process;
    this.#refuseUsedFunctions(definition);
    const { kernel } = this.#options;
    const running = { ...process, definition: this.#consoles.open(process) };
    try {
      if (!(await outlives(kernel, this.#functions.prepare(running))))
        throw internalError("the host has booted");
      // To Xen's driver they are nothing that it knows, and nothing that it refuses.
      if (!this.isOnXen) this.#openMdevs(running);
      this.#functions.open(running);
      return running;
    } catch (error) {
      kernel.close(pid);
      this.#consoles.close(pid);
      void this.#functions.giveBack(pid);
      throw error;
    }
  }

  #refuseUsedFunctions({ functions }: Definition): void {
    for (const { address } of functions) {
      const uses = ({ running }: Domain): boolean =>
        running?.definition.functions.some((used) => used.address === address) === true;
      const user = this.list().find(uses);
      if (user !== undefined) throw functionInUse(address, user.name);
    }
  }

  #openMdevs({ pid, definition }: Running): void {
    const { kernel } = this.#options;
    const holder = { pid, command: "qemu-system-x86", domain: definition.name };
    const missing = definition.mdevs.find((uuid) => !kernel.mdevs.has(uuid));
    if (missing !== undefined) throw mdevMissing(missing);
    const partial = definition.mdevs.find((uuid) => kernel.mdevs.get(uuid)?.partial);
    if (partial !== undefined) throw mdevWithoutGroup(partial);
    for (const uuid of definition.mdevs) {
      const user = this.list().find(({ running }) => running?.definition.mdevs.includes(uuid));
      if (user !== undefined) throw mdevInUse(uuid, user.name);
      const errno = kernel.open(uuid, holder);
      if (errno === undefined) continue;
      const why = errno === "EEXIST" ? "File exists" : "Device or resource busy";
      throw internalError(
        `qemu unexpectedly closed the monitor: vfio ${uuid}: failed to open the device: ${why}`,
      );
    }
  }

  /** It has stopped when this returns; resolves when the host has back what it took. */
  async #stop(domain: Domain & { readonly running: Running }, how: keyof typeof STOPS): Promise<void> {
    const { reason, detail } = STOPS[how];
    this.#options.kernel.close(domain.running.pid);
    this.#consoles.close(domain.running.pid);
    const given = this.#functions.giveBack(domain.running.pid);
    const stopped = { ...domain, running: undefined, state: { state: "shut-off", reason } as const };
    if (domain.definition === undefined) this.#domains.delete(domain.uuid);
    else this.#put(stopped);
    this.#options.events.domainLifecycle(refOf(stopped), "stopped", detail);
    await given;
  }

  async #crashLater(fault: string, domain: Domain): Promise<void> {
    const isDue = await this.#options.faults.strikesLater(fault, occasionOf(domain));
    const now = this.#domains.get(domain.uuid)?.running;
    if (isDue && now !== undefined && now.id === domain.running?.id) this.crash(domain.uuid);
  }

  #active(uuid: DomainId): Domain & { readonly running: Running } {
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
