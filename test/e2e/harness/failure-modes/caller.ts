// Who makes the calls of the matrix and looks at what came of them, in the words that are recorded.
import type { SeenCall } from "../../../../scripts/failure-modes-page.ts";
import {
  type CreateDomainResponse,
  DestroyDomainRequest,
  type DestroyDomainResponse,
  DomainServiceService as Domains,
} from "../../../../proto/gen/vgpud/v1/domain_service.ts";
import type { Domain } from "../../../../proto/gen/vgpud/v1/domain.ts";
import { GPU, SECOND_GPU, type } from "../requests.ts";
import { Rpc, RpcError } from "../rpc.ts";
import { present, type World } from "../world.ts";
import { NEW, STANDING, type CallName } from "./mode.ts";

/** Stands before, and is destroyed. */
const DOOMED = "doomed";
/** Is created on the second GPU. */
const OTHER = "other";

/** The domain that each call is about. */
const domainOf: Readonly<Record<CallName, string>> = { create: NEW, destroy: DOOMED, elsewhere: OTHER };
export const CALLS = Object.keys(domainOf) as CallName[];

/** What a call came to; its claim is looked at later. */
type Answer = Omit<SeenCall, "claim">;

/** A call under way, on a connection of its own. */
export interface StartedCall {
  readonly answer: Promise<Answer>;
  readonly isAnswered: () => boolean;
}

type Options = Parameters<Rpc["call"]>[2];

export class Caller {
  readonly #world: World;
  readonly #series: string;

  /** `series` makes its claim ids its own. */
  constructor(world: World, series: string) {
    this.#world = world;
    this.#series = series;
  }

  /** The domains that are there before. */
  async prepare(): Promise<void> {
    for (const name of [STANDING, DOOMED]) await this.#create(name, this.#world.rpc);
  }

  /** `deadlineMs`: without it there is more time than any call takes. */
  start(name: CallName, deadlineMs?: number): StartedCall {
    const rpc = new Rpc(this.#world.socket);
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    let isAnswered = false;
    const answer = answerOf(this.#make(name, rpc, options)).finally(() => {
      isAnswered = true;
      rpc[Symbol.dispose]();
    });
    // Awaited when its turn has come.
    answer.catch(() => undefined);
    return { answer, isAnswered: () => isAnswered };
  }

  /** The state of the call's claim. */
  async claim(name: CallName): Promise<string> {
    try {
      return claimText(await this.#claimed(domainOf[name]));
    } catch (error) {
      if (error instanceof RpcError && error.code === "NOT_FOUND") return "none";
      throw error;
    }
  }

  /** The state of the claim that stands, and that of its domain. */
  async standing(): Promise<string> {
    const domain = await this.#claimed(STANDING);
    const state = domain.state.replace("DOMAIN_STATE_", "").replace("_", " ").toLowerCase();
    return `${claimText(domain)}, ${state}`;
  }

  async destroyAll(): Promise<void> {
    for (const name of [STANDING, ...Object.values(domainOf)])
      await this.#destroy(name, this.#world.rpc).catch((error: unknown) => {
        if (!(error instanceof RpcError) || error.code !== "NOT_FOUND") throw error;
      });
  }

  #make(name: CallName, rpc: Rpc, options: Options): Promise<CreateDomainResponse | DestroyDomainResponse> {
    return name === "destroy"
      ? this.#destroy(domainOf[name], rpc, options)
      : this.#create(domainOf[name], rpc, options);
  }

  /** The domains that stand before have a vGPU of the smallest type, so that one that goes is no room for a larger one. */
  #create(name: string, rpc: Rpc, options?: Options): Promise<CreateDomainResponse> {
    const { request, vgpu } = this.#world.draft(name);
    request.claimId = this.#claimId(name);
    vgpu.want = { $case: "type", value: type(name === NEW || name === OTHER ? 4 : 8) };
    vgpu.gpu = name === OTHER ? SECOND_GPU : GPU;
    return rpc.call(Domains.createDomain, request, options);
  }

  #destroy(name: string, rpc: Rpc, options?: Options): Promise<DestroyDomainResponse> {
    const domain = { ref: { $case: "claimId", value: this.#claimId(name) } } as const;
    const gracePeriod = { seconds: 0n, nanos: 0 };
    return rpc.call(
      Domains.destroyDomain,
      DestroyDomainRequest.fromPartial({ domain, gracePeriod }),
      options,
    );
  }

  #claimed(name: string): Promise<Domain> {
    return this.#world.domain({ $case: "claimId", value: this.#claimId(name) });
  }

  #claimId(name: string): string {
    return `claim-${name}-${this.#series}`;
  }
}

async function answerOf(call: Promise<{ readonly domain?: Domain | undefined }>): Promise<Answer> {
  try {
    const domain = present((await call).domain);
    const holders = [...new Set(domain.holders.map(({ command }) => command))];
    return { answer: claimText(domain), ...(holders.length > 0 ? { holders } : {}) };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const { code, reason, retrySeconds } = error;
    const answer = reason === undefined ? code : `${code} ${reason}`;
    return { answer, ...(retrySeconds === undefined ? {} : { retrySeconds }) };
  }
}

function claimText({ claimState, failure }: Domain): string {
  const state = claimState.replace("CLAIM_STATE_", "");
  return failure ? `${state} ${failure.reason}` : state;
}
