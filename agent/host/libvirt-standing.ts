// Whether libvirt answers, and what it says of itself: its version and driver, the hypervisor, and what a guest may have.
import { AgentError } from "../core/errors.ts";
import { x86DomainTypes, xenGuestTypes } from "../discovery/capabilities-xml.ts";
import { offeredDevices, type OfferedDevices } from "../discovery/domain-capabilities.ts";
import type { Hypervisor } from "../lifecycle/domain-xml.ts";
import type { CallOptions } from "../node-libvirt/connection.ts";
import { LibvirtError } from "../node-libvirt/errors.ts";
import type { Libvirt, Version } from "../node-libvirt/libvirt.ts";
import type { LinkState } from "../node-libvirt/link.ts";
import { asAgentError } from "./libvirt-errors.ts";

export interface LibvirtStatus {
  readonly uri: string;
  /** There is a connection, and the last question on it was answered. */
  readonly connected: boolean;
  /** Since when it is so, milliseconds since the epoch. */
  readonly since: number;
  /** `9.0.0`; undefined until it was asked. */
  readonly version: string | undefined;
  /** The driver's own name, as `QEMU`; undefined until it was asked. */
  readonly driver: string | undefined;
  /** Of the hypervisor, `7.2.22`; undefined until it was asked, and where none is installed. */
  readonly hypervisorVersion: string | undefined;
  /** What a guest may have; undefined until it was asked, and where the driver does not say. */
  readonly offered: OfferedDevices | undefined;
  /** Why it is not connected. */
  readonly error: string | undefined;
}

export interface LibvirtStandingOptions {
  readonly uri: string;
  readonly libvirt: Libvirt;
  /** The connection came, or went: told once for each change. */
  readonly onStatus: (status: LibvirtStatus) => void;
  /** Milliseconds since the epoch. */
  readonly wall: () => number;
}

/** What it knows without asking others. */
const READ_MS = 10_000;
/** A daemon that has not met this QEMU before tries it out first. */
const TRY_OUT_MS = 30_000;
/** Before the first try ended. */
const NOT_YET = "not connected yet";
const NOT_ASKED = {
  ...{ version: undefined, driver: undefined, hypervisorVersion: undefined },
  offered: undefined,
};

export class LibvirtStanding {
  readonly #options: LibvirtStandingOptions;
  #status: LibvirtStatus;
  #isLinked = false;
  #hypervisor: Promise<Hypervisor> | undefined;
  /** What it is being asked about itself. */
  #asking: Promise<void> = Promise.resolve();
  /** What a guest may have has still to be asked. */
  #asksOffered = false;

  constructor(options: LibvirtStandingOptions) {
    this.#options = options;
    const { uri, wall } = options;
    this.#status = { uri, connected: false, since: wall(), ...NOT_ASKED, error: NOT_YET };
  }

  get status(): LibvirtStatus {
    return this.#status;
  }

  /** Resolves when no question is under way; never rejects. */
  get asked(): Promise<void> {
    return this.#asking;
  }

  /** What a guest may have now: QEMU's packages may have changed since it was asked last. What was known where it is not told. */
  async offered(signal: AbortSignal): Promise<OfferedDevices | undefined> {
    await this.#readOffered({ signal, timeoutMs: READ_MS }).catch(() => undefined);
    return this.#status.offered;
  }

  /** What domains run on here; asked once per connection. */
  hypervisor(signal: AbortSignal): Promise<Hypervisor> {
    this.#hypervisor ??= this.#askHypervisor(signal).catch((error: unknown) => {
      this.#hypervisor = undefined;
      throw error;
    });
    return this.#hypervisor;
  }

  /** Told of the connection; asks who is at its end. */
  linkChanged(state: LinkState): void {
    const { uri, wall, onStatus } = this.#options;
    const connected = state.state === "up";
    this.#isLinked = connected;
    const changed = connected !== this.#status.connected || this.#status.error === NOT_YET;
    const since = connected === this.#status.connected ? this.#status.since : wall();
    const error = state.state === "down" ? state.error.message : undefined;
    this.#status = { uri, connected, since, ...NOT_ASKED, error };
    this.#hypervisor = undefined;
    if (changed) onStatus(this.#status);
    this.#asksOffered = connected;
    if (connected) this.#asking = this.#askAbout();
  }

  /** Told of each look, with why it was not answered: a daemon that takes calls and answers none is away, long before its connection is given up. */
  answering(error: string | undefined): void {
    const { wall, onStatus } = this.#options;
    const connected = error === undefined;
    if (connected && this.#asksOffered) this.#asking = this.#asking.then(() => this.#askOffered());
    if (!this.#isLinked || connected === this.#status.connected) return;
    this.#status = { ...this.#status, connected, since: wall(), error };
    if (connected && this.#status.version === undefined) this.#asking = this.#askAbout();
    onStatus(this.#status);
  }

  async #askHypervisor(signal: AbortSignal): Promise<Hypervisor> {
    const { libvirt } = this.#options;
    const what = "asking what the hypervisor can do";
    const xml = await asAgentError(what, () => libvirt.capabilities({ signal, timeoutMs: TRY_OUT_MS }));
    const guestTypes = xenGuestTypes(xml);
    if (guestTypes.size > 0) return { domainType: "xen", guestTypes };
    const types = x86DomainTypes(xml);
    if (types.has("kvm")) return { domainType: "kvm" };
    if (types.has("qemu")) return { domainType: "qemu" };
    throw new AgentError(
      "LIBVIRT_REFUSED",
      "libvirt offers no x86_64 guests here; is qemu-system-x86 installed?",
    );
  }

  async #askAbout(): Promise<void> {
    const { libvirt } = this.#options;
    try {
      const [version, driver, hypervisor] = await Promise.all([
        libvirt.libraryVersion({ timeoutMs: READ_MS }),
        libvirt.driverType({ timeoutMs: READ_MS }),
        libvirt.hypervisorVersion({ timeoutMs: READ_MS }).catch(() => undefined),
      ]);
      const hypervisorVersion = hypervisor && hypervisor.major > 0 ? versionText(hypervisor) : undefined;
      this.#status = { ...this.#status, version: versionText(version), driver, hypervisorVersion };
    } catch {
      // The link's own state tells that the daemon is away; a version that is not known is shown as such.
    }
    await this.#askOffered();
  }

  /** Apart: it may take seconds. */
  async #askOffered(): Promise<void> {
    if (!this.#asksOffered) return;
    this.#asksOffered = false;
    try {
      await this.#readOffered({ timeoutMs: TRY_OUT_MS });
    } catch (error) {
      // What it refuses it would refuse again; what it did not answer is asked again when it answers something else.
      this.#asksOffered = !(error instanceof LibvirtError);
    }
  }

  async #readOffered(options: CallOptions): Promise<void> {
    const offered = offeredDevices(await this.#options.libvirt.domainCapabilities({}, options));
    this.#status = { ...this.#status, offered };
  }
}

function versionText({ major, minor, release }: Version): string {
  return `${major}.${minor}.${release}`;
}
