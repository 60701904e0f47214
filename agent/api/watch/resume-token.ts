// Where a watch goes on: a run of the agent and a revision of its view. Clients keep tokens and build none. Pure.

export interface Place {
  /** Names the run. */
  readonly epoch: string;
  readonly revision: number;
}

/** An epoch is a UUID; revisions begin with 1. */
const FORM = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([1-9][0-9]{0,14})$/;

/** At most 128 characters, as the contract promises. */
export function encodeToken({ epoch, revision }: Place): string {
  return Buffer.from(`${epoch}:${revision}`).toString("base64url");
}

/** Undefined for what is no token of any vgpud. */
export function decodeToken(token: string): Place | undefined {
  const [, epoch, revision] = FORM.exec(Buffer.from(token, "base64url").toString("latin1")) ?? [];
  if (epoch === undefined || revision === undefined) return undefined;
  const place = { epoch, revision: Number(revision) };
  return encodeToken(place) === token ? place : undefined;
}
