// `vgpud --simulate` as a scheduler's developer has it: everything that is done to it goes through its API.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { sendControl, type ControlMessage } from "../../../agent/simulator/control-client.ts";
import {
  type CreateDomainResponse,
  DestroyDomainRequest,
  DomainServiceService as Domains,
  StartDomainRequest,
  StopDomainRequest,
  type StopDomainResponse,
} from "../../../proto/gen/vgpud/v1/domain_service.ts";
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { Gpu } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { GpuServiceService as Gpus } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import {
  Fault,
  type GetSimulationResponse,
  LoadHostRequest,
  SimulatorServiceService as Simulator,
} from "../../../proto/gen/vgpud/v1/simulator_service.ts";
import type { Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import { VgpuServiceService as Vgpus } from "../../../proto/gen/vgpud/v1/vgpu_service.ts";
import { AgentProcess } from "./agent-process.ts";
import { draft, type Draft } from "./requests.ts";
import { Rpc } from "./rpc.ts";
import { until } from "./until.ts";

const CONTROL_PATIENCE_MS = 30_000;
const snapshotSchema = z.object({ domains: z.array(z.object({ name: z.string(), state: z.string() })) });
const AT_ONCE = { seconds: 0n, nanos: 0 };
const ALL = { pageSize: 1000, pageToken: "", withUsage: false };

export type FaultFields = Parameters<typeof Fault.fromPartial>[0];

export class SimulatedAgent implements AsyncDisposable {
  readonly rpc: Rpc;
  readonly readSocket: string;
  readonly libvirtSocket: string;
  readonly ueventSocket: string;
  readonly #controlSocket: string;
  readonly #agent: AgentProcess;
  readonly #images: string;
  #created = 0;

  private constructor(agent: AgentProcess, socket: string, images: string) {
    this.#agent = agent;
    this.#images = images;
    this.rpc = new Rpc(socket);
    this.readSocket = socket.replace(/\.sock$/, "-read.sock");
    this.libvirtSocket = path.join(path.dirname(socket), "libvirt-sock");
    this.ueventSocket = path.join(path.dirname(socket), "uevents.sock");
    this.#controlSocket = path.join(path.dirname(socket), "control.sock");
  }

  /** `host` is a file or the name of a machine. Resolves when the agent has seen libvirt, too. */
  static async start(...host: readonly string[]): Promise<SimulatedAgent> {
    const agent = new AgentProcess(["--simulate", ...host]);
    const images = await agent.said("images");
    await writeFile(path.join(images, "disk.img"), "");
    const simulated = new SimulatedAgent(agent, await agent.said("socket"), images);
    await simulated.sawLibvirt();
    return simulated;
  }

  async sawLibvirt(): Promise<void> {
    await until("libvirt is seen", async () => {
      const { incomplete } = await this.rpc.call(Domains.listDomains, ALL);
      return incomplete === undefined;
    });
  }

  /** Each under a claim id of its own, so that a name may come again. */
  async create(
    name: string,
    change: (draft: Draft) => void = () => undefined,
  ): Promise<CreateDomainResponse> {
    this.#created += 1;
    const made = draft(this.#images, name);
    made.request.claimId = `claim-${this.#created}`;
    change(made);
    return await this.rpc.call(Domains.createDomain, made.request);
  }

  async startDomain(name: string): Promise<void> {
    await this.rpc.call(Domains.startDomain, StartDomainRequest.fromPartial(by(name)));
  }

  /** Forces it off when it does not go by itself in time; by default at once. */
  async stop(name: string, gracePeriod = AT_ONCE): Promise<StopDomainResponse> {
    return await this.rpc.call(
      Domains.stopDomain,
      StopDomainRequest.fromPartial({ ...by(name), gracePeriod }),
    );
  }

  async destroy(name: string): Promise<Domain | undefined> {
    const request = DestroyDomainRequest.fromPartial({ ...by(name), gracePeriod: AT_ONCE });
    return (await this.rpc.call(Domains.destroyDomain, request)).domain;
  }

  async domains(): Promise<readonly Domain[]> {
    return (await this.rpc.call(Domains.listDomains, ALL)).domains;
  }

  async vgpus(): Promise<readonly Vgpu[]> {
    return (await this.rpc.call(Vgpus.listVgpus, ALL)).vgpus;
  }

  async gpus(): Promise<readonly Gpu[]> {
    return (await this.rpc.call(Gpus.listGpus, ALL)).gpus;
  }

  async simulation(): Promise<GetSimulationResponse> {
    return await this.rpc.call(Simulator.getSimulation, {});
  }

  /** Lets time pass on the simulated host at once. */
  async advance(ms: number): Promise<void> {
    await this.#control({ command: "advance", ms });
  }

  /** Somebody changes the host, and does not tell the agent. */
  async behindItsBack(message: ControlMessage): Promise<void> {
    await this.#control(message);
  }

  async scrape(): Promise<string> {
    return await (await fetch(await this.#agent.said("metrics"))).text();
  }

  /** What the simulated libvirt has, whatever the agent has seen of it: each domain's state by its name. */
  async trueStates(): Promise<Readonly<Record<string, string>>> {
    const { domains } = snapshotSchema.parse(await this.#control({ command: "snapshot" }));
    return Object.fromEntries(domains.map(({ name, state }) => [name, state]));
  }

  async setFault(fault: FaultFields): Promise<Fault | undefined> {
    return (await this.rpc.call(Simulator.setFault, { fault: Fault.fromPartial(fault) })).fault;
  }

  async clearFaults(...names: string[]): Promise<readonly Fault[]> {
    return (await this.rpc.call(Simulator.clearFaults, { names })).faults;
  }

  /** Without YAML the same host boots again. */
  async loadHost(hostYaml = "", keepFaults = false): Promise<void> {
    await this.rpc.call(Simulator.loadHost, LoadHostRequest.fromPartial({ hostYaml, keepFaults }));
  }

  async #control(message: ControlMessage): Promise<unknown> {
    return await sendControl(this.#controlSocket, message, AbortSignal.timeout(CONTROL_PATIENCE_MS));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.rpc[Symbol.dispose]();
    // Its simulator and its folder go with it, if it has the time.
    await this.#agent.end("SIGTERM");
  }
}

function by(name: string): { readonly domain: { readonly ref: { $case: "name"; value: string } } } {
  return { domain: { ref: { $case: "name", value: name } } };
}
