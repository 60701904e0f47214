// A host on which an agent is let die again and again, beside what somebody else made, and what is looked at after each time.
import { ClaimState, OnStop } from "../../../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../../../proto/gen/vgpud/v1/domain.ts";
import { GPU, type } from "../requests.ts";
import { asSomebodyElse } from "../somebody-else.ts";
import { until } from "../until.ts";
import { present, World, type ClaimRecord, type Truth } from "../world.ts";
import { Book, type Outcome, type Question } from "./book.ts";
import { LAST_WORDS, type Death } from "./death.ts";
import { flawsOf, repeated, type Flaw } from "./flaws.ts";

/** One life of the agent and what comes after it. */
export interface Plot {
  /** What is to stand before; all of it is acknowledged. */
  readonly prepare?: (stage: Stage) => Promise<unknown>;
  /** Where the agent ends. When it has not by the end of `act`, it is killed there. */
  readonly death: Death;
  /** What is asked of it; resolves when all is answered or cut off. */
  readonly act: (stage: Stage) => Promise<unknown>;
  /** Where it ends a second time, once it is started again; it may not come there. */
  readonly secondDeath?: Death | undefined;
}

const states: ReadonlyMap<ClaimState, DomainState> = new Map([
  [ClaimState.ACTIVE, DomainState.RUNNING],
  [ClaimState.STOPPED, DomainState.SHUT_OFF],
]);
const NEVER: Death = { point: "any", passing: Number.MAX_SAFE_INTEGER };
/** What an agent that did not come to the end appointed for it was killed at. */
export const IDLE = "idle";

export interface Run {
  /** Where the agent ended, each time. */
  readonly deaths: readonly string[];
  readonly flaws: readonly Flaw[];
}

export interface CreateOptions {
  readonly size?: 1 | 2 | 4 | 8;
  readonly onStop?: OnStop;
  readonly autostart?: boolean;
}

const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };
/** The states that claims which have not ended rest in, each with the goal that it has then. */
const rests: Readonly<Record<string, string>> = { active: "running", stopped: "stopped" };
/** Tombstones that are not worth the time to read them any longer. */
const MANY_TOMBSTONES = 100;
const [FOREIGN_SLICE, OTHER_FOREIGN_SLICE, FOREIGN_DOMAIN] = [
  "6c9c1f1e-aaaa-4000-8000-000000000001",
  "6c9c1f1e-aaaa-4000-8000-000000000002",
  "6c9c1f1e-bbbb-4000-8000-000000000001",
] as const;

export class Stage implements AsyncDisposable {
  readonly world: World;
  #book = new Book();
  #foreign: Pick<Truth, "mdevs" | "domains">;
  #names = 0;
  #requests = 0;

  private constructor(world: World, foreign: Pick<Truth, "mdevs" | "domains">) {
    this.world = world;
    this.#foreign = foreign;
  }

  static async open(): Promise<Stage> {
    const world = await World.start("", { mortal: "when armed" });
    await makeForeign(world, [FOREIGN_SLICE, OTHER_FOREIGN_SLICE]);
    await world.defineForeign({ name: "foreign", uuid: FOREIGN_DOMAIN, mdev: FOREIGN_SLICE });
    await asSomebodyElse(world.host.libvirtSocket, async (libvirt) => {
      await libvirt.startDomain(present(await libvirt.lookupDomainByUuid(FOREIGN_DOMAIN)));
    });
    return new Stage(world, await world.truth());
  }

