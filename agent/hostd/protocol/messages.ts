// What a client and hostd say to each other: one JSON object a line over a UNIX socket, hostd greeting first.

/** Changes with every incompatible change of the messages; both halves refuse another one. */
export const PROTOCOL_VERSION = 1;

/** Bytes of one line without its newline. The longest reply names sixteen holders. */
export const MAX_LINE_BYTES = 16_384;

/** Bounds of `Request.deadlineMs`. */
export const MIN_DEADLINE_MS = 10;
export const MAX_DEADLINE_MS = 60_000;

/** A list of holders is cut here: it is for naming the one to stop, not for accounting. */
export const MAX_HOLDERS = 16;

/** Writes a new mdev's UUID into the `create` file of a GPU's vGPU type. */
export interface CreateMdev {
  readonly kind: "create-mdev";
  /** PCI address of the GPU. */
  readonly gpu: string;
  /** Directory name of the type, e.g. `i915-GVTg_V5_4`. */
  readonly type: string;
  readonly vgpuId: string;
}

/** Proves that nobody holds the mdev, then writes its `remove` file. */
export interface RemoveMdev {
  readonly kind: "remove-mdev";
  readonly vgpuId: string;
}

/** Names the processes that have the mdev's VFIO group open. Disturbs nobody: it opens nothing below /dev. */
interface FindHolders {
  readonly kind: "holders";
  readonly vgpuId: string;
}

export type Operation = CreateMdev | RemoveMdev | FindHolders;
export type OperationKind = Operation["kind"];

export interface Request {
  /** Chosen by the client, 1 to 2^31 - 1, not in use by another request of the connection. */
  readonly id: number;
  /** The answer arrives within this time; an operation that takes longer is answered `blocked` and goes on. */
  readonly deadlineMs: number;
  readonly operation: Operation;
}

/** A process that has a vGPU open. */
export interface Holder {
  readonly pid: number;
  /** The kernel's name of the process (15 bytes at most). */
  readonly command: string;
  /** The domain's name, when the process is a QEMU that was told it (`-name guest=`). */
  readonly domain?: string;
}

export type Result =
  | { readonly kind: "done" }
  /** Every process found with the group open; empty when there is none. */
  | { readonly kind: "holders"; readonly holders: readonly Holder[] }
  /** The kernel refused. `path` is what `call` was made on, below the real root. */
  | { readonly kind: "errno"; readonly errno: string; readonly call: string; readonly path: string }
  /** Somebody has the vGPU open, so nothing was written. `holders` is empty when the process could not be found. */
  | { readonly kind: "held"; readonly holders: readonly Holder[] }
  /** Child `childPid` still waits in the kernel, `elapsedMs` after it began. Asking again joins it. */
  | {
      readonly kind: "blocked";
      readonly elapsedMs: number;
      readonly childPid: number;
      readonly holders: readonly Holder[];
    }
  /** There is no such mdev. */
  | { readonly kind: "absent" }
  /** Malformed or not in the allowlist: nothing was done and the same request will be refused again. */
  | { readonly kind: "refused"; readonly why: string }
  /** hostd itself is in trouble (too many children, a child lost): the outcome is unknown, look at the kernel. */
  | { readonly kind: "failed"; readonly why: string };

/** `id` 0 answers a line whose id could not be read; the connection ends after it. */
export interface Reply {
  readonly id: number;
  readonly result: Result;
}

/** The first line on every connection, from the server. */
export interface Hello {
  readonly hello: string;
  readonly protocol: number;
}

/** What each operation may be answered with. A reply outside of it is a broken server. */
const ANSWERS = {
  "create-mdev": ["done", "errno", "blocked", "refused", "failed"],
  "remove-mdev": ["done", "errno", "held", "blocked", "absent", "refused", "failed"],
  holders: ["holders", "errno", "blocked", "absent", "refused", "failed"],
} as const satisfies Record<OperationKind, readonly Result["kind"][]>;

export type ResultOf<Kind extends OperationKind> = Extract<Result, { kind: (typeof ANSWERS)[Kind][number] }>;

export function answers<Kind extends OperationKind>(kind: Kind, result: Result): result is ResultOf<Kind> {
  const allowed: readonly Result["kind"][] = ANSWERS[kind];
  return allowed.includes(result.kind);
}
