// What is asked of an agent that is to end: for each point an operation that passes it, and operations at random.
import { OnStop } from "../../../../proto/gen/vgpud/v1/claim.ts";
import type { CrashPoint } from "../../../../agent/lifecycle/crash-points.ts";
import type { Death } from "./death.ts";
import type { CreateOptions, Plot, Stage } from "./stage.ts";

interface Operation {
  /** The domain that is to be there before. */
  readonly before?: (stage: Stage, name: string) => Promise<unknown>;
  readonly act: (stage: Stage, name: string, death: Death) => Promise<unknown>;
}

const NO_LUCK = { kind: "LIBVIRT_ERROR", target: "domainCreate", message: "no luck" } as const;
const RELEASES = { onStop: OnStop.RELEASE } as const;

export const operations = {
  create: { act: (stage, name) => stage.create(name, { size: 4 }) },
  "create that fails": {
    act: async (stage, name) => {
      await stage.world.setFaults(NO_LUCK);
      await stage.create(name);
    },
  },
  stop: {
    before: (stage, name) => stage.create(name),
    act: (stage, name) => stage.stop(name),
  },
  "stop that gives the slice back": {
    before: (stage, name) => stage.create(name, RELEASES),
    act: (stage, name) => stage.stop(name, true),
  },
  "start that gets a slice again": {
    before: async (stage, name) => {
      await stage.create(name, RELEASES);
      await stage.stop(name, true);
    },
    act: (stage, name) => stage.start(name),
  },
  destroy: {
    before: (stage, name) => stage.create(name),
    act: (stage, name) => stage.destroy(name),
  },
  "boot of the host": {
    before: (stage, name) => stage.create(name, { autostart: true }),
    act: (stage, _name, death) => stage.reboot(death),
  },
} as const satisfies Record<string, Operation>;
export type OperationName = keyof typeof operations;

/** What passes each point. A point without a row, as that of a new kind of step, does not compile. */
export const passedBy = {
  "request taken": "create",
  "answer ready": "create",
  "ledger write begun": "create",
  "ledger write filled": "create",
  "ledger write synced": "create",
  "ledger write renamed": "create",
  "ledger write durable": "create",
  "ledger erasure begun": "create that fails",
  "ledger erasure unlinked": "create that fails",
  "ledger erasure durable": "create that fails",
  "before create-vgpu": "create",
  "after create-vgpu": "start that gets a slice again",
  "before define-domain": "create",
  "after define-domain": "create",
  "before start-domain": "create",
  "after start-domain": "create",
  "before ask-shutdown": "stop",
  "after ask-shutdown": "stop",
  "before force-off": "destroy",
  "after force-off": "destroy",
  "before remove-vgpu": "destroy",
  "after remove-vgpu": "stop that gives the slice back",
  "before undefine-domain": "destroy",
  "after undefine-domain": "destroy",
  "before settle": "create",
  "after settle": "destroy",
  "before autostart": "boot of the host",
  "after autostart": "boot of the host",
} as const satisfies Record<CrashPoint, OperationName>;

/** One operation, and an end at one of the points that it passes. */
export function plotOf(operation: OperationName, death: Death): Plot {
  const { before, act }: Operation = operations[operation];
  let name = "";
  return {
    death,
    prepare: async (stage) => {
      name = stage.newName();
      await before?.(stage, name);
    },
    act: (stage) => act(stage, name, death),
  };
}

const SIZES = [8, 8, 4, 4, 2, 1] as const;
/** An operation passes about so many points. */
const POINTS_EACH = 18;

/** Some domains, some operations side by side, an end anywhere in them and perhaps another soon after. */
export function randomPlot(seed: number): Plot {
  const below = randoms(seed);
  const maybe = (percent: number): boolean => below(100) < percent;
  const some = (): CreateOptions => ({
    size: SIZES[below(SIZES.length)] ?? 8,
    onStop: maybe(40) ? OnStop.RELEASE : OnStop.HOLD,
  });
  const standing = Array.from({ length: below(4) }, () => ({ options: some(), stopped: maybe(30) }));
  const news = Array.from({ length: 1 + below(3) }, () => ({ options: some(), regretted: maybe(20) }));
  const fates = standing.map(() => below(4));
  const atOnce = maybe(50);
  const fails = maybe(20);
  const count = standing.length + news.length;
  let names: readonly string[] = [];
  return {
    death: { point: "any", passing: 1 + below(POINTS_EACH * count) },
    secondDeath: maybe(35) ? { point: "any", passing: 1 + below(POINTS_EACH) } : undefined,
    prepare: async (stage) => {
      names = standing.map(() => stage.newName());
      for (const [index, { options, stopped }] of standing.entries()) {
        const name = names[index] ?? "";
        await stage.create(name, options);
        if (stopped) await stage.stop(name, true);
      }
    },
    act: async (stage) => {
      if (fails) await stage.world.setFaults({ ...NO_LUCK, times: 1 });
      const changed = names.map((name, index) => {
        if (fates[index] === 0) return stage.destroy(name, atOnce);
        if (fates[index] === 1) return stage.start(name);
        return fates[index] === 2 ? stage.stop(name, atOnce) : undefined;
      });
      const created = news.map(async ({ options, regretted }) => {
        const name = stage.newName();
        const create = stage.create(name, options);
        await (regretted ? Promise.all([create, stage.destroy(name)]) : create);
      });
      await Promise.all([...changed, ...created]);
    },
  };
}

/** Numbers from 0 to below `n`, the same for the same seed (mulberry32). */
function randoms(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * n);
  };
}
