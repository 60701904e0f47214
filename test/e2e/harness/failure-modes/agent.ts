// What vgpud's own troubles do to a caller: its end in all forms, a second one, too many calls, clocks that jump.
import { GPU } from "../requests.ts";
import { AgentProcess } from "../agent-process.ts";
import { sabotaged } from "../sabotage.ts";
import { until } from "../until.ts";
import { NEW, type Mode, type Modes, type Scene } from "./mode.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const IMPATIENT_MS = 1_000;

/** The create waits for libvirt and the destroy for the kernel, for as long as the fault lasts. */
async function holdCalls({ world }: Scene): Promise<void> {
  await world.setFaults(
    { kind: "DOMAIN_STARTS_LATE", object: NEW, delay_ms: HOUR_MS, times: 2 },
    { kind: "REMOVE_BLOCKS", gpu: GPU, times: 2 },
  );
}

async function startAgain({ world }: Scene): Promise<void> {
  await world.clearFaults();
  await world.startAgain();
}

/** Ends while a create and a destroy are under way, and is started again. */
const ends = (end: (scene: Scene) => Promise<unknown>, rest: Partial<Mode> = {}): Mode => ({
  come: holdCalls,
  amid: async (scene, answered) => {
    await until("the kernel is asked", () => scene.world.hasStruck("REMOVE_BLOCKS"));
    await until("libvirt is asked", () => scene.world.hasStruck("DOMAIN_STARTS_LATE"));
    await answered("elsewhere");
    await end(scene);
  },
  go: startAgain,
  over: "it is started again",
  isAway: true,
  ...rest,
});

const jumps = (ms: number): Mode => ({
  come: async ({ world }) => {
    world.agent.signal("SIGUSR2");
    await world.agent.logged(/sabotaged/);
  },
  over: "stays so",
  own: { process: sabotaged({ jumpMs: ms }) },
});

export const ofTheAgent: Modes = {
  "is killed with calls under way (SIGKILL)": ends(({ world }) => world.kill()),
  "has a fault of its own with calls under way": ends(
    async ({ world }) => {
      world.agent.signal("SIGUSR2");
      return await world.agent.ended;
    },
    { own: { process: sabotaged("throws") } },
  ),
  "is told to end with calls under way (SIGTERM)": ends(({ world }) => world.agent.end("SIGTERM")),
  "stands still (SIGSTOP), and its watchdog ends it": {
    come: ({ world }) => {
      world.agent.signal("SIGSTOP");
      return Promise.resolve();
    },
    deadlineMs: IMPATIENT_MS,
    go: async (scene) => {
      await scene.world.kill();
      await startAgain(scene);
    },
    isAway: true,
    over: "it is started again",
  },
  "has a second vgpud beside it on its state directory": {
    come: async ({ world }) => {
      await using second = new AgentProcess([...world.words, "--socket", `${world.socket}.second`]);
      const { code } = await second.ended;
      return `the second ends with exit code ${String(code)}`;
    },
    over: "stays so",
  },
  "has as many changes under way as it serves": {
    come: async ({ world }) => {
      await world.setFaults({ kind: "DOMAIN_STARTS_LATE", object: "slow", delay_ms: HOUR_MS, times: 2 });
      void world.create("slow").catch(() => undefined);
      await until("one is under way", () => world.hasStruck("DOMAIN_STARTS_LATE"));
    },
    go: async ({ world }) => {
      await world.clearFaults();
      const gracePeriod = { seconds: 0n, nanos: 0 };
      await until("it is done", () => world.destroy("slow", { gracePeriod }).catch(() => undefined));
    },
    own: { limits: "{ changes: 1, connection_changes: 1 }" },
    over: "fewer are under way",
  },
  "sees the clock jump a day ahead": jumps(DAY_MS),
  "sees the clock jump a day back": jumps(-DAY_MS),
};
