// What can come of a request to Placement or to Keystone beside the answer that was asked for. Callers branch on `kind`.

export type PlacementFailure =
  /** No connection, TLS refused, no answer in time, or cut off: whether a change was made is not known. */
  | "unreachable"
  /** The token or the credential was not taken (401), or has not the right (403). */
  | "unauthorized"
  /** What would prove who asks cannot be read on this side. */
  | "no-secret"
  /** Its microversions and those that are spoken here do not meet. */
  | "version"
  /** An answer that is not one of Placement's: what it says must not be acted on. */
  | "bad-answer"
  /** Somebody was faster: the generation that was sent is not the current one. */
  | "conflict"
  /** What is to go is in use by allocations, or has providers below it. */
  | "in-use"
  /** Another provider has the name or the UUID. */
  | "duplicate"
  /** There is no room for what was claimed. */
  | "no-capacity"
  | "not-found"
  /** Placement took the request for wrong, and said why. */
  | "refused"
  /** Its own fault (5xx), or it is busy. */
  | "failed";

export class PlacementError extends Error {
  override readonly name = "PlacementError";
  readonly kind: PlacementFailure;
  /** Undefined where no answer came. */
  readonly status: number | undefined;

  constructor(
    kind: PlacementFailure,
    message: string,
    { status, ...options }: ErrorOptions & { readonly status?: number | undefined } = {},
  ) {
    super(message, options);
    this.kind = kind;
    this.status = status;
  }
}
