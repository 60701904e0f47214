// Somebody else on the same host, who makes and removes vGPUs and domains of its own as mdevctl and virsh do, and knows nothing
// of vgpud. What it has at any time it knows itself, so that whoever touches it is found out.
import { asSomebodyElse, foreignXml } from "./somebody-else.ts";
import type { Libvirt } from "../../../agent/node-libvirt/libvirt.ts";

/** What a command of the simulated host answers. */
type Control = (message: { readonly command: string } & Record<string, unknown>) => Promise<unknown>;

export interface OthersOptions {
  readonly libvirtSocket: string;
  readonly control: Control;
  readonly gpus: readonly string[];
  readonly types: readonly string[];
  /** 0 or more, below 1. */
  readonly random: () => number;
}

interface Theirs {
  readonly vgpu: string;
  readonly gpu: string;
  readonly type: string;
  /** The UUID of their domain with it; undefined: none. */
  domain: string | undefined;
  running: boolean;
}

/** At most so many vGPUs at a time. */
const MOST = 4;

export class Others {
  readonly #options: OthersOptions;
  readonly #theirs: Theirs[] = [];
  #made = 0;
  /** Creates that the kernel refused for want of room. */
  refused = 0;

  constructor(options: OthersOptions) {
    this.#options = options;
  }

  /** What it has, and believes to be as it left it. */
  get theirs(): readonly Readonly<Theirs>[] {
    return this.#theirs;
  }

  /** Does one thing. */
  async act(): Promise<void> {
    const one = this.#any(this.#theirs);
    if (!one || (this.#theirs.length < MOST && this.#options.random() < 0.4)) return this.#make();
    if (!one.domain) return this.#options.random() < 0.5 ? this.#define(one) : this.#remove(one);
    if (one.running) return this.#turn(one, false);
    return this.#options.random() < 0.5 ? this.#turn(one, true) : this.#undefine(one);
  }

  async leave(): Promise<void> {
    for (const one of [...this.#theirs]) {
      if (one.running) await this.#turn(one, false);
      if (one.domain) await this.#undefine(one);
      await this.#remove(one);
    }
  }

  async #make(): Promise<void> {
    const { control, gpus, types } = this.#options;
    this.#made += 1;
    const vgpu = `f0000000-0000-4000-8000-${String(this.#made).padStart(12, "0")}`;
    const gpu = this.#any(gpus) ?? "";
    const type = this.#any(types) ?? "";
    try {
      await control({ command: "create-mdev", gpu, type, uuid: vgpu });
    } catch {
      this.refused += 1;
      return;
    }
    this.#theirs.push({ vgpu, gpu, type, domain: undefined, running: false });
  }

  async #remove(one: Theirs): Promise<void> {
    await this.#options.control({ command: "remove-mdev", uuid: one.vgpu });
    this.#theirs.splice(this.#theirs.indexOf(one), 1);
  }

  async #define(one: Theirs): Promise<void> {
    const uuid = one.vgpu.replace(/^f/, "d");
    await this.#libvirt((libvirt) =>
      libvirt.defineDomain(foreignXml({ name: `theirs-${uuid.slice(-4)}`, uuid, mdev: one.vgpu })),
    );
    one.domain = uuid;
  }

  async #turn(one: Theirs, on: boolean): Promise<void> {
    await this.#libvirt(async (libvirt) => {
      const domain = await libvirt.lookupDomainByUuid(one.domain ?? "");
      if (!domain) throw new Error(`somebody took domain ${one.domain ?? ""} away`);
      if (on) await libvirt.startDomain(domain);
      else await libvirt.destroyDomain(domain);
    });
    one.running = on;
  }

  async #undefine(one: Theirs): Promise<void> {
    await this.#libvirt(async (libvirt) => {
      const domain = await libvirt.lookupDomainByUuid(one.domain ?? "");
      if (!domain) throw new Error(`somebody took domain ${one.domain ?? ""} away`);
      await libvirt.undefineDomain(domain);
    });
    one.domain = undefined;
  }

  #libvirt<T>(act: (libvirt: Libvirt) => Promise<T>): Promise<T> {
    return asSomebodyElse(this.#options.libvirtSocket, act);
  }

  #any<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.#options.random() * from.length)];
  }
}
