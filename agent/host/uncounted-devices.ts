// Devices of running domains that libvirt's driver does not count. It logs each such question as an error, so that one is enough.
import type { DomainRef } from "../node-libvirt/domain-ref.ts";

export class UncountedDevices {
  #ofRuns = new Map<string, ReadonlySet<string>>();

  /** As `CountedDevice.text` has them. */
  of(domain: DomainRef): ReadonlySet<string> {
    return this.#ofRuns.get(runOf(domain)) ?? new Set();
  }

  /** Takes the place of all that were known of the domain: those that it has no more are forgotten. */
  note(domain: DomainRef, devices: ReadonlySet<string>): void {
    if (devices.size > 0) this.#ofRuns.set(runOf(domain), devices);
    else this.#ofRuns.delete(runOf(domain));
  }

  /** Forgets domains that are not among these, or were started anew. */
  keepOnly(running: readonly DomainRef[]): void {
    const kept = new Set(running.map(runOf));
    this.#ofRuns = new Map([...this.#ofRuns].filter(([run]) => kept.has(run)));
  }

  clear(): void {
    this.#ofRuns.clear();
  }
}

/** The hypervisor gives every start of a domain a number of its own. */
function runOf({ uuid, id }: DomainRef): string {
  return `${uuid} ${id ?? ""}`;
}
