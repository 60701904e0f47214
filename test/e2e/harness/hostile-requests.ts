// Requests as somebody who means harm, or a broken client, would send them: a valid one with one to three fields changed.
// What there is to change is read from the contract's descriptors, so that a new field is tried without being named here.
import {
  createFileRegistry,
  fromBinary,
  ScalarType,
  toBinary,
  type DescMessage,
  type Registry,
} from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { readFile } from "node:fs/promises";

/** Where a change goes, and what it puts there: numbers that choose among what the descriptors and lists offer. */
interface Mutation {
  /** At each message on the way down: which of its fields. */
  readonly way: readonly number[];
  readonly value: number;
}

type Field = ReflectMessage["fields"][number];

/** Values that a request of this host may name, as paths and ids that exist there. */
export type Known = readonly string[];

/** Characters of two bytes: more than 64 KiB, and a list that is full of them still fits into the memory of a small machine. */
const LONG = 33_000;
const strings: readonly string[] = [
  ...["", " ", "\0", "a\nb", "\u001b[2J", "\u202e", "𝒳", "\uffff", "%s%n", "'", '"', "<x/>", "&lt;", "]]>"],
  ...["../..", "/", "/dev/zero", "/etc/passwd", "//", "a/b", "__proto__", "constructor", "toString", "null"],
  ...["0", "-1", "1e9", "0000:00:02.0", "0000:00:02.8", "i915-GVTg_V5_4", "127.0.0.1", "::", "x".repeat(256)],
  "\u00e4".repeat(LONG),
];
const integers = [0, 1, -1, 2, 7, 64, 255, 256, 65_535, 65_536, 2 ** 31 - 1, -(2 ** 31)] as const;
const MANY = 3_000;
/** A little more than the socket takes: of a longer message only the beginning is sent. */
const LARGEST_BYTES = 17 * 1024 * 1024;
/** Of so many requests one is no longer a message at all, or another one. */
const ONE_IN = 40;

export class Contract {
  readonly #registry: Registry;

  private constructor(registry: Registry) {
    this.#registry = registry;
  }

  static async load(): Promise<Contract> {
    const file = new URL("../../../../proto/gen/descriptor.binpb", import.meta.url);
    return new Contract(createFileRegistry(fromBinary(FileDescriptorSetSchema, await readFile(file))));
  }

  /** What the method takes, as `/vgpud.v1.DomainService/CreateDomain`. */
  request(path: string): DescMessage {
    const [, service = "", name] = path.split("/");
    const method = this.#registry.getService(service)?.methods.find((one) => one.name === name);
    if (method?.methodKind !== "unary" && method?.methodKind !== "server_streaming")
      throw new Error(`the contract has no method ${path} that takes one request`);
    return method.input;
  }
}

/** `count` requests from the valid ones, the same for the same seed; each is made when it is asked for, since many are large. */
export function* hostileRequests(
  type: DescMessage,
  valid: readonly Uint8Array[],
  { known, seed, count }: { readonly known: Known; readonly seed: number; readonly count: number },
): Generator<Buffer, void> {
  const mutation = fc.record({
    way: fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
    value: fc.nat(),
  });
  const plan = fc.record({
    from: fc.nat(),
    changes: fc.array(mutation, { minLength: 1, maxLength: 3 }),
    harm: fc.nat(),
  });
  const words = [...strings, ...known];
  for (const { from, changes, harm } of fc.sample(plan, { seed, numRuns: count })) {
    const original = valid[from % valid.length] ?? new Uint8Array();
    const message = reflect(type, fromBinary(type, original));
    for (const change of changes) mutate(message, change, words);
    // A copy of what is sent, and not a view that keeps all of it.
    const bytes = Buffer.from(toBinary(type, message.message).subarray(0, LARGEST_BYTES));
    yield harm % ONE_IN === 0 ? damaged(bytes, Math.floor(harm / ONE_IN)) : bytes;
  }
}

function mutate(message: ReflectMessage, { way, value }: Mutation, words: readonly string[]): void {
  const [choice = 0, ...deeper] = way;
  const field = message.fields[choice % Math.max(1, message.fields.length)];
  if (!field) return;
  switch (field.fieldKind) {
    case "message": {
      if (deeper.length === 0 || value % 8 === 0) {
        message.clear(field);
        return;
      }
      const child = message.isSet(field) ? message.get(field) : reflect(field.message);
      mutate(child, { way: deeper, value }, words);
      message.set(field, child);
      return;
    }
    case "list":
      mutateList(message, field, { way: deeper, value }, words);
      return;
    case "map":
      for (const key of [words[value % words.length], words[(value + 1) % words.length]])
        if (field.mapKind === "scalar" && key !== undefined)
          message.get(field).set(key, scalar(field.scalar, value, words));
      return;
    case "enum":
      message.set(field, integers[value % integers.length]);
      return;
    case "scalar":
      message.set(field, scalar(field.scalar, value, words));
  }
}

function mutateList(
  message: ReflectMessage,
  field: Extract<Field, { fieldKind: "list" }>,
  { way, value }: Mutation,
  words: readonly string[],
): void {
  const list = message.get(field);
  const item = (): unknown => {
    if (field.listKind === "enum") return integers[value % integers.length];
    if (field.listKind === "scalar") return scalar(field.scalar, value, words);
    const child = reflect(field.message);
    mutate(child, { way, value }, words);
    return child;
  };
  const first = list.get(0);
  switch (value % 5) {
    case 0:
      list.clear();
      return;
    case 1:
      for (let n = 0; n < MANY; n += 1) list.add(first ?? item());
      return;
    case 2:
      if (first !== undefined) list.add(first);
      return;
    default:
      if (first !== undefined && field.listKind === "message")
        mutate(first as ReflectMessage, { way, value }, words);
      else list.add(item());
  }
}

function scalar(type: ScalarType, value: number, words: readonly string[]): unknown {
  const integer = integers[value % integers.length] ?? 0;
  switch (type) {
    case ScalarType.STRING:
      return words[value % words.length];
    case ScalarType.BOOL:
      return value % 2 === 0;
    case ScalarType.BYTES:
      return new Uint8Array(value % LONG);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return value % 3 === 0 ? -(2n ** 63n) : BigInt(integer) * 2n ** 31n;
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return BigInt(Math.abs(integer));
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return Math.abs(integer);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return integer;
  }
}

/** Bytes that break off, or say another thing in one place. */
function damaged(bytes: Buffer, where: number): Buffer {
  if (where % 2 === 0) return bytes.subarray(0, where % (bytes.length + 1));
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[where % copy.length] = where % 256;
  return copy;
}
