// Asks xenstore for nodes, one request at a time and synchronously (Xen: xen/include/public/io/xs_wire.h, docs/misc/xenstore.txt).
// Only what reads: a directory's names and a node's value.

/** The way to xenstored: bytes as they are, in pieces of any length. */
export interface Channel {
  /** Writes all of it; false when xenstored has not taken it in time. */
  write(bytes: Buffer): boolean;
  /** Waits for bytes and puts some into the buffer; how many. Undefined when none have come in time. */
  read(into: Buffer): number | undefined;
  /** The time that xenstored has for all it is asked. */
  readonly patienceMs: number;
}

/** xsd_sockmsg_type. */
const DIRECTORY = 1;
const READ = 2;
const ERROR = 16;

const HEADER_BYTES = 16;
/** XENSTORE_PAYLOAD_MAX: a directory with more names is answered with E2BIG. */
const MAX_PAYLOAD_BYTES = 4096;
const NO_TRANSACTION = 0;

/** xenstored has not answered, so that nothing is known. */
export class XenstoreSilence extends Error {
  override readonly name = "XenstoreSilence";
  /** The node that it was asked for. */
  readonly asked: string;
  readonly waitedMs: number;

  constructor(asked: string, waitedMs: number) {
    super(`xenstored has not answered within ${waitedMs} ms when asked for ${asked}`);
    this.asked = asked;
    this.waitedMs = waitedMs;
  }
}

/** xenstored refused, by the name of an errno. */
export class XenstoreError extends Error {
  override readonly name = "XenstoreError";
  readonly code: string;
  readonly syscall: string;
  /** The node. */
  readonly path: string;

  constructor(code: string, syscall: string, path: string) {
    super(`${code}: ${syscall} of ${path}`);
    this.code = code;
    this.syscall = syscall;
    this.path = path;
  }
}

export class Xenstore {
  readonly #channel: Channel;
  #lastRequest = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Names below a node; none where there is no such node. @throws XenstoreError or XenstoreSilence */
  names(path: string): readonly string[] {
    const names = this.#ask(DIRECTORY, path);
    return names === undefined || names.length === 0 ? [] : texts(names);
  }

  /** Undefined where there is no such node. @throws XenstoreError or XenstoreSilence */
  value(path: string): string | undefined {
    return this.#ask(READ, path)?.toString("utf8");
  }

  #ask(type: typeof DIRECTORY | typeof READ, path: string): Buffer | undefined {
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    const payload = Buffer.from(`${path}\0`);
    const message = Buffer.concat([header([type, request, NO_TRANSACTION, payload.length]), payload]);
    if (!this.#channel.write(message)) throw this.#silence(path);
    const head = this.#bytes(HEADER_BYTES, path);
    const [answered = 0, to = 0, , length = 0] = [0, 4, 8, 12].map((offset) => head.readUInt32LE(offset));
    if (to !== request || length > MAX_PAYLOAD_BYTES) throw new Error("xenstored breaks its protocol");
    const answer = this.#bytes(length, path);
    if (answered === type) return answer;
    const [code = ""] = texts(answer);
    if (answered !== ERROR || !/^E[A-Z0-9]{1,15}$/.test(code))
      throw new Error("xenstored breaks its protocol");
    if (code === "ENOENT") return undefined;
    throw new XenstoreError(code, type === DIRECTORY ? "xenstore directory" : "xenstore read", path);
  }

  /** Of what was said of the node. */
  #bytes(count: number, path: string): Buffer {
    const bytes = Buffer.alloc(count);
    for (let at = 0; at < count;) {
      const more = this.#channel.read(bytes.subarray(at));
      if (more === undefined) throw this.#silence(path);
      if (more === 0) throw new Error("xenstored has closed the channel");
      at += more;
    }
    return bytes;
  }

  #silence(path: string): XenstoreSilence {
    return new XenstoreSilence(path, this.#channel.patienceMs);
  }
}

/** Four words in the order of the processor, which is x86's. */
function header(words: readonly [number, number, number, number]): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word, index * 4);
  return bytes;
}

/** Each ends with a zero byte. */
function texts(bytes: Buffer): readonly string[] {
  return bytes.toString("utf8").replace(/\0$/, "").split("\0");
}
