// Creates and destroys without an end, beside reservations, watches, lists and scrapes, and what the agent's process takes
// meanwhile by its own metrics.
import { setTimeout as delay } from "node:timers/promises";
import {
  CreateReservationRequest,
  ReservationServiceService as Reservations,
} from "../../../proto/gen/vgpud/v1/reservation_service.ts";
import {
  CreateVgpuRequest,
  DeleteVgpuRequest,
  VgpuServiceService as Vgpus,
} from "../../../proto/gen/vgpud/v1/vgpu_service.ts";
import { type } from "./requests.ts";
import { RpcError } from "./rpc.ts";
import { StuckWatching, Watching } from "./watching.ts";
import type { World } from "./world.ts";

const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };
const WORKERS = 3;
/** Between two things that one worker does. */
const PAUSE_MS = 100;
const LOOK_MS = 500;
const SAMPLE_MS = 5_000;
/** After how long a client that does not read its watch leaves, and another one comes. */
const STUCK_MS = 20_000;
/** Items after which a client of the watch leaves and comes back. */
const STAY = 300;
const MIB = 2 ** 20;
const RESERVED = { seconds: 60n, nanos: 0 };

/** What the process takes at one time. */
export interface Sample {
  /** Since the beginning. */
  readonly seconds: number;
  readonly residentMib: number;
  readonly heapMib: number;
  readonly fds: number;
  /** Timers, sockets and the like that Node.js keeps. */
  readonly resources: number;
  readonly tombstones: number;
}

export interface Churned {
  readonly samples: readonly Sample[];
  /** What was done, how often. */
  readonly done: ReadonlyMap<string, number>;
}

/** Ends after so many seconds, when all that it made has gone again. */
export async function churn(world: World, seconds: number): Promise<Churned> {
  const began = performance.now();
  const passed = (): number => (performance.now() - began) / 1000;
  const done = new Map<string, number>();
  const count = (what: string): void => void done.set(what, (done.get(what) ?? 0) + 1);
  const repeat = async (pauseMs: number, act: (turn: number) => Promise<void>): Promise<void> => {
    for (let turn = 0; passed() < seconds; turn += 1) {
      await act(turn);
      await delay(pauseMs);
    }
  };
  using staying = new Watching(world.socket);
  using wandering = new Watching(world.socket, { stay: () => STAY });
  let stuck = new StuckWatching(world.socket);
  const samples: Sample[] = [];
  await Promise.all([
    ...Array.from({ length: WORKERS }, (_, worker) =>
      repeat(PAUSE_MS, (turn) => domainLife(world, `desk-${worker}-${turn}`, { turn, count })),
    ),
    repeat(PAUSE_MS, (turn) => roomLife(world, `room-${turn}`, { turn, count })),
    repeat(LOOK_MS, async () => {
      await Promise.all([world.domains(), world.vgpus(), world.gpus(), world.shownHost(), world.scrape()]);
      count("looks");
    }),
    repeat(STUCK_MS, () => {
      stuck[Symbol.dispose]();
      stuck = new StuckWatching(world.socket);
      count("watches not read");
      return Promise.resolve();
    }),
    repeat(SAMPLE_MS, async () => {
      samples.push(sampleOf(await world.scrape(), passed()));
      for (const { items } of [staying, wandering]) {
        done.set("watched", (done.get("watched") ?? 0) + items.length);
        items.length = 0;
      }
    }),
  ]);
  stuck[Symbol.dispose]();
  if (staying.error) throw staying.error;
  if (wandering.error) throw wandering.error;
  done.set("watches begun", wandering.streams);
  return { samples, done };
}

interface Turn {
  readonly turn: number;
  readonly count: (what: string) => void;
}

/** Every third is stopped and started in between. */
async function domainLife(world: World, name: string, { turn, count }: Turn): Promise<void> {
  const size = turn % 4 === 0 ? 4 : 8;
  if (
    !(await fits(world.create(name, ({ vgpu }) => void (vgpu.want = { $case: "type", value: type(size) }))))
  ) {
    count("refused");
    return;
  }
  count("domains created");
  if (turn % 3 === 0) {
    await world.stop(name, AT_ONCE);
    await world.start(name);
    count("stopped and started");
  }
  await world.destroy(name, AT_ONCE);
  count("domains destroyed");
}

/** Held, renewed, and then released or made into a vGPU that goes again. */
async function roomLife(world: World, claimId: string, { turn, count }: Turn): Promise<void> {
  const vgpu = { want: { $case: "type" as const, value: type(8) } };
  const request = CreateReservationRequest.fromPartial({ claimId, vgpu, ttl: RESERVED });
  if (!(await fits(world.rpc.call(Reservations.createReservation, request)))) {
    count("refused");
    return;
  }
  count("reserved");
  await world.rpc.call(Reservations.renewReservation, { claimId, ttl: RESERVED });
  if (turn % 2 === 0) {
    await world.rpc.call(Reservations.releaseReservation, { claimId });
    count("released");
    return;
  }
  await world.rpc.call(Vgpus.createVgpu, CreateVgpuRequest.fromPartial({ claimId, reservation: claimId }));
  const made = { ref: { $case: "claimId" as const, value: claimId } };
  await world.rpc.call(Vgpus.deleteVgpu, DeleteVgpuRequest.fromPartial({ vgpu: made }));
  count("vGPUs made and deleted");
}

/** Whether there was room for it. */
async function fits(create: Promise<unknown>): Promise<boolean> {
  try {
    await create;
    return true;
  } catch (error) {
    if (error instanceof RpcError && error.code === "RESOURCE_EXHAUSTED") return false;
    throw error;
  }
}

function sampleOf(scrape: string, seconds: number): Sample {
  const lines = scrape.split("\n");
  /** Of all series of that name, or of the one with these labels. */
  const sum = (name: string): number =>
    lines
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
  return {
    seconds,
    residentMib: sum("process_resident_memory_bytes") / MIB,
    heapMib: sum("nodejs_heap_size_used_bytes") / MIB,
    fds: sum("process_open_fds"),
    resources: sum("nodejs_active_resources"),
    tombstones: sum('vgpud_claims{state="gone"}'),
  };
}
