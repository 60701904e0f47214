// One claim as one file of the ledger, to and fro.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { messageOf } from "../core/errors.ts";
import type { Claim } from "../lifecycle/claim.ts";
import { claimOfRecord, recordOf } from "../lifecycle/claim-formats.ts";
import { parseRecord, renderRecord } from "./record-file.ts";

const KIND = "vgpud-claim";

export function renderClaim(claim: Claim): string {
  const { format, value } = recordOf(claim);
  return renderRecord(KIND, format, value);
}

/** `unread`: not its content is at fault; it may be read another time. */
type ReadClaim = { readonly claim: Claim } | { readonly why: string; readonly unread: boolean };

export async function readClaim(file: string, name: string): Promise<ReadClaim> {
  return await readFile(file).then((bytes) => parseClaim(bytes, name), unread);
}

/** For the start, which has nobody to serve yet: hundreds of files are read in a tenth of the time. */
export function readClaimNow(file: string, name: string): ReadClaim {
  try {
    return parseClaim(readFileSync(file), name);
  } catch (error) {
    return unread(error);
  }
}

function unread(error: unknown): ReadClaim {
  return { why: messageOf(error), unread: true };
}

function parseClaim(bytes: Buffer, name: string): ReadClaim {
  const read = parseRecord(KIND, bytes);
  if ("why" in read) return { ...read, unread: false };
  // An unknown format is set aside, never guessed at.
  const claim = claimOfRecord(read);
  if (!claim) return { why: `its format ${read.format} is not known to this version`, unread: false };
  if (name !== `${claim.vgpuId}.json`) return { why: `it holds claim ${claim.vgpuId}`, unread: false };
  return { claim };
}
