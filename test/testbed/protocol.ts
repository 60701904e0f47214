// What harness and guest agent say to each other on the virtio-serial port: one JSON object a line, bytes as base64.
// Runs on both sides, so it imports nothing.

/** Name of the port; QEMU gives it, the guest finds the device by it. */
export const portName = "vgpud.testbed";

const fields = {
  // to the guest
  hello: { now: "number" },
  run: { command: "string", stdin: "string" },
  kill: { signal: "string" },
  write: { path: "string", mode: "number", data: "string" },
  connect: { address: "string" },
  listen: { port: "number" },
  // to the host
  ready: { boot: "string" },
  out: { stream: "number", data: "string" },
  exit: { code: "number" },
  done: {},
  fail: { text: "string" },
  accepted: { connection: "number" },
  // both ways, on a connection
  data: { data: "string" },
  end: {},
} as const satisfies Record<string, Record<string, "number" | "string">>;

type Fields = typeof fields;
type Value = { readonly number: number; readonly string: string };
type Body<F> = { readonly [K in keyof F]: F[K] extends keyof Value ? Value[F[K]] : never };

/**
 * A message; `id` names the command, listener or connection it belongs to and is chosen by the host. Of a connection that a listener
 * has accepted it is the guest's `connection`, which is negative.
 */
export type Message = {
  [Op in keyof Fields]: { readonly op: Op; readonly id: number } & Body<Fields[Op]>;
}[keyof Fields];

function isMessage(value: unknown): value is Message {
  if (typeof value !== "object" || value === null) return false;
  const entries = new Map<string, unknown>(Object.entries(value));
  const op = entries.get("op");
  if (typeof op !== "string" || !Object.hasOwn(fields, op) || typeof entries.get("id") !== "number")
    return false;
  const shape = new Map<string, Record<string, string>>(Object.entries(fields)).get(op) ?? {};
  return Object.entries(shape).every(([name, type]) => typeof entries.get(name) === type);
}

export function encode(message: Message): string {
  return `${JSON.stringify(message)}\n`;
}

/** The message in a line; undefined for anything else, such as what a restored line was torn off from. */
export function decode(line: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isMessage(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Cuts a stream of bytes into lines; what follows the last newline waits for the next chunk. */
export class LineSplitter {
  #rest = Buffer.alloc(0);

  push(chunk: Buffer): string[] {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const lines: string[] = [];
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10)) {
      lines.push(bytes.toString("utf8", 0, at));
      bytes = bytes.subarray(at + 1);
    }
    this.#rest = Buffer.from(bytes);
    return lines;
  }
}
