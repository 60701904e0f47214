// What goes wrong on the simulated host: set in HOST.yaml or at run time, effective at once.
import { z } from "zod";

const milliseconds = z.int().min(0).max(600_000);

/** Names and values as HOST.yaml and the control socket write them; what is absent does not go wrong. */
export const faultsSchema = z.strictObject({
  /** Every create is refused with this errno. */
  create_errno: z.enum(["ENOSPC", "EINVAL", "EEXIST", "ENODEV", "EFAULT", "EIO"]).optional(),
  /** A create takes this long in the kernel. */
  create_delay_ms: milliseconds.optional(),
  /** A remove of an idle vGPU hangs in the kernel until the fault is cleared. */
  remove_blocks: z.boolean().optional(),
  /** `available_instances` shows this many more (fewer, when negative) than the kernel has. */
  available_instances_error: z.int().min(-7).max(7).optional(),
  /** hostd takes requests and answers none. Those taken meanwhile are carried out when the fault is cleared. */
  hostd_hangs: z.boolean().optional(),
  /** libvirt refuses to define a domain, with this message. */
  libvirt_refuses_define: z.string().min(1).max(200).optional(),
  /** libvirt refuses to start a domain, with this message. */
  libvirt_refuses_start: z.string().min(1).max(200).optional(),
  /** libvirt takes calls and answers none, keepalive included, until the fault is cleared. */
  libvirt_hangs: z.boolean().optional(),
  /** No libvirt: connections are cut, new ones refused. */
  libvirt_away: z.boolean().optional(),
  /** Starting a domain takes this long. */
  domain_start_delay_ms: milliseconds.optional(),
  /** A domain crashes this long after its start. */
  domain_crash_after_ms: milliseconds.optional(),
  /** Guests do not react to the power button. */
  guest_ignores_shutdown: z.boolean().optional(),
  /** How long a guest takes to shut down, default 100. */
  guest_shutdown_delay_ms: milliseconds.optional(),
});

export type Faults = z.output<typeof faultsSchema>;

/** The faults in force, with a way to wait for their end. */
export class FaultBoard {
  #current: Faults;
  readonly #listeners = new Set<() => void>();

  constructor(initial: Faults) {
    this.#current = initial;
  }

  get current(): Faults {
    return this.#current;
  }

  /** Adds and replaces; the others stay. */
  set(faults: Faults): void {
    this.#change({ ...this.#current, ...faults });
  }

  /** Ends the named ones, or all. */
  clear(names?: readonly string[]): void {
    const kept = Object.entries(this.#current).filter(
      ([name]) => names !== undefined && !names.includes(name),
    );
    this.#change(faultsSchema.parse(Object.fromEntries(kept)));
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Resolves as soon as the fault is not in force. */
  async whileSet(name: keyof Faults): Promise<void> {
    while (this.#current[name] !== undefined && this.#current[name] !== false) {
      await new Promise<void>((resolve) => {
        const once = (): void => {
          this.#listeners.delete(once);
          resolve();
        };
        this.#listeners.add(once);
      });
    }
  }

  #change(faults: Faults): void {
    this.#current = faults;
    for (const listener of [...this.#listeners]) listener();
  }
}
