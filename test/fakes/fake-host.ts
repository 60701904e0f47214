// Kernel and libvirt in miniature: takes what the lifecycle does to a host, and shows what a look at it would find.
import { AgentError, type Holder } from "../../agent/core/errors.ts";
import type { DomainId, PciAddress, VgpuId } from "../../agent/core/ids.ts";
import { childOf, parseXml, textOf } from "../../agent/core/xml.ts";
import { readDomainXml } from "../../agent/discovery/domain-xml.ts";
import type { Observation } from "../../agent/discovery/observe.ts";
import { isAlive, type ClaimMark, type Domain, type DomainState } from "../../agent/inventory/model.ts";
import { functionOf } from "../../agent/inventory/share.ts";
import type { FunctionValues, ProfileOutcome } from "../../agent/lifecycle/function-profile.ts";
import type {
  BindOutcome,
  DomainMarks,
  Domains,
  DriverShares,
  GpuFunctions,
  RemoveOutcome,
  Slice,
  Slices,
} from "../../agent/lifecycle/ports.ts";
import { parseDomainId } from "../../agent/core/ids.ts";
import type { FakeGpu } from "./fake-kernel.ts";

/** What can be asked of the host: by the names of the plan's steps, and of what is no step. */
export type HostCall =
  | "give-away"
  | "take-back"
  | "cut"
  | "set-profile"
  | "mark-domain"
  | "unmark-domain"
  | "create-vgpu"
  | "remove-vgpu"
  | "define-domain"
  | "start-domain"
  | "resume-domain"
  | "ask-shutdown"
  | "force-off"
  | "undefine-domain";

/** Runs around a call. A rejection before it refuses the call, after it loses the answer; one that hangs, hangs. */
export type Gate = (call: HostCall) => Promise<void>;

const open: Gate = () => Promise.resolve();
export class FakeHost implements Slices, Domains, DomainMarks, GpuFunctions {
  readonly gpus: readonly FakeGpu[];
  readonly #domains = new Map<DomainId, Domain>();
  readonly #keepers = new Map<VgpuId, Holder>();
  readonly #wall: () => number;
  before: Gate = open;
  after: Gate = open;
  /** Runs before each look; one that hangs, hangs. */
  looking: () => Promise<void> = () => Promise.resolve();
  /** Set while libvirt does not answer, to what it says. */
  libvirtAway: string | undefined;
  /** Guests that hear the request to shut down and stay. */
  readonly deaf = new Set<DomainId>();
  /** Changes with every boot. */
  bootId = "boot-1";
  /** Called after everything that udev or libvirt would report. */
  onChange: () => void = () => undefined;

  constructor(options: { readonly gpus: readonly FakeGpu[]; readonly wall: () => number }) {
    this.gpus = options.gpus;
    this.#wall = options.wall;
  }

  /** A look at the host, as discovery/observe.ts gives it. */
  async look(): Promise<Observation> {
    await this.looking();
    const domains = this.#domains;
    return {
      observedAt: this.#wall(),
      host: { hostname: "fake", bootId: this.bootId, kernelRelease: "6.1.0", hypervisor: "kvm" },
      gpus: new Map(this.gpus.map((gpu) => [gpu.address, gpu.facts()])),
      vgpus: new Map(this.gpus.flatMap((gpu) => gpu.slices()).map((slice) => [slice.id, slice])),
      domains:
        this.libvirtAway === undefined
          ? { known: true, value: new Map(domains) }
          : { known: false, why: this.libvirtAway, away: "libvirt" },
      unread: [],
    };
  }

