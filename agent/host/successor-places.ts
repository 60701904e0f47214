// Places for what a record is soon followed by. A file that takes the place of another needs two syncs, one of its bytes and one of
// the folder. Where a name beside the record is on the disk already, the first is enough: after a power cut the bytes are
// found, under the record's own name or under that one:
//
//   <file of the record>.after-<16 hex digits of the record's sha256>
//
// The name says what is followed, so that a place that was forgotten is never taken for newer than a record that came later.
import { readFileSync } from "node:fs";
import { open, rename, unlink } from "node:fs/promises";
import { sha256, unlessMissing, writeSynced, type WriteStage } from "./record-file.ts";

interface Place {
  readonly path: string;
  /** Whether the record that it is to follow is on the disk, and nothing was written here. */
  offered: boolean;
}

/** The places that this process knows of, by the file that each is beside. */
export class SuccessorPlaces {
  readonly #places = new Map<string, Place>();

  /** A place that is there already, and is not to be used. */
  remember(file: string, path: string): void {
    this.#places.set(file, { path, offered: false });
  }

  /** Removes the place of a former record, and makes one for the successor of this; `offer` it when both names are durable. */
  async replace(file: string, record: string | undefined): Promise<void> {
    const former = this.#places.get(file);
    if (former) await unlink(former.path).catch(unlessMissing);
    this.#places.delete(file);
    if (record === undefined) return;
    const place = { path: placeAfter(file, record), offered: false };
    this.#places.set(file, place);
    // It only spares a sync: a disk that has no more names for it refuses no record for that.
    await open(place.path, "w", 0o600)
      .then((handle) => handle.close())
      .catch(() => this.#places.delete(file));
  }

  offer(file: string): void {
    const place = this.#places.get(file);
    if (place) place.offered = true;
  }

  /** Whether the successor went to its place; false when there is none. Each place is used once, whether that succeeds or not. */
  async fill(file: string, content: string, onStage: (stage: WriteStage) => void): Promise<boolean> {
    const place = this.#places.get(file);
    if (!place?.offered) return false;
    place.offered = false;
    onStage("begun");
    const filled = (): void => {
      onStage("filled");
    };
    // Never made anew: it is its name that is on the disk. It is gone where somebody took the folder away.
    await writeSynced(place.path, content, filled, "r+");
    onStage("synced");
    await rename(place.path, file);
    this.#places.delete(file);
    onStage("renamed");
    onStage("durable");
    return true;
  }
}

/** The file that a place of this name is beside; undefined for other names. */
export function besideOf(name: string): string | undefined {
  return /^(.+)\.after-[0-9a-f]{16}$/.exec(name)?.[1];
}

/** What was written in a place, if it follows the record that is in the file. */
export function successorIn(place: string, file: string): Buffer | undefined {
  if (place !== placeAfter(file, readFileSync(file))) return undefined;
  const content = readFileSync(place);
  return content.length === 0 ? undefined : content;
}

function placeAfter(file: string, record: string | Buffer): string {
  return `${file}.after-${sha256(record).slice(0, 16)}`;
}
