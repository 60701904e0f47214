// The table of commands. Parser, help and suggestions are made from it.
import type { Command } from "./command.ts";
import { adoptCommand, releaseVgpuCommand } from "./commands/adopt.ts";
import { completeCommand } from "./commands/complete.ts";
import { completionCommand } from "./commands/completion.ts";
import { createCommand } from "./commands/create.ts";
import { createVgpuCommand } from "./commands/create-vgpu.ts";
import { deleteVgpuCommand } from "./commands/delete-vgpu.ts";
import { destroyCommand } from "./commands/destroy.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { domainsCommand } from "./commands/domains.ts";
import { eventsCommand } from "./commands/events.ts";
import { gpusCommand } from "./commands/gpus.ts";
import { drainCommand, undrainCommand } from "./commands/drain.ts";
import { helpCommand } from "./commands/help.ts";
import { hostCommand } from "./commands/host.ts";
import { operationCommand } from "./commands/operation.ts";
import { planCommand } from "./commands/plan.ts";
import { reconcileCommand } from "./commands/reconcile.ts";
import { releaseCommand } from "./commands/release.ts";
import { renewCommand } from "./commands/renew.ts";
import { reservationsCommand } from "./commands/reservations.ts";
import { reserveCommand } from "./commands/reserve.ts";
import { scheduleCommands } from "./commands/schedule.ts";
import { setFunctionsCommand } from "./commands/set-functions.ts";
import { setModeCommand } from "./commands/set-mode.ts";
import { snippetCommand } from "./commands/snippet.ts";
import { startCommand } from "./commands/start.ts";
import { stopCommand } from "./commands/stop.ts";
import { topCommand } from "./commands/top.ts";
import { versionCommand } from "./commands/version.ts";
import { vgpusCommand } from "./commands/vgpus.ts";
import { watchCommand } from "./commands/watch.ts";

/** In the order of the help. */
export const commands: readonly Command[] = [
  hostCommand,
  doctorCommand,
  gpusCommand,
  vgpusCommand,
  domainsCommand,
  topCommand,
  watchCommand,
  eventsCommand,
  planCommand,
  createCommand,
  startCommand,
  stopCommand,
  destroyCommand,
  createVgpuCommand,
  snippetCommand,
  deleteVgpuCommand,
  reserveCommand,
  reservationsCommand,
  renewCommand,
  releaseCommand,
  ...scheduleCommands,
  adoptCommand,
  releaseVgpuCommand,
  drainCommand,
  undrainCommand,
  setModeCommand,
  setFunctionsCommand,
  reconcileCommand,
  operationCommand,
  versionCommand,
  completionCommand(() => commands),
  helpCommand(() => commands),
];

/** With those that only programs call. */
export const allCommands: readonly Command[] = [...commands, completeCommand];
