// What vgpuctl exits with. The numbers are part of its contract with scripts: none changes its meaning, more may be added.

/** How a run ended. */
export type Ending = keyof typeof exitCodes;

export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  unfit: 3,
  permission: 4,
  unsupported: 5,
  "no-room": 6,
  conflict: 7,
  unreachable: 8,
  /** As a shell reports a process that SIGINT ended. */
  interrupted: 130,
} as const;

/** The same in words, for the help. */
export const exitCodeWords = {
  ok: "done",
  failure: "failed, not found, or no answer in time",
  usage: "a command, flag or value that is wrong whatever the state of the host",
  unfit: "by doctor: no GPU is known to be ready for a vGPU, in the mode asked for or in any",
  permission: "not allowed to open the socket, no certificate that the host lets in, or refused by vgpud",
  unsupported: "this host or this release cannot do it",
  "no-room": "no GPU has room for the vGPU",
  conflict: "in conflict with what exists or is going on, or the vGPU is still in use",
  unreachable: "vgpud does not answer, or the scheduler in front of it",
  interrupted: "interrupted",
} as const satisfies Record<Ending, string>;
