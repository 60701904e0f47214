// A xenstored that answers on a channel: nodes by path, as Xen's daemon keeps them.
import type { Channel } from "../../agent/hostd/xenstore.ts";

/** xsd_sockmsg_type. */
const [DIRECTORY, READ, ERROR] = [1, 2, 16];

export class FakeXenstore implements Channel {
  /** Answers for these nodes instead of what is there: an errno's name. */
  readonly refusals = new Map<string, string>();
  readonly #nodes: ReadonlyMap<string, string>;
  /** Bytes of an answer are handed out so many at a time. */
  readonly #piece: number;
  readonly patienceMs = 5000;
  #request = Buffer.alloc(0);
  #answer = Buffer.alloc(0);

  constructor(nodes: Readonly<Record<string, string>>, piece = Infinity) {
    this.#nodes = new Map(Object.entries(nodes));
    this.#piece = piece;
  }

  write(bytes: Buffer): boolean {
    this.#request = Buffer.concat([this.#request, bytes]);
    const length = this.#request.length < 16 ? Infinity : 16 + this.#request.readUInt32LE(12);
    if (this.#request.length < length) return true;
    const [type, id] = [this.#request.readUInt32LE(0), this.#request.readUInt32LE(4)];
    const path = this.#request.toString("utf8", 16, length - 1);
    this.#request = this.#request.subarray(length);
    this.#answer = Buffer.concat([this.#answer, this.answerTo(type, id, path)]);
    return true;
  }

  read(into: Buffer): number | undefined {
    const count = Math.min(into.length, this.#piece, this.#answer.length);
    this.#answer.copy(into, 0, 0, count);
    this.#answer = this.#answer.subarray(count);
    return count;
  }

  protected answerTo(type: number, id: number, path: string): Buffer {
    const refusal = this.refusals.get(path);
    if (refusal !== undefined) return message(ERROR, id, `${refusal}\0`);
    if (type !== READ && type !== DIRECTORY) return message(ERROR, id, "ENOSYS\0");
    const below = [...this.#nodes.keys()].filter((node) => node.startsWith(`${path}/`));
    if (below.length === 0 && !this.#nodes.has(path)) return message(ERROR, id, "ENOENT\0");
    // Whoever writes a node makes those above it, without a value.
    if (type === READ) return message(READ, id, this.#nodes.get(path) ?? "");
    const names = new Set(below.map((node) => node.slice(path.length + 1).split("/")[0]));
    return message(DIRECTORY, id, [...names].map((name) => `${name ?? ""}\0`).join(""));
  }
}

function message(type: number, id: number, payload: string): Buffer {
  const body = Buffer.from(payload);
  const head = Buffer.alloc(16);
  for (const [index, word] of [type, id, 0, body.length].entries()) head.writeUInt32LE(word, index * 4);
  return Buffer.concat([head, body]);
}

/** What Xen's tools keep of a guest. */
export function guestNodes(
  domid: number,
  given: {
    readonly uuid: string;
    readonly name?: string;
    readonly type?: string;
    readonly pci?: readonly string[];
    /** Of a device model on the host. */
    readonly devicePid?: number;
  },
): Readonly<Record<string, string>> {
  const own = `/local/domain/${domid}`;
  const bus = `/local/domain/0/backend/pci/${domid}/0`;
  const { uuid, name = `guest-${domid}`, type, pci = [], devicePid } = given;
  return {
    [`${own}/vm`]: `/vm/${uuid}`,
    [`${own}/name`]: name,
    [`${own}/memory/target`]: "524288",
    ...(devicePid === undefined ? {} : { [`${own}/image/device-model-pid`]: String(devicePid) }),
    ...(type === undefined ? {} : { [`/libxl/${domid}/type`]: type }),
    ...(pci.length === 0
      ? {}
      : { [`${bus}/num_devs`]: String(pci.length), [`${bus}/frontend-id`]: String(domid) }),
    ...Object.fromEntries(
      pci.flatMap((address, index) => [
        [`${bus}/key-${index}`, address],
        [`${bus}/dev-${index}`, address],
        [`${bus}/state-${index}`, "3"],
      ]),
    ),
  };
}
