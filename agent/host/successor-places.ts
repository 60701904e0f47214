// Places for what a record is soon followed by. A file that takes the place of another needs two syncs, one of its bytes and one of
// the folder. Where a name beside the record is on the disk already, the first is enough: after a power cut the bytes are
// found, under the record's own name or under that one:
//
//   <file of the record>.after-<16 hex digits of the record's sha256>
//
// The name says what is followed, so that a place that was forgotten is never taken for newer than a record that came later.
// What is in one may be all that is left of an acknowledged write, where a disk refused to change names: so it goes only once
// something newer has the record's name.
import { readFileSync } from "node:fs";
import { open, rename, unlink } from "node:fs/promises";
import { messageOf } from "../core/errors.ts";
import type { Claim } from "../lifecycle/claim.ts";
import { readClaimNow } from "./claim-record.ts";
import { ASIDE, sha256, unlessMissing, writeSynced, type WriteStage } from "./record-file.ts";

/** The places beside one file that this process knows of. */
interface Beside {
  /** Those of former records, and one that was written and did not get the record's name. */
  readonly left: Set<string>;
  /** Durable beside the record that is on the disk, and empty. */
  offered: string | undefined;
}

export class SuccessorPlaces {
  readonly #beside = new Map<string, Beside>();

  /** A place that is there already, and is not to be used. */
  remember(file: string, path: string): void {
    this.#of(file).left.add(path);
  }

  /**
   * Before a record gets its name. Resolves with a place for its successor, where it will soon have one and the disk has a name
   * for that. A place that follows the very same record holds what was refused since, and would come true beside it.
   */
  async prepare(file: string, record: string, hasSuccessor: boolean): Promise<string | undefined> {
    const { left } = this.#of(file);
    const path = placeAfter(file, record);
    if (left.has(path)) await unlink(path).catch(unlessMissing);
    left.delete(path);
    if (!hasSuccessor) return undefined;
    try {
      await open(path, "wx", 0o600).then((handle) => handle.close());
    } catch {
      // It only spares a sync: no record is refused for that.
      return undefined;
    }
    left.add(path);
    return path;
  }

  /** When a record, or its end, is durable with what was prepared for it: removes what was left of former ones. */
  async settle(file: string, prepared: string | undefined): Promise<void> {
    const beside = this.#of(file);
    const { left, offered } = beside;
    if (offered !== undefined) left.add(offered);
    if (prepared !== undefined) left.delete(prepared);
    beside.offered = prepared;
    // Whatever stays is told from a newer one by its name.
    for (const path of left)
      await unlink(path)
        .catch(unlessMissing)
        .then(() => left.delete(path))
        .catch(() => false);
    this.#forgetIfNone(file, beside);
  }

  /** Whether the successor went to its place; false when there is none. Each place is used once, whether that succeeds or not. */
  async fill(file: string, content: string, onStage: (stage: WriteStage) => void): Promise<boolean> {
    const beside = this.#beside.get(file);
    const place = beside?.offered;
    if (!beside || place === undefined) return false;
    beside.offered = undefined;
    beside.left.add(place);
    onStage("begun");
    const filled = (): void => {
      onStage("filled");
    };
    // Never made anew: it is its name that is on the disk. It is gone where somebody took the folder away.
    await writeSynced(place, content, filled, "r+");
    onStage("synced");
    await rename(place, file);
    beside.left.delete(place);
    this.#forgetIfNone(file, beside);
    onStage("renamed");
    onStage("durable");
    return true;
  }

  #of(file: string): Beside {
    const known = this.#beside.get(file);
    if (known) return known;
    const beside = { left: new Set<string>(), offered: undefined };
    this.#beside.set(file, beside);
    return beside;
  }

  #forgetIfNone(file: string, { left, offered }: Beside): void {
    if (left.size === 0 && offered === undefined) this.#beside.delete(file);
  }
}

/** The file that a place of this name is beside, also one that was set aside; undefined for other names. */
export function besideOf(name: string): string | undefined {
  return PLACE.exec(name)?.[1];
}

const PLACE = new RegExp(`^(.+)\\.after-[0-9a-f]{16}(?:${ASIDE.replace(".", "\\.")})?$`);

interface Place {
  readonly place: string;
  readonly file: string;
  /** Where the record is, under its own name or set aside; undefined when it is over. */
  readonly recordIn: string | undefined;
  /** The record's own name. */
  readonly record: string;
}

/** The claim in a place that is newer than the record; otherwise why the place is to be kept, if it is. */
export function successorIn({ place, file, recordIn, record }: Place): { claim: Claim } | { why?: string } {
  if (recordIn === undefined) return {};
  const written = readClaimNow(place, record);
  // What is no whole record is a write that was cut off, or none that was begun.
  if ("why" in written && !written.unread) return {};
  try {
    if (follows(place, file, recordIn)) return "claim" in written ? written : { why: written.why };
  } catch (error) {
    return { why: `it may be newer than its record, which cannot be read: ${messageOf(error)}` };
  }
  const former = readClaimNow(recordIn, record);
  return "claim" in former ? {} : { why: `it may be newer than its record: ${former.why}` };
}

/** Throws where the record cannot be read. */
function follows(place: string, file: string, recordIn: string): boolean {
  const path = place.endsWith(ASIDE) ? place.slice(0, -ASIDE.length) : place;
  return path === placeAfter(file, readFileSync(recordIn));
}

function placeAfter(file: string, record: string | Buffer): string {
  return `${file}.after-${sha256(record).slice(0, 16)}`;
}
