// A host on which an agent is let die again and again, beside what somebody else made, and what is looked at after each time.
import { isDeepStrictEqual } from "node:util";
import { ClaimState } from "../../../../proto/gen/vgpud/v1/claim.ts";
import { CLAIM_MARK_NAMESPACE } from "../../../../agent/core/claim-mark.ts";
import { DomainState } from "../../../../proto/gen/vgpud/v1/domain.ts";
import { asSomebodyElse } from "../somebody-else.ts";
import { until } from "../until.ts";
import { present } from "../agent-calls.ts";
import type { ClaimRecord, Truth } from "../world.ts";
import { Asking, claimOf } from "./asking.ts";
import { Book } from "./book.ts";
import { clear } from "./clear.ts";
import { LAST_WORDS, type Death } from "./death.ts";
import { flawsOf, holdsRoom, repeated, type Flaw } from "./flaws.ts";
import type { Ground } from "./ground.ts";

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
  /** Asked when its turn has come: whether nothing is to be learned from it any more. */
  readonly isMoot?: () => boolean;
}

/** What is shown of a claim's domain once the host is where the ledger is: what is shown of the claim is the host's, not the ledger's. */
const shownOf: Readonly<Record<string, readonly [ClaimState, DomainState] | undefined>> = {
  active: [ClaimState.ACTIVE, DomainState.RUNNING],
  stopped: [ClaimState.STOPPED, DomainState.SHUT_OFF],
};
const NEVER: Death = { point: "any", passing: Number.MAX_SAFE_INTEGER };
/** What an agent that did not come to the end appointed for it was killed at. */
export const IDLE = "idle";

export interface Run {
  /** Where the agent ended, each time; nowhere when the plot was moot. */
  readonly deaths: readonly string[];
  readonly flaws: readonly Flaw[];
}

/** The states that claims which have not ended rest in, each with the goals that it may have then. */
const rests: Readonly<Record<string, readonly string[]>> = {
  active: ["running", "present"],
  stopped: ["stopped"],
  reserved: ["reserved"],
};
/** Somebody else's vGPUs, the first of them with a domain. */
export const FOREIGN_SLICE = "6c9c1f1e-aaaa-4000-8000-000000000001";
export const OTHER_FOREIGN_SLICE = "6c9c1f1e-aaaa-4000-8000-000000000002";
const FOREIGN_DOMAIN = "6c9c1f1e-bbbb-4000-8000-000000000001";

export class Stage implements AsyncDisposable {
  readonly world: Ground;
  ask: Asking;
  #book = new Book();
  #foreign: Pick<Truth, "mdevs" | "domains">;
  #names = 0;
  #requests = 0;

  private constructor(world: Ground, foreign: Pick<Truth, "mdevs" | "domains">) {
    this.world = world;
    this.#foreign = foreign;
    this.ask = this.#asking();
  }

  /** On an empty host whose agent waits to be armed. The world is the stage's from now on. */
  static async on(world: Ground): Promise<Stage> {
    await makeForeignSlices(world);
    await world.defineForeign({ name: "foreign", uuid: FOREIGN_DOMAIN, mdev: FOREIGN_SLICE });
    await asSomebodyElse(world.libvirtSocket, async (libvirt) => {
      await libvirt.startDomain(present(await libvirt.lookupDomainByUuid(FOREIGN_DOMAIN)));
    });
    return new Stage(world, await world.truth());
  }