  async play(plot: Plot): Promise<Run> {
    this.#book = new Book();
    const { world } = this;
    await plot.prepare?.(this);
    await world.agent.arm(plot.death);
    await plot.act(this);
    const deaths = [await this.#end()];
    await world.clearFaults();
    deaths.push(...(await this.#rise(plot.secondDeath)));
    const flaws = [...(await this.#look()), ...(await repeated(this.#book)), ...(await this.#look())];
    await this.#clear();
    return { deaths, flaws };
  }

  /** A name that no domain has had. */
  newName(): string {
    this.#names += 1;
    return `desk-${this.#names}`;
  }

  async create(name: string, { size = 8, onStop, autostart }: CreateOptions = {}): Promise<Outcome> {
    const { request, spec, vgpu } = this.world.draft(name);
    request.requestId = this.#newRequestId();
    vgpu.want = { $case: "type", value: type(size) };
    if (onStop !== undefined) spec.onStop = onStop;
    if (autostart !== undefined) spec.autostart = autostart;
    return await this.#ask({ kind: "create", name, ask: () => this.world.createAs(request) });
  }

  async start(name: string): Promise<Outcome> {
    const requestId = this.#newRequestId();
    return await this.#ask({ kind: "start", name, ask: () => this.world.start(name, requestId) });
  }

  /** The guest is asked first, unless `atOnce`. */
  async stop(name: string, atOnce = false): Promise<Outcome> {
    const how = { requestId: this.#newRequestId(), ...(atOnce ? AT_ONCE : {}) };
    return await this.#ask({ kind: "stop", name, ask: () => this.world.stop(name, how) });
  }

  async destroy(name: string, atOnce = true): Promise<Outcome> {
    const how = { requestId: this.#newRequestId(), ...(atOnce ? AT_ONCE : {}) };
    return await this.#ask({ kind: "destroy", name, ask: () => this.world.destroy(name, how) });
  }

  /** The whole host boots. What somebody else had on it is made again by him. */
  async reboot(death: Death): Promise<void> {
    const { world } = this;
    await world.kill();
    await world.host.control({ command: "reboot" });
    await makeForeign(world, [FOREIGN_SLICE, OTHER_FOREIGN_SLICE]);
    const { mdevs, domains } = await world.truth();
    this.#foreign = {
      mdevs,
      domains: domains.filter(({ uuid }) => uuid === FOREIGN_DOMAIN),
    };
    await this.#startArmed(death);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }

  async #ask(question: Question): Promise<Outcome> {
    return await this.#book.ask(question);
  }

  #newRequestId(): string {
    this.#requests += 1;
    return `0d9d6d3e-1111-4000-8000-${String(this.#requests).padStart(12, "0")}`;
  }

  async #end(): Promise<string> {
    const { agent } = this.world;
    if (!agent.over) await agent.end("SIGKILL");
    return LAST_WORDS.exec(agent.log)?.[1] ?? IDLE;
  }

  /** Starts the agent until it lives. Where else it ended meanwhile. */
  async #rise(death: Death | undefined): Promise<string[]> {
    const where: string[] = [];
    if (death !== undefined) {
      await this.#startArmed(death);
      // It may have come to rest before that passing.
      await this.world.agent.arm(NEVER);
      if (!this.world.agent.over) return [];
      where.push(await this.#end());
    }
    await this.#startArmed("when armed");
    return where;
  }

  /** Resolves when every claim rests, or the agent has ended where it was to. */
  async #startArmed(mortal: Death | "when armed"): Promise<void> {
    const { world } = this;
    try {
      await world.startAgain([], { mortal });
      await this.#rest();
    } catch (error) {
      // Whatever failed then failed because the agent is no more.
      if (mortal === "when armed" || !LAST_WORDS.test((await world.agent.ended).stderr)) throw error;
    }
  }

  /** The claims that have not ended, once all of them rest. */
  async #rest(): Promise<readonly ClaimRecord[]> {
    const { world } = this;
    return await until("every claim rests", async () => {
      const claims = (await world.records()).filter(({ state }) => state !== "gone");
      const shown = (await world.domains()).filter(({ claimId }) => claimId !== "");
      const written = claims.every(({ state, goal }) => rests[state] === goal);
      // After a boot the ledger is right before the host is.
      const real = shown.every(({ claimState, state }) => states.get(claimState) === state);
      return shown.length === claims.length && written && real && claims;
    });
  }

  async #look(): Promise<Flaw[]> {
    const claims = await this.#rest();
    return flawsOf({ truth: await this.world.truth(), claims, foreign: this.#foreign }, this.#book);
  }

  async #clear(): Promise<void> {
    const { world } = this;
    const claims = await this.#rest();
    await Promise.all(claims.map(({ domain }) => world.destroy(present(domain).name, AT_ONCE)));
    if ((await world.claimFiles()).length > MANY_TOMBSTONES) await world.forgetTombstones();
  }
}

async function makeForeign(world: World, uuids: readonly string[]): Promise<void> {
  for (const uuid of uuids)
    await world.host.control({ command: "create-mdev", gpu: GPU, type: type(8), uuid });
}
