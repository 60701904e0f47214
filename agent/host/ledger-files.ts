// The ledger on disk: one file per claim below the state directory, each written whole or not at all (record-file.ts).
import { mkdir, readdir, rename, stat, unlink } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { messageOf } from "../core/errors.ts";
import { Turns } from "../core/turns.ts";
import { parseVgpuId, type VgpuId } from "../core/ids.ts";
import type { Claim } from "../lifecycle/claim.ts";
import { nobodyListens, type OnPoint } from "../lifecycle/crash-points.ts";
import type { LedgerStore } from "../lifecycle/ledger.ts";
import { readClaim, readClaimNow, renderClaim } from "./claim-record.ts";
import { fileThreads } from "./file-threads.ts";
import {
  ASIDE,
  syncDirectory,
  unlessMissing,
  writeSynced,
  writeWhole,
  type SetAside,
  type WriteStage,
} from "./record-file.ts";
import { besideOf, successorIn, SuccessorPlaces } from "./successor-places.ts";

/** About as large as a record. */
const PROBE = Buffer.alloc(8 * 1024);

export interface LoadedLedger {
  readonly claims: readonly Claim[];
  readonly setAside: readonly SetAside[];
}

export class LedgerFiles implements LedgerStore, AsyncDisposable {
  readonly #dir: string;
  readonly #lock: net.Server;
  readonly #onPoint: OnPoint;
  readonly #turns: Turns;
  readonly #places = new SuccessorPlaces();

  private constructor(dir: string, lock: net.Server, onPoint: OnPoint, turns: Turns) {
    this.#dir = dir;
    this.#lock = lock;
    this.#onPoint = onPoint;
    this.#turns = turns;
  }

  /** Takes the state directory for this process; throws when another process has it. `turns`: of all that asks that disk. */
  static async open(
    stateDir: string,
    onPoint = nobodyListens,
    turns = new Turns(fileThreads.ledger),
  ): Promise<LedgerFiles> {
    const dir = path.join(stateDir, "claims");
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return new LedgerFiles(dir, await lockDirectory(dir), onPoint, turns);
  }