  async play(plot: Plot): Promise<Run> {
    this.#book = new Book();
    this.ask = this.#asking();
    const { world } = this;
    await plot.prepare?.(this);
    await world.agent.arm(plot.death);
    await plot.act(this);
    const deaths = [await this.#end()];
    await world.clearFaults();
    deaths.push(...(await this.#rise(plot.secondDeath)));
    const flaws = [...(await this.#look()), ...(await repeated(this.#book)), ...(await this.#look())];
    await this.#rest();
    await clear(world);
    return { deaths, flaws };
  }

  /** A name that nothing has had. */
  newName(): string {
    this.#names += 1;
    return `desk-${this.#names}`;
  }

  /** The whole host boots. What somebody else had on it is made again by him. */
  async reboot(death: Death): Promise<void> {
    const { world } = this;
    await world.kill();
    await world.boot();
    await makeForeignSlices(world);
    const { mdevs, domains } = await world.truth();
    this.#foreign = {
      mdevs,
      domains: domains.filter(({ uuid }) => uuid === FOREIGN_DOMAIN),
    };
    await this.#startArmed(death);
  }

  /** Resolves when a claim has ended by itself, or the agent has. */
  async over(name: string): Promise<void> {
    const { world } = this;
    await until(
      `${name} is over`,
      async () => {
        const claim = (await world.records()).find(({ claimId }) => claimId === claimOf(name));
        return world.agent.over || claim === undefined || claim.state === "gone";
      },
      world.patienceMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }

  #asking(): Asking {
    return new Asking(this.world, this.#book, () => {
      this.#requests += 1;
      return `0d9d6d3e-1111-4000-8000-${String(this.#requests).padStart(12, "0")}`;
    });
  }

  async #end(): Promise<string> {
    const { agent } = this.world;
    if (!agent.over) await agent.end("SIGKILL");
    return LAST_WORDS.exec((await agent.ended).stderr)?.[1] ?? IDLE;
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
    const atRest = async (): Promise<readonly ClaimRecord[] | false> => {
      // One that ended on its way leaves its claims as they are.
      if (world.agent.over) throw new Error("the agent has ended");
      const claims = (await world.records()).filter(({ state }) => state !== "gone");
      const written = claims.every(
        ({ state, goal, expiresAt = Infinity }) =>
          rests[state]?.includes(goal) === true && Date.now() < expiresAt,
      );
      return written && (await this.#isReal(claims)) && claims;
    };
    return await until("every claim rests", atRest, world.patienceMs);
  }

  /** Whether the host is where the claims are: after a boot the ledger is right before. */
  async #isReal(claims: readonly ClaimRecord[]): Promise<boolean> {
    const { world } = this;
    const domains = (await world.domains()).filter(({ claimId }) => claimId !== "");
    const ours = new Map(
      claims.flatMap((claim) => (claim.kind === "domain" ? [[claim.claimId, claim]] : [])),
    );
    if (domains.length !== ours.size) return false;
    const real = domains.every(({ claimId, claimState, state }) =>
      isDeepStrictEqual(shownOf[ours.get(claimId)?.state ?? ""], [claimState, state]),
    );
    if (!real) return false;
    const there = (await world.vgpus()).filter(({ present: shown }) => shown).map(({ vgpuId }) => vgpuId);
    if (!claims.every(({ kind, vgpuId }) => kind !== "vgpu" || there.includes(vgpuId))) return false;
    // A start that failed is over before its slice is given back: that comes when libvirt has answered.
    if (claims.some((claim) => !holdsRoom(claim) && there.includes(claim.vgpuId))) return false;
    // A mark is all that an adoption leaves in libvirt: it is there with its claim, and not otherwise.
    return (
      (await isMarked(world, FOREIGN_DOMAIN)) === claims.some(({ domain }) => domain?.id === FOREIGN_DOMAIN)
    );
  }

  async #look(): Promise<Flaw[]> {
    const { world } = this;
    const claims = await this.#rest();
    const { drained, drainNote } = await world.shownHost();
    const [gpu] = await world.gpus();
    const drains = {
      host: `${drained} ${drainNote}`,
      GPU: `${present(gpu).drained} ${present(gpu).drainNote}`,
    };
    const { apertureMib } = world;
    const standing = { truth: await world.truth(), claims, drains, foreign: this.#foreign, apertureMib };
    return flawsOf(standing, this.#book);
  }
}

async function isMarked(world: Ground, domain: string): Promise<boolean> {
  return await asSomebodyElse(world.libvirtSocket, async (libvirt) => {
    const found = present(await libvirt.lookupDomainByUuid(domain));
    return (await libvirt.metadata(found, CLAIM_MARK_NAMESPACE)) !== undefined;
  });
}

async function makeForeignSlices(world: Ground): Promise<void> {
  for (const uuid of [FOREIGN_SLICE, OTHER_FOREIGN_SLICE]) await world.makeForeignSlice(uuid);
}
