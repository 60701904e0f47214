// Names for the states of a domain and for why it is in them (virDomainState and its reasons, libvirt-domain.h).

const states = {
  0: "no-state",
  1: "running",
  2: "blocked",
  3: "paused",
  4: "shutting-down",
  5: "shut-off",
  6: "crashed",
  7: "suspended",
} as const;

export type DomainStateName = (typeof states)[keyof typeof states];

const reasons: Readonly<Record<DomainStateName, readonly string[]>> = {
  "no-state": ["unknown"],
  running: [
    ...["unknown", "booted", "migrated", "restored", "from-snapshot", "unpaused", "migration-canceled"],
    ...["save-canceled", "wakeup", "crashed", "postcopy", "postcopy-failed"],
  ],
  blocked: ["unknown"],
  paused: [
    ...[
      "unknown",
      "user",
      "migration",
      "save",
      "dump",
      "io-error",
      "watchdog",
      "from-snapshot",
      "shutting-down",
    ],
    ...["snapshot", "crashed", "starting-up", "postcopy", "postcopy-failed", "api-error"],
  ],
  "shutting-down": ["unknown", "user"],
  "shut-off": [
    ...[
      "unknown",
      "shutdown",
      "destroyed",
      "crashed",
      "migrated",
      "saved",
      "failed",
      "from-snapshot",
      "daemon",
    ],
  ],
  crashed: ["unknown", "panicked"],
  suspended: ["unknown"],
};

export interface DomainState {
  readonly state: DomainStateName;
  /** Why; `unknown` also for a reason newer than this library. */
  readonly reason: string;
}

const byNumber = new Map<number, DomainStateName>(
  Object.entries(states).map(([key, name]) => [Number(key), name]),
);

/** A state newer than this library reads as `no-state`, as libvirt itself shows one it cannot tell. */
export function domainState(state: number, reason: number): DomainState {
  const name = byNumber.get(state) ?? "no-state";
  return { state: name, reason: reasons[name][reason] ?? "unknown" };
}

/** The numbers of a named state, for a server; reason 0 where the name is unknown. */
export function domainStateNumbers(named: DomainState): { readonly state: number; readonly reason: number } {
  const state = [...byNumber].find(([, name]) => name === named.state)?.[0] ?? 0;
  return { state, reason: Math.max(0, reasons[named.state].indexOf(named.reason)) };
}

/** Whether a domain in this state has a running hypervisor process or Xen domain, and so holds its devices. */
export function isActive(state: DomainStateName): boolean {
  return state !== "shut-off" && state !== "crashed" && state !== "no-state";
}
