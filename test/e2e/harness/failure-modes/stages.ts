// Plays failure modes side by side: those that need nothing special one after the other on a few hosts, the others on their own.
import type { FailureMode } from "../../../../scripts/failure-modes-page.ts";
import { GPU, SECOND_GPU } from "../requests.ts";
import { World } from "../world.ts";
import type { Mode } from "./mode.ts";
import { observe } from "./observe.ts";

/** Many modes spend their time waiting. */
const LANES = 6;
const TWO_GPUS = `
gpus:
  - { address: "${GPU}", aperture_mib: 1024 }
  - { address: "${SECOND_GPU}", aperture_mib: 1024, boot_vga: false }
`;

interface Turn {
  readonly mode: Mode;
  readonly resolve: (seen: FailureMode) => void;
  readonly reject: (error: unknown) => void;
}

export class Stages implements AsyncDisposable {
  readonly #turns: Turn[] = [];
  readonly #lanes: Promise<void>[] = [];

  /** In the order in which they are given, each as soon as a lane is free. Resolves with what was seen. */
  play(mode: Mode): Promise<FailureMode> {
    const played = new Promise<FailureMode>((resolve, reject) => this.#turns.push({ mode, resolve, reject }));
    // Each is awaited by its own test, in its time.
    played.catch(() => undefined);
    if (this.#lanes.length < LANES) this.#lanes.push(lane(this.#turns));
    return played;
  }

  /** What has not had its turn by then is not played. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { reject } of this.#turns.splice(0)) reject(new Error("nobody waits for it any more"));
    await Promise.all(this.#lanes);
  }
}

/** Until there are no turns left. */
async function lane(turns: Turn[]): Promise<void> {
  let world: World | undefined;
  for (let turn = turns.shift(); turn; turn = turns.shift()) {
    const { mode, resolve, reject } = turn;
    try {
      if (mode.own) resolve(await onItsOwn(mode));
      else resolve(await observe(mode, { world: (world ??= await World.start(TWO_GPUS)), disk: undefined }));
    } catch (error) {
      reject(error);
      // It may have left anything behind, and its world prints its log: the next one gets another.
      if (!mode.own) world = undefined;
    }
  }
  await world?.[Symbol.asyncDispose]();
}

async function onItsOwn(mode: Mode): Promise<FailureMode> {
  const { process, limits, disk: open } = mode.own ?? {};
  await using disk = await open?.();
  const setting = { ...(disk && { stateDir: disk.at }), ...(limits === undefined ? {} : { limits }) };
  await using world = await World.start(TWO_GPUS, process, setting);
  return await observe(mode, { world, disk });
}
