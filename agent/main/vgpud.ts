// vgpud from its command line to its exit code: starts what the agent needs beside it, and runs the agent until SIGTERM.
import type { Addresses, AgentOptions, ServiceManager } from "../compose/agent-options.ts";
import { runAgent } from "../compose.ts";
import { restoreAfterBoot } from "../compose/restore.ts";
import { loadConfig } from "../config/load.ts";
import { ConfigError } from "../config/problem.ts";
import { showConfig } from "../config/show.ts";
import { messageOf } from "../core/errors.ts";
import { openLog, type Log } from "../host/journal.ts";
import { readCommand, USAGE, UsageError, type Command } from "./command-line.ts";
import { EXIT } from "./exit-codes.ts";
import { readDescriptorSet, readPackage } from "./package-files.ts";
import { serviceManager } from "./service-manager.ts";
import { endOnFault, leaveHungReads, onReloadAsked, stopSignal } from "./signals.ts";
import { surroundings } from "./surroundings.ts";

type Observer = Pick<AgentOptions, "onPoint">;

async function run(command: Command, log: Log, manager: ServiceManager, observer: Observer): Promise<void> {
  const stop = stopSignal(log);
  await using around = await surroundings(command);
  const { configuration } = around;
  log.level = configuration.live.log.level;
  void around.companion?.endedItself.then((why) => {
    if (stop.signal.aborted) return;
    log.fatal({ why }, "what the agent runs on has ended");
    stop.abort();
    process.exitCode = EXIT.unavailable;
  });
  const { version, revision } = await readPackage();
  const options = {
    ...observer,
    config: configuration.started,
    configuration,
    onReloadAsked,
    version,
    revision,
    simulator: around.simulator,
    descriptorSet: readDescriptorSet,
    log,
    manager,
    onReady: ({ socket, readSocket, metrics, tls }: Addresses) => {
      // On a simulated host the last storage root is the folder made for it.
      const images =
        command.simulate === false ? "" : ` images=${configuration.live.storage_roots.at(-1) ?? ""}`;
      const remote = tls === undefined ? "" : ` tls=${tls}`;
      process.stdout.write(
        `ready socket=${socket} metrics=${metrics} read-socket=${readSocket}${images}${remote}\n`,
      );
    },
  };
  await runAgent(options, stop.signal);
}

async function restore(command: Command, log: Log): Promise<void> {
  const stop = stopSignal(log);
  await using around = await surroundings(command);
  const missing = await restoreAfterBoot({ config: around.configuration.started, log }, stop.signal);
  if (missing > 0) process.exitCode = EXIT.unavailable;
}

async function checkConfig({ sources }: Command): Promise<void> {
  const { files } = await loadConfig(sources);
  process.stdout.write(`ok: ${files.length > 0 ? files.join(", ") : "no files, all defaults"}\n`);
}

async function obey(words: readonly string[], observer: Observer): Promise<void> {
  const command = readCommand(words);
  if (command.action === "help") process.stdout.write(USAGE);
  else if (command.action === "version") process.stdout.write(`vgpud ${(await readPackage()).version}\n`);
  else if (command.action === "list-machines") {
    const { listMachines } = await import("../simulator/machines.ts");
    process.stdout.write(await listMachines());
  } else if (command.action === "check-config") await checkConfig(command);
  else if (command.action === "show-config")
    process.stdout.write(showConfig(await loadConfig(command.sources)));
  else {
    const log = openLog(process.env["JOURNAL_STREAM"] !== undefined);
    endOnFault(log);
    // Before anybody can reload, a SIGHUP must not end the process.
    onReloadAsked(() => undefined);
    const manager = serviceManager(log);
    await (command.action === "restore" ? restore(command, log) : run(command, log, manager, observer));
    await manager.messenger.flushed();
  }
}

function exitCodeFor(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  return error instanceof ConfigError ? EXIT.config : EXIT.unavailable;
}

/** Ends with the exit code set. An observer is told what the agent passes. */
export async function vgpud(words: readonly string[], observer: Observer = {}): Promise<void> {
  try {
    await obey(words, observer);
  } catch (error) {
    for (const line of messageOf(error).split("\n")) process.stderr.write(`vgpud: ${line}\n`);
    if (error instanceof UsageError) process.stderr.write('try "vgpud --help"\n');
    process.exitCode = exitCodeFor(error);
  }
  leaveHungReads();
}
