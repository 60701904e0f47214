// The simulated kernel behind hostd's own protocol: the agent cannot tell it from the real process.
import path from "node:path";
import type { DeviceModelLogs } from "./device-model-logs.ts";
import { parsePciAddress, parseVgpuId } from "../core/ids.ts";
import { Jobs, type RunningJob } from "../hostd/protocol/jobs.ts";
import type { CreateMdev, Operation, Request, Result, XenGuest } from "../hostd/protocol/messages.ts";
import { engineTicks } from "./engine-ticks.ts";
import type { FaultBoard } from "./faults/board.ts";
import type { FunctionCalls } from "./function-calls.ts";
import { FunctionFace } from "./function-face.ts";
import { FIRST_RENDER_MINOR, gpuDirectory } from "./gpu-tree.ts";
import type { KernelCalls } from "./kernel-calls.ts";
import type { SimulatedKernel } from "./kernel.ts";
import { outlives } from "./one-boot.ts";
import { setFunctionProfile } from "./profile-face.ts";
import { renderProcesses, type RenderingDomain } from "./render-processes.ts";
import type { LibvirtGuest } from "./xen-guests.ts";
import type { VgtCalls } from "./xengt/calls.ts";
import { VgtFace } from "./xengt/face.ts";

/** Children exist in name only. Numbers above any kernel's pid_max cannot be mistaken for a real process. */
const FIRST_CHILD_PID = 5_000_000;

/** As hostd tells it. */
const PERF_TROUBLE = {
  yes: undefined,
  no: { because: "no-perf", said: "spawn /usr/bin/perf ENOENT" },
  "not-permitted": {
    because: "no-permission",
    said: "Access to performance monitoring and observability operations is limited.",
  },
} as const;

export interface HostdFaceOptions {
  readonly kernel: SimulatedKernel;
  readonly calls: KernelCalls;
  readonly functionCalls: FunctionCalls;
  readonly vgtCalls: VgtCalls;
  readonly deviceModelLogs: DeviceModelLogs;
  readonly faults: FaultBoard;
  /** Domains of libvirt's that run on Xen. */
  readonly libvirtGuests: () => readonly LibvirtGuest[];
  /** Domains of libvirt's that run and render on the host. */
  readonly renderingDomains: () => readonly RenderingDomain[];
  /** Where the tree is, for paths in answers. */
  readonly root: string;
}

export class HostdFace {
  readonly #options: HostdFaceOptions;
  readonly #functions: FunctionFace;
  readonly #vgt: VgtFace;
  #jobs: Jobs;
  #children = 0;

  constructor(options: HostdFaceOptions) {
    this.#options = options;
    this.#functions = new FunctionFace(options);
    this.#vgt = new VgtFace({ ...options, guests: () => this.#domids() });
    this.#jobs = this.#newJobs();
  }

  async perform(request: Request): Promise<Result> {
    const { faults, kernel } = this.#options;
    if (!(await outlives(kernel, faults.hold("HOSTD_HANGS"))))
      return { kind: "failed", why: "the host has booted" };
    return await this.#jobs.perform(request);
  }

  /** The host boots: what hung is gone. */
  reboot(): void {
    this.#jobs = this.#newJobs();
  }

  #newJobs(): Jobs {
    return new Jobs((operation) => this.#start(operation));
  }

  #start(operation: Operation): RunningJob {
    this.#children += 1;
    // Its looks never hang.
    const giveUp = (): void => undefined;
    return { pid: FIRST_CHILD_PID + this.#children, result: this.#run(operation), giveUp };
  }

