// A reload while the agent runs: all of the new configuration or none of it, told to the log, the metrics and systemd.
import { ConfigError } from "../config/problem.ts";
import { systemClock as clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { Messenger } from "../host/systemd/messages.ts";
import type { AgentOptions } from "./agent-options.ts";

export interface ReloadParts {
  readonly options: AgentOptions;
  /** Reads again what has its own files; tells what is wrong with them itself. */
  readonly andThen: () => Promise<void>;
  /** Undefined while systemd is not to be told. */
  readonly messenger: () => Messenger | undefined;
  readonly statusOf: () => string;
  /** Told of each end of a reload. */
  readonly onEnd: (outcome: { readonly ok: boolean; readonly at: number }) => void;
}

/** From now on reloads when asked, one after the other: what is asked during a reload makes one more. */
export function reloadWhenAsked(parts: ReloadParts): void {
  let last: Promise<void> = Promise.resolve();
  parts.options.onReloadAsked(() => {
    last = last.then(() => reload(parts));
  });
}

async function reload({ options, andThen, messenger, statusOf, onEnd }: ReloadParts): Promise<void> {
  const { configuration, log } = options;
  const told = messenger();
  // systemd takes the time to tell this reload from an earlier one (sd_notify(3)).
  told?.send({ RELOADING: "1", MONOTONIC_USEC: String(process.hrtime.bigint() / 1000n) });
  try {
    await configuration.reload();
    log.level = configuration.live.log.level;
    const { needRestart } = configuration;
    if (needRestart.length > 0)
      log.warn({ keys: needRestart }, "configuration reloaded; these keys change with the next restart");
    else log.info("configuration reloaded");
    onEnd({ ok: true, at: clock.wall() });
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : [{ where: "", what: messageOf(error) }];
    for (const { where, what } of problems) log.error({ where, why: what }, "configuration is wrong");
    log.error({ problems: problems.length }, "configuration not reloaded; the one before still holds");
    onEnd({ ok: false, at: clock.wall() });
  }
  await andThen();
  told?.send({ READY: "1", STATUS: statusOf() });
}