  create({ vgpuId, gpu, share }: Slice): Promise<void> {
    return this.#do("create-vgpu", () => {
      const parent = this.gpus.find(({ address }) => address === gpu);
      if (!parent) throw new AgentError("KERNEL_REFUSED", `there is no GPU ${gpu} (ENODEV)`);
      switch (share.mode) {
        case "gvt-g":
          parent.make(vgpuId, share.type);
          return;
        case "gvt-s":
          if (!parent.hasNode) throw new AgentError("RENDER_NODE_MISSING", `GPU ${gpu} has no render node`);
          return;
        case "gvt-d":
          parent.driver = "vfio-pci";
          return;
        case "sriov":
          if (share.number > parent.functions.length)
            throw new AgentError("PCI_FUNCTION_MISSING", `there is no function ${share.address}`);
          parent.functions[share.number - 1] = "vfio-pci";
      }
    });
  }

  remove({ vgpuId, gpu, share }: Slice): Promise<RemoveOutcome> {
    return this.#do("remove-vgpu", () => {
      const function_ = functionOf({ gpu, share });
      const holder = function_ === undefined ? this.holderOf(vgpuId) : this.#holderOfFunction(function_);
      if (holder) return { kind: "held", holders: [holder] };
      for (const each of this.gpus) each.unmake(vgpuId);
      const parent = this.#gpu(gpu);
      if (share.mode === "sriov" && share.number <= parent.functions.length)
        parent.functions[share.number - 1] = undefined;
      return { kind: "removed" };
    });
  }

  giveAway(gpu: PciAddress): Promise<BindOutcome> {
    return this.#bind("give-away", gpu, "vfio-pci");
  }

  takeBack(gpu: PciAddress, driver: string): Promise<BindOutcome> {
    return this.#bind("take-back", gpu, driver);
  }

  cut(gpu: PciAddress, count: number): Promise<BindOutcome> {
    return this.#do("cut", () => {
      const parent = this.#gpu(gpu);
      if (parent.functions.length === count) return { kind: "bound" };
      const holder = parent.functions
        .map((_, at) => this.#holderOfFunction(parent.functionAddress(at + 1)))
        .find((found) => found !== undefined);
      if (holder) return { kind: "held", holders: [holder] };
      parent.functions = Array.from({ length: count }, () => undefined);
      if (count === 0) parent.profiles = [];
      if (count === 0 && parent.sharesOut === false) parent.sharesOut = !parent.sharesOutNeverAgain;
      return { kind: "bound" };
    });
  }

  /** Of all shares the quantum is clamped, and priorities cannot be set: as xe does. */
  setProfile(gpu: PciAddress, number: number, profile: FunctionValues): Promise<ProfileOutcome> {
    return this.#do("set-profile", () => {
      const { priority, contexts, doorbells, ...rest } = profile;
      const execQuantumMs =
        rest.execQuantumMs === undefined ? undefined : Math.min(rest.execQuantumMs, 100_000);
      const kept = { ...rest, ...(execQuantumMs !== undefined && { execQuantumMs }) };
      const parent = this.#gpu(gpu);
      const beside = { ...(contexts && { contexts }), ...(doorbells && { doorbells }) };
      parent.profiles[number - 1] = { ...parent.profiles[number - 1], ...kept, ...beside };
      if (parent.sharesOut === true && kept.ggttBytes !== undefined) parent.sharesOut = false;
      const written = (Object.keys(kept) as (keyof typeof kept)[]).flatMap((share) => {
        const value = kept[share];
        return value === undefined ? [] : [{ share, value }];
      });
      return { written, notOffered: priority === undefined ? [] : (["priority"] as const) };
    });
  }

  /** Once told of a part of it a driver gives none by itself, until it has no functions. */
  driverShares(gpu: PciAddress): Promise<DriverShares> {
    const parent = this.gpus.find(({ address }) => address === gpu);
    const settable = new Set(["execQuantumMs", "preemptTimeoutUs", "vramBytes", "ggttBytes"] as const);
    const left = parent?.companions ?? { contexts: undefined, doorbells: undefined };
    return Promise.resolve({ automatic: parent?.sharesOut, settable, left });
  }

  cutInto(gpu: PciAddress): Promise<number> {
    return Promise.resolve(this.#gpu(gpu).functions.length);
  }

  #bind(call: "give-away" | "take-back", gpu: PciAddress, driver: string): Promise<BindOutcome> {
    return this.#do(call, () => {
      if (this.#gpu(gpu).driver === driver) return { kind: "bound" };
      const holder = this.#holderOfFunction(gpu);
      if (holder) return { kind: "held", holders: [holder] };
      this.#gpu(gpu).driver = driver;
      return { kind: "bound" };
    });
  }

  #gpu(address: PciAddress): FakeGpu {
    const found = this.gpus.find((gpu) => gpu.address === address);
    if (!found) throw new AgentError("KERNEL_REFUSED", `there is no GPU ${address} (ENODEV)`);
    return found;
  }

  #holderOfFunction(address: PciAddress): Holder | undefined {
    const user = [...this.#domains.values()].find(
      ({ state, pciDevices }) => isAlive(state) && pciDevices.includes(address),
    );
    return user && { pid: 4711, command: `qemu (${user.name})` };
  }

  /** The driver of a function or of a GPU; undefined also where there is none such. */
  #driverOf(address: PciAddress): string | undefined {
    for (const gpu of this.gpus) {
      if (gpu.address === address) return gpu.driver;
      const at = gpu.functions.findIndex((_, index) => gpu.functionAddress(index + 1) === address);
      if (at !== -1) return gpu.functions[at];
    }
    return undefined;
  }

  define(xml: string): Promise<void> {
    return this.#libvirt("define-domain", () => {
      const { id, name } = nameAndId(xml);
      const namesake = [...this.#domains.values()].find((domain) => domain.name === name);
      if (namesake && namesake.id !== id) throw refused(`domain '${name}' already exists`);
      const before = this.#domains.get(id);
      if (before && before.name !== name) throw refused(`domain '${before.name}' has that UUID`);
      const state = before?.state ?? "shut-off";
      this.#domains.set(id, { ...readDomainXml(xml), id, name, state, persistent: true });
    });
  }

  start(id: DomainId, { paused }: { readonly paused: boolean }): Promise<void> {
    return this.#libvirt("start-domain", () => {
      const domain = this.#domains.get(id);
      if (!domain) throw refused(`there is no domain ${id}`);
      if (isAlive(domain.state)) return;
      for (const vgpu of domain.vgpuIds) {
        if (!this.gpus.some((gpu) => gpu.vgpuIds.includes(vgpu))) throw refused(`mdev ${vgpu} not found`);
        const holder = this.holderOf(vgpu);
        if (holder) throw refused(`mdev ${vgpu} is in use by ${holder.command}`);
      }
      for (const address of domain.pciDevices) {
        if (this.#driverOf(address) !== "vfio-pci")
          throw refused(`device ${address} is not bound to vfio-pci`);
        const holder = this.#holderOfFunction(address);
        if (holder) throw refused(`device ${address} is in use by ${holder.command}`);
      }
      this.#set(domain, paused ? "paused" : "running");
    });
  }

  resume(id: DomainId): Promise<void> {
    return this.#libvirt("resume-domain", () => {
      const domain = this.#domains.get(id);
      if (!domain) throw refused(`there is no domain ${id}`);
      if (domain.state === "paused") this.#set(domain, "running");
    });
  }

  shutdown(id: DomainId): Promise<void> {
    return this.#libvirt("ask-shutdown", () => {
      const domain = this.#domains.get(id);
      if (domain && isAlive(domain.state) && !this.deaf.has(id)) this.#set(domain, "shut-off");
    });
  }

  destroy(id: DomainId): Promise<void> {
    return this.#libvirt("force-off", () => {
      const domain = this.#domains.get(id);
      if (domain) this.#set(domain, "shut-off");
    });
  }

  undefine(id: DomainId): Promise<void> {
    return this.#libvirt("undefine-domain", () => {
      this.#domains.delete(id);
    });
  }

  mark(id: DomainId, mark: ClaimMark): Promise<void> {
    return this.#libvirt("mark-domain", () => {
      const domain = this.#domains.get(id);
      if (!domain) throw refused(`there is no domain ${id}`);
      this.#domains.set(id, { ...domain, mark });
    });
  }

  unmark(id: DomainId): Promise<void> {
    return this.#libvirt("unmark-domain", () => {
      const domain = this.#domains.get(id);
      if (domain) this.#domains.set(id, { ...domain, mark: undefined });
    });
  }

  /** Who has a slice open: the QEMU of a running domain, or somebody put there by `keep`. */
  holderOf(vgpuId: VgpuId): Holder | undefined {
    const user = [...this.#domains.values()].find((d) => isAlive(d.state) && d.vgpuIds.includes(vgpuId));
    return user ? { pid: 4711, command: `qemu (${user.name})` } : this.#keepers.get(vgpuId);
  }

  /** A process beside the domains keeps a slice open until `letGo`. */
  keep(vgpuId: VgpuId, holder: Holder): void {
    this.#keepers.set(vgpuId, holder);
  }

  letGo(vgpuId: VgpuId): void {
    this.#keepers.delete(vgpuId);
    this.onChange();
  }

  domain(id: DomainId): Domain | undefined {
    return this.#domains.get(id);
  }

  get domains(): Domain[] {
    return [...this.#domains.values()];
  }

  get vgpuIds(): VgpuId[] {
    return this.gpus.flatMap((gpu) => gpu.vgpuIds);
  }

  /** What somebody else does with virsh: puts a domain there, as it is given. */
  put(domain: Domain): void {
    this.#domains.set(domain.id, domain);
    this.onChange();
  }

  /** The guest changes its state by itself. */
  become(id: DomainId, state: DomainState): void {
    const domain = this.#domains.get(id);
    if (domain) this.#set(domain, state);
  }

  /** Somebody else undefines a domain that is off. */
  forget(id: DomainId): void {
    this.#domains.delete(id);
    this.onChange();
  }

  /** Guests are off, mdevs are gone, definitions stay. */
  reboot(): void {
    this.bootId = `${this.bootId}+`;
    for (const gpu of this.gpus) {
      for (const id of gpu.vgpuIds) gpu.unmake(id);
      gpu.driver = "i915";
      gpu.functions = [];
      gpu.profiles = [];
    }
    for (const domain of this.#domains.values()) this.#set(domain, "shut-off");
  }

  /** The next such call is refused, and nothing of it done; `times` of them in a row. */
  refuse(call: HostCall, error: AgentError, times = 1): void {
    let left = times;
    this.before = (asked) => {
      if (asked !== call || left === 0) return Promise.resolve();
      left -= 1;
      return Promise.reject(error);
    };
  }

  #set(domain: Domain, state: DomainState): void {
    this.#domains.set(domain.id, { ...domain, state });
    this.onChange();
  }

  #libvirt(call: HostCall, act: () => void): Promise<void> {
    return this.#do(call, () => {
      if (this.libvirtAway !== undefined) throw new AgentError("LIBVIRT_UNAVAILABLE", this.libvirtAway);
      act();
    });
  }

  async #do<T>(call: HostCall, act: () => T): Promise<T> {
    await this.before(call);
    const result = act();
    await this.after(call);
    return result;
  }
}

function refused(message: string): AgentError {
  return new AgentError("LIBVIRT_REFUSED", message);
}

/** What libvirt itself takes from a definition: domain-xml.ts leaves these to libvirt's own answer. */
function nameAndId(xml: string): { id: DomainId; name: string } {
  const domain = parseXml(xml);
  const [id, name] = [parseDomainId(textOf(childOf(domain, "uuid"))), textOf(childOf(domain, "name"))];
  if (!id || name === "") throw refused("XML error: no name or UUID");
  return { id, name };
}
