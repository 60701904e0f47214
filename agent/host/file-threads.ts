// How the threads are shared out in which Node.js does the work of all files (libuv's pool; UV_THREADPOOL_SIZE in the first line of
// main.ts). A driver or a disk that hangs keeps the threads that it was given and no others.

/** Without that line, as in a program of the tests, or with one that is no number: libuv's own. */
const UNSET = 4;
const all = Number(process.env["UV_THREADPOOL_SIZE"]) || UNSET;
const LEDGER = 2;
const STORAGE = 2;

export const fileThreads = {
  /** What is asked of the state directory at a time: of the ledger, and of what is drained. */
  ledger: LEDGER,
  /** Reads of devices' attributes at a time, those that hang included. */
  devices: Math.max(1, all - LEDGER - STORAGE),
  /** Questions about files of domains at a time. */
  storage: STORAGE,
} as const;
