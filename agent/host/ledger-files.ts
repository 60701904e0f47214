// The ledger on disk: one file per claim below the state directory, each written whole or not at all.
//
//   vgpud-claim <format> sha256:<hex of the bytes after this line>\n
//   { … }
//
// The checksum is over the raw bytes, so that no later version calls a good file corrupt by printing it differently.
import { createHash } from "node:crypto";
import { mkdir, open, readFile, readdir, rename, stat, unlink } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { messageOf } from "../core/errors.ts";
import type { VgpuId } from "../core/ids.ts";
import type { Claim } from "../lifecycle/claim.ts";
import { claimOfRecord, formatOf } from "../lifecycle/claim-formats.ts";
import type { LedgerStore } from "../lifecycle/ledger.ts";

const HEADER = /^vgpud-claim (\d+) sha256:([0-9a-f]{64})$/;

/** What stands behind the name of a file that could not be read as a claim. */
const ASIDE = ".set-aside";

/** A file that could not be read as a claim. It stays where it is, under another name. */
interface SetAside {
  readonly file: string;
  readonly why: string;
}

export interface LoadedLedger {
  readonly claims: readonly Claim[];
  readonly setAside: readonly SetAside[];
}

export class LedgerFiles implements LedgerStore, AsyncDisposable {
  readonly #dir: string;
  readonly #lock: net.Server;

  private constructor(dir: string, lock: net.Server) {
    this.#dir = dir;
    this.#lock = lock;
  }

  /** Takes the state directory for this process; throws when another process has it. */
  static async open(stateDir: string): Promise<LedgerFiles> {
    const dir = path.join(stateDir, "claims");
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return new LedgerFiles(dir, await lockDirectory(dir));
  }

  async load(): Promise<LoadedLedger> {
    const claims: Claim[] = [];
    const setAside: SetAside[] = [];
    for (const name of (await readdir(this.#dir)).sort()) {
      const file = path.join(this.#dir, name);
      // A temporary file is a write that a crash cut off: it was never promised to anybody.
      if (name.endsWith(".tmp")) await unlink(file);
      else if (name.endsWith(".json")) {
        const read = parseRecord(await readFile(file), name);
        if ("claim" in read) claims.push(read.claim);
        else setAside.push(await moveAside(file, read.why));
      } else if (name.endsWith(`.json${ASIDE}`)) {
        const taken = await this.#takeBack(name.slice(0, -ASIDE.length));
        if (taken) claims.push(taken);
      }
    }
    return { claims, setAside };
  }

  /** A record that an older version set aside because it did not know its format; undefined for what is still not to be read. */
  async #takeBack(name: string): Promise<Claim | undefined> {
    const file = path.join(this.#dir, name);
    const read = parseRecord(await readFile(`${file}${ASIDE}`), name);
    // A claim that was written anew since, as one rebuilt from its domain's mark, is newer.
    if (!("claim" in read) || (await exists(file))) return undefined;
    await rename(`${file}${ASIDE}`, file);
    await this.#syncDirectory();
    return read.claim;
  }

  async write(claim: Claim): Promise<void> {
    const file = this.#fileOf(claim.vgpuId);
    const temporary = `${file}.tmp`;
    const handle = await open(temporary, "w", 0o600);
    try {
      await handle.writeFile(renderRecord(claim));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await this.#syncDirectory();
  }

  async erase(vgpuId: VgpuId): Promise<void> {
    await unlink(this.#fileOf(vgpuId)).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
    await this.#syncDirectory();
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

  /** A rename survives a power cut only once its directory was synced. */
  async #syncDirectory(): Promise<void> {
    const handle = await open(this.#dir, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
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
      reject(
        new Error(taken ? `another vgpud uses the state directory ${path.dirname(dir)}` : messageOf(error)),
      );
    });
    server.listen(`\0vgpud-state-${dev}-${ino}`, resolve);
  });
  server.unref();
  return server;
}

function renderRecord(claim: Claim): string {
  const body = `${JSON.stringify(claim, undefined, 2)}\n`;
  return `vgpud-claim ${formatOf(claim)} sha256:${sha256(body)}\n${body}`;
}

function parseRecord(bytes: Buffer, name: string): { readonly claim: Claim } | { readonly why: string } {
  const newline = bytes.indexOf(0x0a);
  const header = HEADER.exec(bytes.subarray(0, Math.max(0, newline)).toString("latin1"));
  if (!header) return { why: "it does not begin with a vgpud-claim line" };
  const body = bytes.subarray(newline + 1);
  if (sha256(body) !== header[2]) return { why: "its checksum does not match" };
  // The checksum says that a vgpud of that format wrote these bytes. An unknown format is set aside, never guessed at.
  const claim = claimOfRecord(Number(header[1]), JSON.parse(body.toString("utf8")));
  if (!claim) return { why: `its format ${header[1] ?? ""} is not known to this version` };
  return name === `${claim.vgpuId}.json` ? { claim } : { why: `it holds claim ${claim.vgpuId}` };
}

async function moveAside(file: string, why: string): Promise<SetAside> {
  const aside = `${file}${ASIDE}`;
  await rename(file, aside);
  return { file: aside, why };
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function sha256(bytes: string | Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
