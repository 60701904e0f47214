// Hosts that refuse as vgpud does, behind a Placement in memory, and a create that goes from one to the next of them.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { ClaimState } from "../../../../proto/gen/vgpud/v1/claim.ts";
import {
  CreateDomainRequest,
  CreateDomainResponse,
  GetDomainResponse,
} from "../../../../proto/gen/vgpud/v1/domain_service.ts";
import { GetHostResponse } from "../../../../proto/gen/vgpud/v1/host_service.ts";
import { GetVgpuResponse } from "../../../../proto/gen/vgpud/v1/vgpu_service.ts";
import { ownLimit } from "../../../../agent/cli/client/limit.ts";
import { CliError, type FailedCall } from "../../../../agent/cli/errors/cli-error.ts";
import { limitsOf } from "../../../../agent/cli/schedule/agent-use.ts";
import { scheduleDomain, type Scheduled } from "../../../../agent/cli/schedule/candidates.ts";
import { TimeLimit } from "../../../../agent/cli/schedule/in-time.ts";
import type { Flavor } from "../../../../agent/cli/schedule/flavor.ts";
import type { Resources } from "../../../../agent/placement/model.ts";
import { MemoryPlacement } from "../../../fakes/memory-placement.ts";
import { TOTALS } from "../scheduling.ts";

export const CLAIM = "0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e";
const sizes = { lowGmMib: 128, highGmMib: 512, fences: 4 };
export const flavor: Flavor = {
  ...{ name: "m1.gvt", vcpus: 2, memoryMib: 2048 },
  vgpu: { mode: "gvt-g", asked: sizes, sizes, namesHighGm: false },
  traits: { required: [], forbidden: [] },
};

export const PATIENCE_MS = 180_000;

/** A refusal; undefined: it makes the domain. */
export type Refuses = Error | undefined;

export function refusal(code: status, reason?: string, outcomeUnknown = false): CliError {
  const details = { reason, metadata: {}, fields: [], retryMs: undefined, decision: undefined };
  const isLate = code === status.DEADLINE_EXCEEDED && reason === undefined;
  const call: FailedCall = { code, details, outcomeUnknown: outcomeUnknown || isLate };
  return new CliError("failure", `refused with ${reason ?? status[code]}`, { reason, call });
}

export class Hosts {
  readonly api = new MemoryPlacement();
  /** Those that the schedule file names, whether Placement has them or not. */
  readonly named: string[] = [];
  readonly asked: { readonly host: string; readonly request: CreateDomainRequest }[] = [];
  /** Hosts that have a domain of the claim when they are asked for it, and those that answer that with a failure. */
  readonly having = new Set<string>();
  /** How the claims of those domains stand, but for the hosts on which the claim has ended. */
  standing: ClaimState = ClaimState.ACTIVE;
  readonly ended = new Set<string>();
  readonly failing = new Map<string, CliError>();
  /** Whose requests do not get as far as being sent. */
  readonly unsent = new Set<string>();
  /** What the scheduler calls the host that answers in the place of another. */
  readonly answering = new Map<string, string>();
  /** Hosts that do not answer when they are asked who they are, and those that were asked. */
  readonly away = new Map<string, CliError>();
  readonly looked = new Set<string>();
  now = 0;
  /** How long a host was given at most for its create. */
  readonly givenMs = new Map<string, number>();
  /** The same when it was last asked whether it has a domain of the claim, and what comes before its answer. */
  readonly askedMs = new Map<string, number>();
  beforeDomain = (): void => undefined;
  readonly interrupt = new AbortController();
  readonly gpus: Readonly<Record<string, string>>;
  readonly #refuse: Readonly<Record<string, () => Refuses>>;

  /** `totals`: of hosts that have others than all the rest. */
  constructor(
    refuse: Readonly<Record<string, () => Refuses>>,
    totals: Readonly<Record<string, Resources>> = {},
  ) {
    this.#refuse = refuse;
    this.gpus = Object.fromEntries(
      Object.keys(refuse).map((host) => [host, this.api.addHost(host, totals[host] ?? TOTALS)]),
    );
  }

  /** By a call before, or by hand. */
  book(host: string, consumerType = "VGPUD"): void {
    const allocations = new Map([[this.gpus[host] ?? "", { CUSTOM_INTEL_VGPU: 1 }]]);
    this.api.claims.set(CLAIM, { allocations, projectId: "p", userId: "u", consumerType });
  }

  schedule({ again = false, traits = flavor.traits, patienceMs = PATIENCE_MS } = {}): Promise<Scheduled> {
    return scheduleDomain({
      ...{ api: this.api, claimId: CLAIM, projectId: "p", userId: "u", again },
      flavor: { ...flavor, traits },
      ...{ slicesClass: "CUSTOM_INTEL_VGPU", memberOf: [], request: CreateDomainRequest.create() },
      ...{ time: new TimeLimit(patienceMs, { now: () => this.now }), namedHosts: this.named },
      agentOf: (host, _, how = {}) => ({
        createDomain: (request) => {
          this.givenMs.set(host, limitsOf(how, ownLimit(patienceMs)).timeout.ms);
          this.asked.push({ host, request });
          if (!this.unsent.has(host)) how.onSend?.();
          const refused = this.#refuse[host]?.();
          const response = CreateDomainResponse.fromPartial({ domain: { name: "web-1" } });
          return refused === undefined ? Promise.resolve(response) : Promise.reject(refused);
        },
        getDomain: ({ domain }) => {
          this.askedMs.set(host, limitsOf(how, ownLimit(patienceMs)).timeout.ms);
          this.beforeDomain();
          assert.deepEqual(domain?.ref, { $case: "claimId", value: CLAIM });
          const claimState = this.ended.has(host) ? ClaimState.GONE : this.standing;
          if (this.having.has(host) || this.ended.has(host))
            return Promise.resolve(GetDomainResponse.fromPartial({ domain: { name: "web-1", claimState } }));
          return Promise.reject(this.failing.get(host) ?? refusal(status.NOT_FOUND, "DOMAIN_NOT_FOUND"));
        },
        getHost: () => {
          this.looked.add(host);
          const refused = this.away.get(host);
          if (refused) return Promise.reject(refused);
          return Promise.resolve(
            GetHostResponse.fromPartial({ host: { scheduler: { host: this.answering.get(host) ?? host } } }),
          );
        },
        getVgpu: () => Promise.resolve(GetVgpuResponse.fromPartial({ vgpu: { gpu: "0000:00:02.0" } })),
        close: () => undefined,
      }),
      saidBy: (_, error) => error,
      line: (...words) => `vgpuctl schedule ${words.join(" ")}`,
      lineTo: (host, ...words) => `vgpuctl --address ${host} ${words.join(" ")}`,
      ...{ signal: this.interrupt.signal, file: "s.yaml" },
    });
  }
}

export const makes = (): Refuses => undefined;
export const full = (): Refuses => refusal(status.RESOURCE_EXHAUSTED, "APERTURE_EXHAUSTED");
