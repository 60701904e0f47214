// top on a terminal: drawn again at each look, key and change of size, until somebody quits.
import { untilAborted } from "../../core/until-aborted.ts";
import { CliError } from "../errors/cli-error.ts";
import type { Environment, Screen } from "../environment.ts";
import type { Paint } from "../view/paint.ts";
import { cutLine } from "../terminal/redraw.ts";
import { patient } from "../terminal/watch.ts";
import { screenFrame, type Choice, type Seen } from "./frame.ts";
import { pressed } from "./keys.ts";

export interface FullScreen {
  readonly look: () => Promise<Seen>;
  readonly choice: Choice;
  readonly intervalMs: number;
  readonly paint: Paint;
  readonly screen: Screen;
  readonly environment: Environment;
}

// Control sequences of ECMA-48.
const HOME = "\u001b[H";
const ERASE_TO_END_OF_LINE = "\u001b[K";

/**
 * Ends when `q` is pressed, whatever vgpud does meanwhile.
 * @throws CliError when the first look fails, one fails for good, or the run is interrupted
 */
export async function fullScreen(options: FullScreen): Promise<void> {
  const { screen, environment, paint, intervalMs } = options;
  let { choice } = options;
  let notice = "";
  const lookAgain = patient(
    options.look,
    (line) => {
      notice = line;
    },
    intervalMs,
  );
  let seen = await lookAgain();
  const quit = new AbortController();
  const stop = AbortSignal.any([environment.signal, quit.signal]);
  const draw = (): void => {
    const { rows, columns } = screen.size();
    if (seen === undefined) return;
    const lines = screenFrame(seen, choice, { rows, paint, notice });
    environment.write(
      HOME + lines.map((line) => `${cutLine(line, columns)}${ERASE_TO_END_OF_LINE}`).join("\r\n"),
    );
  };
  const onKey = (key: string): void => {
    const next = pressed(key, choice, seen?.rows.length ?? 0);
    if (next === "quit") quit.abort();
    else if (next !== undefined) {
      choice = next;
      draw();
    }
  };
  const held = [screen.takeOver(), screen.onResize(draw), environment.keys?.(onKey)];
  try {
    for (;;) {
      draw();
      await environment.clock.sleep(intervalMs, stop);
      const before = notice;
      const next = await untilAborted(lookAgain(), stop);
      // What was said while vgpud was away has been read when the next look succeeds.
      if (next !== undefined && notice === before) notice = "";
      seen = next ?? seen;
    }
  } catch (error) {
    if (!stop.aborted) throw error;
    if (environment.signal.aborted) throw new CliError("interrupted", "interrupted", { cause: error });
  } finally {
    for (const one of held.reverse()) one?.[Symbol.dispose]();
  }
}
