// `vgpuctl top`
import type { Arguments } from "../line/arguments.ts";
import { CliError, usageError } from "../errors/cli-error.ts";
import type { Answer, LiveCommand } from "../command.ts";
import { offerWords } from "../request/create-words.ts";
import type { Environment } from "../environment.ts";
import { coloured, plain } from "../view/paint.ts";
import { BusyDomains } from "../top/busy.ts";
import { wholeFrame, type Choice } from "../top/frame.ts";
import { fullScreen } from "../top/full-screen.ts";
import { look } from "../top/look.ts";
import { orders, type Order } from "../top/rows.ts";
import { endedQuietly, intervalFlag, patient, readInterval } from "../terminal/watch.ts";
import type { Vgpud } from "../client/vgpud.ts";

const words = Object.fromEntries(Object.keys(orders).map((order) => [order, order])) as Record<Order, Order>;

export const topCommand: LiveCommand = {
  kind: "live",
  name: "top",
  summary: "GPUs and domains as they are now, on the whole screen; plain frames where stdout is no terminal",
  operands: [],
  flags: [
    {
      name: "once",
      help: "one frame, after one interval: it takes two looks to say how busy a CPU or GPU is",
    },
    { name: "frames", short: "n", value: "N", help: "this many plain frames" },
    {
      name: "sort",
      value: "BY",
      help: "domains by cpu (default), gpu, memory, name or state",
      offer: offerWords(words),
    },
    intervalFlag,
  ],
  examples: ["vgpuctl top", "vgpuctl top --sort memory --interval 5s", "vgpuctl top --once"],
  run: top,
};

async function top(args: Arguments, vgpud: Vgpud, environment: Environment): Promise<Answer> {
  args.atMostOne("once", "frames");
  const busy = new BusyDomains();
  const looking = () => look(vgpud, busy, environment.clock);
  const choice = { order: args.choice("sort", words) ?? "cpu", reversed: false, scrolled: 0 };
  const intervalMs = readInterval(args);
  const frames = args.has("once") ? 1 : args.integer("frames");
  if (frames === 0) throw usageError("--frames takes at least 1");
  const { screen, keys } = environment;
  const paint = environment.colour && !args.has("no-color") ? coloured : plain;
  const common = { look: looking, choice, intervalMs, paint, environment };
  if (frames === undefined && screen !== undefined && keys !== undefined)
    await endedQuietly(fullScreen({ ...common, screen }));
  else await endedQuietly(plainFrames({ ...common, frames }));
  return { json: {}, text: [], shown: true };
}

interface PlainFrames {
  readonly look: () => ReturnType<typeof look>;
  readonly choice: Choice;
  readonly intervalMs: number;
  /** Undefined: until it is interrupted. */
  readonly frames: number | undefined;
  readonly paint: typeof plain;
  readonly environment: Environment;
}

/** The first look is for the CPUs' figures only. A vgpud that goes away is waited for where no end was asked for. */
async function plainFrames(options: PlainFrames): Promise<void> {
  const { intervalMs, frames, paint, environment, choice } = options;
  const { clock, signal, write, note } = environment;
  const lookAgain = frames === undefined ? patient(options.look, note, intervalMs) : options.look;
  await lookAgain();
  for (let shown = 0; shown < (frames ?? Infinity);) {
    await clock.sleep(intervalMs, signal).catch(() => undefined);
    if (signal.aborted) throw new CliError("interrupted", "interrupted");
    const next = await lookAgain();
    if (next === undefined) continue;
    write(`${shown === 0 ? "" : "\n"}${wholeFrame(next, choice, paint).join("\n")}\n`);
    shown += 1;
  }
}
