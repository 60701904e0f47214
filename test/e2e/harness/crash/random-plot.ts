// Operations at random, side by side, and an end anywhere in them and perhaps another soon after.
import { OnStop } from "../../../../proto/gen/vgpud/v1/claim.ts";
import type { CreateOptions } from "./asking.ts";
import { NO_LUCK, roomOf } from "./operations.ts";
import { FOREIGN_SLICE, OTHER_FOREIGN_SLICE, type Plot, type Stage } from "./stage.ts";

/** What is done with one name, beside all others. */
interface Strand {
  /** What is to be there before. */
  readonly before?: (stage: Stage, name: string) => Promise<unknown>;
  readonly act: (stage: Stage, name: string) => Promise<unknown>;
}

/** Numbers from 0 to below `n`. */
type Below = (n: number) => number;

const SIZES = [8, 8, 4, 4, 2, 1] as const;
/** A strand passes about so many points. */
const POINTS_EACH = 12;

export function randomPlot(seed: number): Plot {
  const below = randoms(seed);
  const maybe = (percent: number): boolean => below(100) < percent;
  const times = (count: number, make: (below: Below) => Strand): Strand[] =>
    Array.from({ length: count }, () => make(below));
  const strands = [
    ...times(below(4), standingDomain),
    ...times(1 + below(2), newDomain),
    ...times(maybe(40) ? 1 : 0, room),
    ...times(maybe(40) ? 1 : 0, loneVgpu),
    ...times(maybe(25) ? 1 : 0, adoption),
    ...times(maybe(20) ? 1 : 0, drain),
  ];
  const fails = maybe(20);
  let names: readonly string[] = [];
  return {
    death: { point: "any", passing: 1 + below(POINTS_EACH * strands.length) },
    secondDeath: maybe(35) ? { point: "any", passing: 1 + below(POINTS_EACH) } : undefined,
    prepare: async (stage) => {
      names = strands.map(() => stage.newName());
      for (const [index, { before }] of strands.entries()) await before?.(stage, names[index] ?? "");
    },
    act: async (stage) => {
      if (fails) await stage.world.setFaults({ ...NO_LUCK, times: 1 });
      await Promise.all(strands.map(({ act }, index) => act(stage, names[index] ?? "")));
    },
  };
}

function options(below: Below): CreateOptions {
  return {
    size: SIZES[below(SIZES.length)] ?? 8,
    onStop: below(100) < 40 ? OnStop.RELEASE : OnStop.HOLD,
  };
}

function oneOf<T>(below: Below, choices: readonly [T, ...T[]]): T {
  return choices[below(choices.length)] ?? choices[0];
}

function standingDomain(below: Below): Strand {
  const made = options(below);
  const stopped = below(100) < 30;
  const atOnce = below(2) === 0;
  const fate = oneOf<Strand["act"]>(below, [
    ({ ask }, name) => ask.destroy(name, atOnce),
    ({ ask }, name) => ask.start(name),
    ({ ask }, name) => ask.stop(name, atOnce),
    () => Promise.resolve(),
  ]);
  return {
    before: async ({ ask }, name) => {
      await ask.create(name, made);
      if (stopped) await ask.stop(name, true);
    },
    act: fate,
  };
}

function newDomain(below: Below): Strand {
  const made = options(below);
  const regretted = below(100) < 20;
  return {
    act: async ({ ask }, name) => {
      const create = ask.create(name, made);
      await (regretted ? Promise.all([create, ask.destroy(name)]) : create);
    },
  };
}

/** Held, then made use of or not. */
function room(below: Below): Strand {
  const held = below(4) !== 0;
  const fate = oneOf<Strand["act"]>(below, [
    ({ ask }, name) => ask.create(name, { room: roomOf(name) }),
    ({ ask }, name) => ask.createVgpu(name, { room: roomOf(name) }),
    ({ ask }, name) => ask.renew(roomOf(name)),
    ({ ask }, name) => ask.release(roomOf(name)),
  ]);
  return {
    before: async ({ ask }, name) => held && (await ask.reserve(roomOf(name))),
    act: async (stage, name) => {
      if (!held) await stage.ask.reserve(roomOf(name));
      await fate(stage, name);
    },
  };
}

function loneVgpu(below: Below): Strand {
  const { size = 8 } = options(below);
  return oneOf<Strand>(below, [
    { act: ({ ask }, name) => ask.createVgpu(name, { size }) },
    {
      before: ({ ask }, name) => ask.createVgpu(name, { size }),
      act: ({ ask }, name) => ask.deleteVgpu(name),
    },
  ]);
}

function adoption(below: Below): Strand {
  const withDomain = below(2) === 0;
  const slice = withDomain ? FOREIGN_SLICE : OTHER_FOREIGN_SLICE;
  const adopt: Strand["act"] = ({ ask }, name) => ask.adopt(name, slice, { withDomain });
  return oneOf<Strand>(below, [{ act: adopt }, { before: adopt, act: ({ ask }, name) => ask.giveUp(name) }]);
}

function drain(below: Below): Strand {
  const what = below(2) === 0 ? "host" : "GPU";
  const ends = below(2) === 0;
  return {
    act: async ({ ask }) => {
      await ask.drain(what);
      if (ends) await ask.drain(what, false);
    },
  };
}

/** The same for the same seed (mulberry32). */
function randoms(seed: number): Below {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * n);
  };
}
