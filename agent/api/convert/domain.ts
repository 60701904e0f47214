// Domains as the contract shows them.
import * as pb from "../../../proto/gen/vgpud/v1/domain.ts";
import type { AgentError } from "../../core/errors.ts";
import { isAlive, type DomainState, type Inventory } from "../../inventory/model.ts";
import type { DomainClaim } from "../../lifecycle/claim.ts";
import type { DomainView } from "../../lifecycle/views.ts";
import type { DomainFigures } from "../../observation/domain-stats.ts";
import type { DomainGpuUse } from "../../observation/gpu-use.ts";
import { toWireConsole } from "./console.ts";
import { toWireSpec } from "./domain-spec.ts";
import { toWireDuration } from "./duration.ts";
import { operationName, toWireClaimState, toWireFailure, toWireOnStop, toWireOwnership } from "./claim.ts";

const states = {
  "no-state": pb.DomainState.NO_STATE,
  running: pb.DomainState.RUNNING,
  blocked: pb.DomainState.BLOCKED,
  paused: pb.DomainState.PAUSED,
  "shutting-down": pb.DomainState.SHUTTING_DOWN,
  "shut-off": pb.DomainState.SHUT_OFF,
  crashed: pb.DomainState.CRASHED,
  suspended: pb.DomainState.SUSPENDED,
  exists: pb.DomainState.UNKNOWN,
} as const satisfies Record<DomainState, pb.DomainState>;

/** What a running domain uses, by a reading of that time (milliseconds since the epoch), and of GPUs by one of its own. */
export function toWireUsage(
  { cpuSeconds, memory }: DomainFigures,
  { at, gpus }: { readonly at: number; readonly gpus: readonly DomainGpuUse[] },
): pb.DomainUsage {
  return {
    cpuTime: cpuSeconds === undefined ? undefined : toWireDuration(Math.floor(cpuSeconds * 1e9)),
    memoryMib: toMib(memory.current),
    residentMib: toMib(memory.resident),
    sampleTime: new Date(at),
    gpus: gpus.map(toWireGpuUsage),
  };
}

function toWireGpuUsage({ gpu, engineSeconds, residentBytes, at }: DomainGpuUse): pb.GpuUsage {
  return {
    gpu,
    engines: [...engineSeconds].map(([engine, seconds]) => ({
      engine,
      busyTime: toWireDuration(Math.floor(seconds * 1e9)),
    })),
    memory: [...residentBytes].map(([region, bytes]) => ({ region, residentBytes: BigInt(bytes) })),
    sampleTime: new Date(at),
  };
}

function toMib(bytes: number | undefined): bigint | undefined {
  return bytes === undefined ? undefined : BigInt(Math.floor(bytes / 2 ** 20));
}

export interface DomainContext {
  readonly inventory: Inventory;
  /** What holds the claim's operation up. */
  readonly stalledBy: AgentError | undefined;
  /** Whether what it was made from is told, too; it may be long. */
  readonly withSpec: boolean;
}

export function toWireDomain(view: DomainView, { inventory, stalledBy, withSpec }: DomainContext): pb.Domain {
  const { claim, ended, domain } = view;
  const promised = claim && claim.state !== "gone" ? [claim.vgpuId] : [];
  return pb.Domain.fromPartial({
    uuid: view.id,
    name: view.name,
    state: domain ? states[domain.state] : pb.DomainState.UNKNOWN,
    ownership: toWireOwnership(view.ownership),
    claimId: (claim ?? ended)?.claimId ?? "",
    claimState: toWireClaimState(claim ?? ended),
    vgpuIds: [...new Set([...view.vgpuIds, ...promised])],
    vcpus: domain?.vcpus ?? claim?.domain.spec?.vcpus,
    memoryMib: domain?.memoryMib ?? claim?.domain.spec?.memoryMib,
    onStop: toWireOnStop(claim),
    failure: toWireFailure(claim?.failure, stalledBy),
    stillHolds: claim ? stillHolds(claim, view, inventory) : [],
    holders: stalledBy?.holders.map(({ pid, command }) => ({ pid, command })) ?? [],
    createTime: claim && new Date(claim.createdAt),
    updateTime: claim && new Date(claim.updatedAt),
    operation: operationName(claim),
    persistent: domain?.persistent,
    xenDomid: domain?.domid,
    consoles: domain && isAlive(domain.state) ? domain.consoles.map(toWireConsole) : [],
    spec: withSpec && claim?.domain.spec ? toWireSpec(claim.domain.spec) : undefined,
    labels: claim?.domain.labels ?? {},
    autostart: claim?.domain.autostart,
  });
}

function stillHolds({ state, vgpuId }: DomainClaim, { domain }: DomainView, { vgpus }: Inventory): string[] {
  if (state !== "failed" && state !== "deleting") return [];
  return [
    ...(vgpus.has(vgpuId) ? [`vgpu ${vgpuId}`] : []),
    ...(domain ? [`definition of domain ${domain.name}`] : []),
  ];
}
