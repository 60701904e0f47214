// Tells a person what a change that takes long is doing, on one line that is gone at the end.
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { Clock } from "../../core/clock.ts";
import { printable } from "../view/paint.ts";
import { failureText, holderText, word } from "../view/words.ts";

/** What is over sooner needs no telling. */
const PAUSE_MS = 1_000;

export interface Progress {
  /** The command and what it is about, as `stop web-1`. */
  readonly what: string;
  /** The domain as it is now. */
  readonly look: () => Promise<Domain | undefined>;
  /** Shows one line; the empty one clears it. */
  readonly show: (line: string) => void;
  readonly clock: Clock;
}

/** The value of `work`, which is told about until it has ended. */
export async function withProgress<Value>(work: Promise<Value>, progress: Progress): Promise<Value> {
  const ended = new AbortController();
  const telling = tell(progress, ended.signal);
  try {
    return await work;
  } finally {
    ended.abort();
    await telling;
  }
}

async function tell({ what, look, show, clock }: Progress, ended: AbortSignal): Promise<void> {
  const begun = clock.now();
  const over = new Promise<undefined>((resolve) => {
    ended.addEventListener("abort", () => {
      resolve(undefined);
    });
  });
  let told = false;
  while (await passed(clock.sleep(PAUSE_MS, ended))) {
    // What cannot be seen now is left out; the change itself tells what is wrong.
    const domain = await Promise.race([look().catch(() => undefined), over]);
    if (ended.aborted) break;
    show(progressLine(what, clock.now() - begun, domain));
    told = true;
  }
  if (told) show("");
}

function passed(time: Promise<void>): Promise<boolean> {
  return time.then(
    () => true,
    () => false,
  );
}

/** `destroy web-1, 12s: claim deleting, domain shut-off; the vGPU is open [VGPU_IN_USE], held by pid 4711 (qemu)` */
export function progressLine(what: string, elapsedMs: number, domain: Domain | undefined): string {
  const head = `${what}, ${Math.round(elapsedMs / 1000)}s`;
  if (domain === undefined) return printable(head);
  const claim = word(domain.claimState, "CLAIM_STATE");
  const state = word(domain.state, "DOMAIN_STATE");
  const states = [
    ...(claim === undefined ? [] : [`claim ${claim}`]),
    ...(state === undefined || state === "unknown" ? [] : [`domain ${state}`]),
  ].join(", ");
  const why = failureText(domain.failure);
  const holders = domain.holders.map(holderText).join(", ");
  const held = holders === "" ? "" : `, held by ${holders}`;
  return printable(`${head}: ${[states, ...(why === undefined ? [] : [`${why}${held}`])].join("; ")}`);
}
