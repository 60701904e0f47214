// What the commands of `schedule` talk to: Placement and the vgpuds of hosts, as the schedule file says.
import type { PlacementSettings } from "../../placement/connect.ts";
import { parseDurationMs } from "../../core/duration.ts";
import { targetFlags, wordsOf } from "../client/target.ts";
import type { Vgpud } from "../client/vgpud.ts";
import type { Environment } from "../environment.ts";
import { usageError, type CliError } from "../errors/cli-error.ts";
import type { Arguments } from "../line/arguments.ts";
import { timeoutOf } from "../line/global-flags.ts";
import { shellLine } from "../line/shell-line.ts";
import { limitsOf, type AgentUse } from "./agent-use.ts";
import { ofHost } from "./host-failure.ts";
import { readFile } from "./placed-file.ts";
import type { SchedulePlacement } from "./placement-port.ts";
import { readScheduleFile, type ScheduleSettings } from "./schedule-file.ts";
import { LOOK } from "./silent-hosts.ts";
import { targetOf } from "./targets.ts";
import { requireTls } from "./tls.ts";
import { fileWords, SCHEDULE_FILE } from "./words.ts";

export interface Opened extends Disposable {
  readonly settings: ScheduleSettings;
  /** How the schedule file is called in messages. */
  readonly file: string;
  readonly api: SchedulePlacement;
  /** Of which the file has an address of its own. */
  readonly namedHosts: readonly string[];
  /** Opens nothing yet. Throws a CliError for a host of which the file says no address. */
  readonly agentOf: (host: string, kind: "read" | "change", how?: AgentUse) => Vgpud;
  /** The same for a look at one of many: where the user does not say how long, one that hangs keeps nobody waiting for the others. */
  readonly lookAt: (host: string, kind: "read") => Vgpud;
  /** What a host that was asked failed with, as it is told: by its name, with what leads on for that host. */
  readonly saidBy: (host: string, error: CliError) => CliError;
  /** A command line of `vgpuctl schedule` with the same file. */
  readonly line: (...words: readonly string[]) => string;
  /** One of vgpuctl for the vgpud of that host alone. Throws as agentOf. */
  readonly lineTo: (host: string, ...words: readonly string[]) => string;
}

/** What a host that is asked does. */
const AN_ANSWER = "a host's answer";

interface Patience {
  /** Time that was asked for, as a grace period. */
  readonly extraMs?: number;
  /** What may take longer than a --timeout, in words, where that is more than a host's answer. */
  readonly work?: Readonly<Partial<Record<"read" | "change", string>>>;
}

/** @throws CliError for files that cannot be used. Opens no connection yet. */
export async function opened(
  args: Arguments,
  environment: Environment,
  { extraMs = 0, work = {} }: Patience = {},
): Promise<Opened> {
  const named = targetFlags.find((flag) => args.has(flag));
  if (named !== undefined)
    throw usageError(`--${named} is not for schedule: its file says how each host is reached`);
  const patienceFor = (kind: "read" | "change") => ({
    ...timeoutOf(args, kind, extraMs),
    work: work[kind] ?? AN_ANSWER,
  });
  const patience = { read: patienceFor("read"), change: patienceFor("change") };
  const file = args.text("schedule-file") ?? SCHEDULE_FILE;
  const settings = await readScheduleFile(file, environment);
  await requireTls(settings.agents, file);
  const placement = await environment.placement(await placementSettings(settings, environment));
  const agentOf: Opened["agentOf"] = (host, kind, how = {}) => {
    const { onSend = () => undefined } = how;
    const target = targetOf(host, settings.agents, file);
    const { signal, connect } = environment;
    return connect({ target, ...limitsOf(how, patience[kind]), signal, onSend });
  };
  const lookAt: Opened["lookAt"] = (host, kind) => agentOf(host, kind, args.has("timeout") ? {} : LOOK);
  const saidBy: Opened["saidBy"] = (host, error) => {
    // The file says no address of it, so that nobody was asked.
    if (error.inFile) return error;
    const target = targetOf(host, settings.agents, file);
    return ofHost(error, { host, file, target });
  };
  const line = (...words: readonly string[]): string =>
    shellLine(["vgpuctl", "schedule", ...words, ...fileWords(args)]);
  const lineTo: Opened["lineTo"] = (host, ...words) =>
    shellLine(["vgpuctl", ...wordsOf(targetOf(host, settings.agents, file)), ...words]);
  return {
    ...{ settings, file, api: placement.api, namedHosts: Object.keys(settings.agents.addresses) },
    ...{ agentOf, lookAt, saidBy, line, lineTo, [Symbol.dispose]: placement.close },
  };
}

async function placementSettings(
  { placement }: ScheduleSettings,
  environment: Environment,
): Promise<PlacementSettings> {
  const { endpoint, ca_file: caFile, timeout, keystone } = placement;
  return {
    endpoint: endpoint === undefined ? undefined : new URL(endpoint),
    timeoutMs: parseDurationMs(timeout) ?? 0,
    ca: caFile === undefined ? undefined : await readFile(caFile, environment),
    keystone: keystone && {
      authUrl: new URL(keystone.auth_url),
      credentialId: keystone.credential_id,
      secret: async () => (await environment.readText(keystone.secret_file)).trim(),
      region: keystone.region,
      interface: keystone.interface,
    },
  };
}