  /** Reads what it can: whatever else the disk refuses, the agent starts and tells of it. */
  async load(): Promise<LoadedLedger> {
    const claims: Claim[] = [];
    const setAside: SetAside[] = [];
    const names = new Set((await readdir(this.#dir)).sort());
    const newer = await this.#takeSuccessors(names, setAside);
    for (const name of names) {
      const file = path.join(this.#dir, name);
      // A temporary file is a write that a crash cut off: it was never promised to anybody.
      if (name.endsWith(".tmp")) await unlink(file).catch(() => undefined);
      else if (name.endsWith(".json")) {
        const claim = newer.get(name);
        const read = claim ? { claim } : readClaimNow(file, name);
        if ("claim" in read) claims.push(read.claim);
        else setAside.push(await moveAside(file, read.why));
      } else if (name.endsWith(`.json${ASIDE}`)) {
        const named = name.slice(0, -ASIDE.length);
        // A claim that was written anew since, as one rebuilt from its domain's mark, is newer.
        if (names.has(named)) continue;
        const read = readClaimNow(file, named);
        if ("claim" in read) claims.push(await this.#takeBack(read.claim));
        else if (read.unread) setAside.push({ file, why: read.why });
      }
    }
    return { claims, setAside };
  }

  /**
   * What a power cut left beside records, by their names, where it is newer: it counts also where no name can be changed. What
   * may be newer than a record that cannot be read is set aside as that is, and counts when that can be read again.
   */
  async #takeSuccessors(names: Set<string>, setAside: SetAside[]): Promise<Map<string, Claim>> {
    const newer = new Map<string, Claim>();
    for (const name of [...names]) {
      const record = besideOf(name);
      if (record === undefined) continue;
      const [place, file] = [path.join(this.#dir, name), path.join(this.#dir, record)];
      const recordIn = names.has(record) ? file : names.has(record + ASIDE) ? file + ASIDE : undefined;
      const found = successorIn({ place, file, recordIn, record });
      if ("claim" in found) {
        newer.set(record, found.claim);
        names.add(record);
        await rename(place, file)
          .then(() => syncDirectory(this.#dir))
          .catch(() => {
            this.#places.remember(file, place);
          });
      } else if (name.endsWith(ASIDE)) continue;
      else if (found.why !== undefined) setAside.push(await moveAside(place, found.why));
      else
        await unlink(place).catch(() => {
          this.#places.remember(file, place);
        });
    }
    return newer;
  }

  /** One that an older version set aside because it did not know its format. It counts also where its name has to stay. */
  async #takeBack(claim: Claim): Promise<Claim> {
    const file = this.#fileOf(claim.vgpuId);
    await rename(`${file}${ASIDE}`, file)
      .then(() => syncDirectory(this.#dir))
      .catch(() => undefined);
    return claim;
  }

  async write(claim: Claim): Promise<void> {
    await this.#turns.run(() => this.#write(claim));
  }

  async erase(vgpuId: VgpuId): Promise<void> {
    await this.#turns.run(() => this.#erase(vgpuId));
  }

  async probe(): Promise<void> {
    await this.#turns.run(async () => {
      const file = path.join(this.#dir, "probe.tmp");
      try {
        await writeSynced(file, PROBE);
      } finally {
        await unlink(file).catch(unlessMissing);
      }
      await syncDirectory(this.#dir);
    });
  }

  async list(): Promise<ReadonlySet<VgpuId>> {
    const names = await this.#turns.run(() => readdir(this.#dir));
    return new Set(
      names.map((name) => parseVgpuId(path.basename(name, ".json"))).filter((id) => id !== undefined),
    );
  }

  async #write(claim: Claim): Promise<void> {
    const file = this.#fileOf(claim.vgpuId);
    const record = renderClaim(claim);
    const onStage = (stage: WriteStage): void => {
      this.#onPoint(`ledger write ${stage}`);
    };
    if (await this.#places.fill(file, record, onStage)) return;
    // What is being made is written down again as soon as it is made, while somebody waits for it.
    const hasSuccessor = claim.state === "creating";
    let prepared: string | undefined;
    await writeWhole(file, record, onStage, async () => {
      prepared = await this.#places.prepare(file, record, hasSuccessor);
    });
    await this.#places.settle(file, prepared);
  }

  async #erase(vgpuId: VgpuId): Promise<void> {
    this.#onPoint("ledger erasure begun");
    await this.#eraseAside(vgpuId);
    await unlink(this.#fileOf(vgpuId)).catch(unlessMissing);
    this.#onPoint("ledger erasure unlinked");
    await syncDirectory(this.#dir);
    this.#onPoint("ledger erasure durable");
    await this.#places.settle(this.#fileOf(vgpuId), undefined);
  }

  /** What was set aside of this claim and can be read would be taken back once nothing says any more that it is over. */
  async #eraseAside(vgpuId: VgpuId): Promise<void> {
    const file = `${this.#fileOf(vgpuId)}${ASIDE}`;
    if (!("claim" in (await readClaim(file, `${vgpuId}.json`)))) return;
    await unlink(file);
    await syncDirectory(this.#dir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#lock.close(() => {
        resolve();
      });
    });
  }

  #fileOf(vgpuId: VgpuId): string {
    return path.join(this.#dir, `${vgpuId}.json`);
  }
}

/**
 * A lock that the kernel releases with the process: a name in the abstract socket namespace (unix(7)), made from the
 * directory's device and inode so that every path to it means the same lock.
 */
async function lockDirectory(dir: string): Promise<net.Server> {
  const { dev, ino } = await stat(dir);
  const server = net.createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      const why = `another vgpud uses the state directory ${path.dirname(dir)}, or was killed while a driver hung in it`;
      reject(new Error(taken ? why : messageOf(error)));
    });
    server.listen(`\0vgpud-state-${dev}-${ino}`, resolve);
  });
  server.unref();
  return server;
}

async function moveAside(file: string, why: string): Promise<SetAside> {
  const aside = `${file}${ASIDE}`;
  const moved = await rename(file, aside)
    .then(() => aside)
    .catch(() => undefined);
  return { file: moved ?? file, why };
}
