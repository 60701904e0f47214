// The one error of the test bed, and the one way to wait: with a deadline that says what was waited for.

export type BedErrorCode = "timeout" | "vm-ended" | "guest" | "build" | "usage";

export class BedError extends Error {
  override readonly name = "BedError";
  readonly code: BedErrorCode;

  constructor(code: BedErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The promise's outcome, or BedError "timeout" naming `what` after `timeoutMs`. */
export async function within<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new BedError("timeout", `waited ${timeoutMs} ms in vain for ${what}`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
