#!/usr/bin/env node
// Where a scheduler's client of vgpud starts: what is free, a dry run, a domain made and destroyed, and every way to be
// refused told apart. docs/clients/README.md says how to run it and why it does what it does.
import { status } from "@grpc/grpc-js";
import { parseArgs } from "node:util";
import { ClaimState } from "../../../proto/gen/vgpud/v1/claim.ts";
import {
  CreateDomainRequest,
  DestroyDomainRequest,
  DomainServiceService as Domains,
} from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { DiskFormat } from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import type { ResourceAmounts } from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { PlacementDecision } from "../../../proto/gen/vgpud/v1/placement.ts";
import { Host, nextStep, Refused } from "./host.ts";

const USAGE = `usage: scheduler [options] room
       scheduler [options] check CLAIM_ID NAME TYPE DISK
       scheduler [options] create CLAIM_ID NAME TYPE DISK
       scheduler [options] destroy CLAIM_ID
  --socket PATH        default /run/vgpud/vgpud.sock
  --deadline SECONDS   of one try of a change, default 30
  --patience SECONDS   after which no try begins any more, default 60
  --vcpus N            default 2
  --memory-mib N       default 1024`;
const GRACE_SECONDS = 10n;

function amounts({ lowGmMib, highGmMib, fences, instances }: ResourceAmounts): string {
  return `${lowGmMib} MiB low, ${highGmMib} MiB high, ${fences} fences, ${instances} instances free`;
}

async function showRoom(host: Host): Promise<void> {
  for await (const { pciAddress, budget, types } of host.allGpus()) {
    console.log(`gpu ${pciAddress}: ${budget?.free ? amounts(budget.free) : "no vGPUs"}`);
    for (const { name, allocatable } of types) console.log(`  ${name}: ${allocatable} more`);
  }
}

function showCandidates({ candidates }: PlacementDecision): void {
  for (const { gpu, chosen, reason, message, free } of candidates) {
    const why = chosen ? "taken" : reason || message;
    console.log(`  ${gpu} ${why}${free ? `: ${amounts(free)}` : ""}`);
  }
}

function showDecision(decision: PlacementDecision): void {
  console.log(`vgpu ${decision.type} on ${decision.gpu}: ${decision.message}`);
  showCandidates(decision);
  for (const warning of decision.warnings) console.log(`  warning: ${warning}`);
}

function showRefusal(refused: Refused): void {
  console.log(`refused ${status[refused.code]} ${refused.reason}`.trimEnd());
  console.log(`  ${refused.message}`);
  for (const [key, value] of Object.entries(refused.metadata).sort()) console.log(`  ${key}=${value}`);
  for (const { field, description } of refused.fields) console.log(`  field ${field}: ${description}`);
  if (refused.decision) showCandidates(refused.decision);
  console.log(`next: ${nextStep(refused)}`);
}

interface Wanted {
  readonly claimId: string;
  readonly name: string;
  readonly type: string;
  /** A raw image below a storage root. */
  readonly disk: string;
  readonly vcpus: number;
  readonly memoryMib: number;
}

async function create(host: Host, wanted: Wanted, validateOnly: boolean): Promise<void> {
  const { claimId, name, type, disk, vcpus, memoryMib } = wanted;
  const request = CreateDomainRequest.fromPartial({
    claimId,
    validateOnly,
    domain: { name, vcpus, memoryMib, disks: [{ path: disk, format: DiskFormat.RAW }] },
    vgpu: { want: { $case: "type", value: type } },
  });
  const answer = await host.change(Domains.createDomain, request, claimId);
  if (answer.decision) showDecision(answer.decision);
  if (answer.domain) console.log(`domain ${answer.domain.uuid} ${answer.domain.name} by ${answer.operation}`);
}

async function destroy(host: Host, { claimId }: Wanted): Promise<void> {
  const request = DestroyDomainRequest.fromPartial({
    domain: { ref: { $case: "claimId", value: claimId } },
    gracePeriod: { seconds: GRACE_SECONDS },
    allowMissing: true,
  });
  const answer = await host.change(Domains.destroyDomain, request, claimId);
  if (!answer.domain) console.log("there is none");
  else if (answer.domain.claimState === ClaimState.GONE) console.log("gone");
  // The operation goes on by itself; the room is free once it has ended.
  else console.log(`still deleting, ${answer.operation}: ${answer.domain.failure?.message ?? ""}`);
}

interface Command {
  /** How many words stand behind it. */
  readonly operands: number;
  readonly run: (host: Host, wanted: Wanted) => Promise<void>;
}

const commands: ReadonlyMap<string, Command> = new Map([
  ["room", { operands: 0, run: showRoom }],
  ["check", { operands: 4, run: (host: Host, wanted: Wanted) => create(host, wanted, true) }],
  ["create", { operands: 4, run: (host: Host, wanted: Wanted) => create(host, wanted, false) }],
  ["destroy", { operands: 1, run: destroy }],
]);

/** What was asked for on the command line; undefined when that cannot be told, after saying so. */
function wordsOf(argv: readonly string[]) {
  const text = (value: string) => ({ type: "string", default: value }) as const;
  const options = {
    socket: text("/run/vgpud/vgpud.sock"),
    deadline: text("30"),
    patience: text("60"),
    vcpus: text("2"),
    "memory-mib": text("1024"),
  };
  try {
    const { values, positionals } = parseArgs({ args: [...argv], allowPositionals: true, options });
    const number = (key: Exclude<keyof typeof options, "socket">): number => {
      if (!/^\d+(\.\d+)?$/.test(values[key])) throw new Error(`--${key} takes a number`);
      return Number(values[key]);
    };
    const limits = { deadline: number("deadline"), patience: number("patience") };
    const size = { vcpus: number("vcpus"), memoryMib: number("memory-mib") };
    const [word = "", ...operands] = positionals;
    const command = commands.get(word);
    if (!command) throw new Error(`there is no command '${word}'`);
    if (operands.length !== command.operands)
      throw new Error(`${word} takes ${command.operands} words, not ${operands.length}`);
    const [claimId = "", name = "", type = "", disk = ""] = operands;
    return { socket: values.socket, command, limits, wanted: { claimId, name, type, disk, ...size } };
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return undefined;
  }
}

/** Resolves with the exit code: 0 done, 1 refused, 2 wrong words. */
async function run(argv: readonly string[]): Promise<number> {
  const words = wordsOf(argv);
  if (!words) {
    console.error(USAGE);
    return 2;
  }
  using host = new Host(words.socket, words.limits);
  try {
    await words.command.run(host, words.wanted);
    return 0;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    showRefusal(error);
    return 1;
  }
}

process.exitCode = await run(process.argv.slice(2));
