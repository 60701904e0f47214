// What is asked of an agent that is to end: for each point an operation that passes it.
import { OnStop } from "../../../../proto/gen/vgpud/v1/claim.ts";
import type { ClaimPoint } from "../../../../agent/lifecycle/crash-points.ts";
import type { Death } from "./death.ts";
import { FOREIGN_SLICE, OTHER_FOREIGN_SLICE, type Plot, type Stage } from "./stage.ts";

/** Where guests neither wait for their slices nor for being started again, as on Xen (test/e2e/xengt, xengt-reboots). */
export type PointOnKvm = Exclude<ClaimPoint, `${"before" | "after"} ${"resume-domain" | "restart"}`>;

interface Operation {
  /** What is to be there before. */
  readonly before?: (stage: Stage, name: string) => Promise<unknown>;
  readonly act: (stage: Stage, name: string, death: Death) => Promise<unknown>;
}

export const NO_LUCK = { kind: "LIBVIRT_ERROR", target: "domainCreate", message: "no luck" } as const;
const NO_SLICE = { kind: "CREATE_FAILS", errno: "EIO" } as const;
const RELEASES = { onStop: OnStop.RELEASE } as const;

/** The name of the reservation whose room something of that name is to have. */
export function roomOf(name: string): string {
  return `room-of-${name}`;
}

const domainOperations = {
  create: { act: ({ ask }, name) => ask.create(name, { size: 4 }) },
  "create that fails": {
    act: async ({ ask, world }, name) => {
      await world.setFaults(NO_LUCK);
      await ask.create(name);
    },
  },
  stop: {
    before: ({ ask }, name) => ask.create(name),
    act: ({ ask }, name) => ask.stop(name),
  },
  "stop that gives the slice back": {
    before: ({ ask }, name) => ask.create(name, RELEASES),
    act: ({ ask }, name) => ask.stop(name, true),
  },
  "start that gets a slice again": {
    before: async ({ ask }, name) => {
      await ask.create(name, RELEASES);
      await ask.stop(name, true);
    },
    act: ({ ask }, name) => ask.start(name),
  },
  destroy: {
    before: ({ ask }, name) => ask.create(name),
    act: ({ ask }, name) => ask.destroy(name),
  },
  "boot of the host": {
    before: ({ ask }, name) => ask.create(name, { autostart: true }),
    act: (stage, _name, death) => stage.reboot(death),
  },
} as const satisfies Record<string, Operation>;

const reservationOperations = {
  reservation: { act: ({ ask }, name) => ask.reserve(name) },
  "reservation that is renewed": {
    before: ({ ask }, name) => ask.reserve(name),
    act: ({ ask }, name) => ask.renew(name),
  },
  "reservation that is released": {
    before: ({ ask }, name) => ask.reserve(name),
    act: ({ ask }, name) => ask.release(name),
  },
  "reservation whose time ends": {
    act: async (stage, name) => {
      await stage.ask.reserve(name, { brief: true });
      await stage.over(name);
    },
  },
  "create in reserved room": {
    before: ({ ask }, name) => ask.reserve(roomOf(name)),
    act: ({ ask }, name) => ask.create(name, { room: roomOf(name) }),
  },
  "create in reserved room that fails": {
    before: ({ ask }, name) => ask.reserve(roomOf(name)),
    act: async ({ ask, world }, name) => {
      await world.setFaults(NO_LUCK);
      await ask.create(name, { room: roomOf(name) });
    },
  },
} as const satisfies Record<string, Operation>;

const vgpuOperations = {
  "create of a vGPU": { act: ({ ask }, name) => ask.createVgpu(name) },
  "create of a vGPU that fails": {
    act: async ({ ask, world }, name) => {
      await world.setFaults(NO_SLICE);
      await ask.createVgpu(name);
    },
  },
  "create of a vGPU in reserved room": {
    before: ({ ask }, name) => ask.reserve(roomOf(name)),
    act: ({ ask }, name) => ask.createVgpu(name, { room: roomOf(name) }),
  },
  "delete of a vGPU": {
    before: ({ ask }, name) => ask.createVgpu(name),
    act: ({ ask }, name) => ask.deleteVgpu(name),
  },
} as const satisfies Record<string, Operation>;

const adoptions = {
  adoption: { act: ({ ask }, name) => ask.adopt(name, FOREIGN_SLICE, { withDomain: true }) },
  "adoption of a slice alone": {
    act: ({ ask }, name) => ask.adopt(name, OTHER_FOREIGN_SLICE, { withDomain: false }),
  },
  "adoption that is given up": {
    before: ({ ask }, name) => ask.adopt(name, FOREIGN_SLICE, { withDomain: true }),
    act: ({ ask }, name) => ask.giveUp(name),
  },
  "slice that is given up": {
    before: ({ ask }, name) => ask.adopt(name, OTHER_FOREIGN_SLICE, { withDomain: false }),
    act: ({ ask }, name) => ask.giveUp(name),
  },
} as const satisfies Record<string, Operation>;

const drains = {
  drain: { act: ({ ask }) => ask.drain("host") },
  "end of a drain": {
    before: ({ ask }) => ask.drain("GPU"),
    act: ({ ask }) => ask.drain("GPU", false),
  },
} as const satisfies Record<string, Operation>;

export const operations = {
  ...domainOperations,
  ...reservationOperations,
  ...vgpuOperations,
  ...adoptions,
  ...drains,
};
export type OperationName = keyof typeof operations;

/** What passes each point. A point without a row, as that of a new kind of step, does not compile. */
export const passedBy = {
  "request taken": "create",
  "answer ready": "create",
  "ledger write begun": "reservation",
  "ledger write filled": "create",
  "ledger write synced": "create in reserved room",
  "ledger write renamed": "create in reserved room",
  "ledger write durable": "create",
  "ledger erasure begun": "create that fails",
  "ledger erasure unlinked": "create of a vGPU that fails",
  "ledger erasure durable": "create that fails",
  "record write begun": "drain",
  "record write filled": "end of a drain",
  "record write synced": "drain",
  "record write renamed": "end of a drain",
  "record write durable": "drain",
  "before create-vgpu": "create",
  "after create-vgpu": "start that gets a slice again",
  "before define-domain": "create",
  "after define-domain": "create",
  "before start-domain": "create in reserved room that fails",
  "after start-domain": "create",
  "before ask-shutdown": "stop",
  "after ask-shutdown": "stop",
  "before force-off": "destroy",
  "after force-off": "destroy",
  "before remove-vgpu": "delete of a vGPU",
  "after remove-vgpu": "stop that gives the slice back",
  "before undefine-domain": "destroy",
  "after undefine-domain": "destroy",
  "before settle": "reservation whose time ends",
  "after settle": "destroy",
  "before autostart": "boot of the host",
  "after autostart": "boot of the host",
  "before mark-domain": "adoption",
  "after mark-domain": "adoption",
  "before unmark-domain": "adoption that is given up",
  "after unmark-domain": "adoption that is given up",
} as const satisfies Record<PointOnKvm, OperationName>;

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