  async #run(operation: Operation): Promise<Result> {
    switch (operation.kind) {
      case "create-mdev":
        return await this.#create(operation);
      case "remove-mdev":
        return await this.#remove(operation.vgpuId);
      case "holders": {
        const mdev = this.#find(operation.vgpuId);
        if (mdev === undefined) return { kind: "absent" };
        return { kind: "holders", holders: mdev.holder === undefined ? [] : [mdev.holder] };
      }
      case "bind-driver":
        return await this.#functions.bind(operation);
      case "set-virtual-functions":
        return await this.#functions.setVirtual(operation);
      case "set-function-profile":
        return setFunctionProfile(this.#options.kernel, this.#options.root, operation);
      case "function-holders":
        return this.#functions.holders(operation.device);
      case "xen-domains":
        return this.#xenDomains();
      case "make-vgt-instance":
        return await this.#vgt.make(operation);
      case "remove-vgt-instance":
        return await this.#vgt.remove(operation);
      case "vgt-resources":
        return this.#vgt.resources();
      case "vgt-utilization":
        return this.#vgt.utilization();
      case "device-model-log":
        return this.#vgt.log(operation);
      case "render-clients":
        return this.#renderClients(operation.gpu);
      case "engine-ticks":
        return this.#engineTicks(operation.gpu);
    }
  }

  /** Of another host hostd finds neither the file nor the device. */
  #xenDomains(): Result {
    const { root } = this.#options;
    const domains = this.#guests();
    if (domains !== undefined) return { kind: "xen-domains", domains };
    return { kind: "errno", errno: "ENOENT", call: "open", path: path.join(root, "dev/xen/xenbus") };
  }

  #guests(): readonly XenGuest[] | undefined {
    const { kernel, libvirtGuests } = this.#options;
    return kernel.host.hypervisor === "xen" ? kernel.xen.withThoseOf(libvirtGuests()) : undefined;
  }

  #domids(): ReadonlySet<number> | undefined {
    const guests = this.#guests();
    return guests && new Set(guests.map(({ domid }) => domid));
  }

  #renderClients(gpu: string): Result {
    const { kernel, renderingDomains } = this.#options;
    const index = kernel.host.gpus.findIndex(({ address }) => address === gpu);
    const address = kernel.host.gpus[index]?.address;
    const found = address && kernel.functions.get(address);
    if (address === undefined || found === undefined) return { kind: "absent" };
    const processes = renderProcesses(
      { address, driver: found.driver, minor: FIRST_RENDER_MINOR + index, ...kernel.traits },
      renderingDomains(),
    );
    return { kind: "render-clients", processes, left: 0 };
  }

  #engineTicks(gpu: string): Result {
    const { kernel, renderingDomains } = this.#options;
    const address = parsePciAddress(gpu);
    const own = address && kernel.functions.get(address);
    if (address === undefined || own?.driver !== "xe" || !kernel.traits.countsFunctionTicks)
      return { kind: "absent" };
    const virtual = kernel.functions.virtualOf(address);
    const trouble = virtual.length > 0 ? PERF_TROUBLE[kernel.host.perf] : undefined;
    if (trouble !== undefined) return { kind: "uncounted", ...trouble };
    return { kind: "engine-ticks", ticks: engineTicks(virtual, renderingDomains()), left: 0 };
  }

  async #create({ gpu, type, vgpuId }: CreateMdev): Promise<Result> {
    const { calls, root } = this.#options;
    const address = parsePciAddress(gpu);
    const id = parseVgpuId(vgpuId);
    if (address === undefined || id === undefined)
      return { kind: "refused", why: `${gpu} is no PCI address, or ${vgpuId} no UUID` };
    const errno = await calls.create(address, type, id);
    if (errno === undefined) return { kind: "done" };
    const file = path.join(root, gpuDirectory(address), "mdev_supported_types", type, "create");
    return { kind: "errno", errno, call: errno === "ENOENT" ? "open" : "write", path: file };
  }

  async #remove(vgpuId: string): Promise<Result> {
    const mdev = this.#find(vgpuId);
    if (mdev === undefined) return { kind: "absent" };
    if (mdev.holder !== undefined) return { kind: "held", holders: [mdev.holder] };
    const removal = await this.#options.calls.remove(mdev.id);
    if (typeof removal === "object") {
      const file = path.join(this.#options.root, gpuDirectory(mdev.gpu), mdev.id, "remove");
      return { kind: "errno", errno: removal.errno, call: "write", path: file };
    }
    return removal === "absent" ? { kind: "absent" } : { kind: "done" };
  }

  #find(vgpuId: string): ReturnType<SimulatedKernel["mdevs"]["get"]> {
    const id = parseVgpuId(vgpuId);
    return id === undefined ? undefined : this.#options.kernel.mdevs.get(id);
  }
}
