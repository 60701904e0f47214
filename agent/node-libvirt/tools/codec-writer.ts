// Turns parsed protocol descriptions into TypeScript: the types and codecs that a list of procedures reaches.
import type { Definition, Field, Protocol, WireType } from "./protocol-parser.ts";

interface Primitive {
  readonly type: string;
  readonly method: string;
}

// XDR has no item below 32 bits: char and short travel as integers.
const PRIMITIVES = new Map<string, Primitive>([
  ["int", { type: "number", method: "int" }],
  ["uint", { type: "number", method: "uint" }],
  ["char", { type: "number", method: "int" }],
  ["uchar", { type: "number", method: "uint" }],
  ["short", { type: "number", method: "int" }],
  ["ushort", { type: "number", method: "uint" }],
  ["hyper", { type: "bigint", method: "hyper" }],
  ["uhyper", { type: "bigint", method: "uhyper" }],
  ["bool", { type: "boolean", method: "bool" }],
  ["double", { type: "number", method: "double" }],
]);

const ERROR_TYPE = "virNetMessageError";

/** The text of the generated module, without its heading comment. `wanted` are names such as `domain_get_state`. */
export function writeModule(protocol: Protocol, wanted: readonly string[]): string {
  return new CodecWriter(protocol).module(wanted);
}

class CodecWriter {
  readonly #protocol: Protocol;
  /** Types reached so far, in the order in which they were met. */
  readonly #reached = new Set<string>();

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  module(wanted: readonly string[]): string {
    const numbers = new Map(wanted.map((name) => [name, this.#procedureNumber(name)]));
    this.#reach({ kind: "named", name: ERROR_TYPE });
    for (const name of wanted) {
      for (const part of ["args", "ret", "msg"]) {
        const type = `remote_${name}_${part}`;
        if (this.#protocol.types.has(type)) this.#reach({ kind: "named", name: type });
      }
    }
    const calls = wanted.filter((name) => !this.#isEvent(name));
    const events = wanted.filter((name) => this.#isEvent(name));
    return [
      this.#constants(),
      ...[...this.#reached].map((name) => this.#definition(name)),
      `export const errorCodec: Codec<${pascal(ERROR_TYPE)}> = ${codecName(ERROR_TYPE)};`,
      this.#signatures(calls),
      this.#procedureTable(calls, numbers),
      this.#eventTable(events, numbers),
    ].join("\n\n");
  }

  #constants(): string {
    return [
      `export const REMOTE_PROGRAM = 0x${this.#constant("REMOTE_PROGRAM").toString(16)};`,
      `export const REMOTE_VERSION = ${this.#constant("REMOTE_PROTOCOL_VERSION")};`,
      `/** Bytes of a message without its length word. */`,
      `export const MESSAGE_MAX = ${this.#constant("VIR_NET_MESSAGE_MAX")};`,
    ].join("\n");
  }

  #signatures(calls: readonly string[]): string {
    const lines = calls.map((name) => {
      const args = this.#typeOrNothing(`remote_${name}_args`);
      const ret = this.#typeOrNothing(`remote_${name}_ret`);
      return `  ${camel(name)}: { args: ${args}; ret: ${ret} };`;
    });
    return [
      `export interface Signatures {`,
      ...lines,
      `}`,
      `export type ProcedureName = keyof Signatures;`,
    ].join("\n");
  }

  #procedureTable(calls: readonly string[], numbers: ReadonlyMap<string, number>): string {
    const lines = calls.map((name) => {
      const args = this.#codecOrNothing(`remote_${name}_args`);
      const ret = this.#codecOrNothing(`remote_${name}_ret`);
      return `  ${camel(name)}: { number: ${numbers.get(name) ?? 0}, name: "${name}", args: ${args}, ret: ${ret} },`;
    });
    const type = `{ readonly [K in ProcedureName]: Procedure<Signatures[K]["args"], Signatures[K]["ret"]> }`;
    return [`export const procedures: ${type} = {`, ...lines, `};`].join("\n");
  }

  #eventTable(events: readonly string[], numbers: ReadonlyMap<string, number>): string {
    const lines = events.map((name) => {
      const type = `remote_${name}_msg`;
      const value = `{ number: ${numbers.get(name) ?? 0}, name: "${name}", message: ${codecName(type)} }`;
      return `  ${camel(name)}: ${value} satisfies RemoteEvent<${pascal(type)}>,`;
    });
    return [`export const remoteEvents = {`, ...lines, `};`].join("\n");
  }

  #definition(name: string): string {
    const definition = this.#lookup(name);
    if (definition.kind === "struct") return this.#struct(name, definition.fields);
    if (definition.kind === "union") return this.#union(name, definition.arms);
    throw new Error(`${name} is neither struct nor union`);
  }

  #struct(name: string, fields: readonly Field[]): string {
    const members = fields.map((field) => `  readonly ${camel(field.name)}: ${this.#type(field.type)};`);
    const writes = fields.map((field) => `    ${this.#encode(field.type, `v.${camel(field.name)}`)};`);
    const reads = fields.map((field) => `    ${camel(field.name)}: ${this.#decode(field.type)},`);
    return [
      `export interface ${pascal(name)} {\n${members.join("\n")}\n}`,
      `const ${codecName(name)}: Codec<${pascal(name)}> = {`,
      `  encode: (e, v) => {\n${writes.join("\n")}\n  },`,
      `  decode: (d) => ({\n${reads.join("\n")}\n  }),\n};`,
    ].join("\n");
  }

  #union(name: string, arms: ReadonlyMap<number, Field>): string {
    const entries = [...arms];
    const types = entries.map(
      ([arm, { type }]) => `  | { readonly type: ${arm}; readonly value: ${this.#type(type)} }`,
    );
    const writes = entries.map(
      ([arm, { type }]) => `      case ${arm}: ${this.#encode(type, "v.value")}; break;`,
    );
    const reads = entries.map(
      ([arm, { type }]) => `      case ${arm}: return { type, value: ${this.#decode(type)} };`,
    );
    const refuse = `      default: throw new XdrError(\`${pascal(name)} has no arm \${type}\`);`;
    return [
      `export type ${pascal(name)} =\n${types.join("\n")};`,
      `const ${codecName(name)}: Codec<${pascal(name)}> = {`,
      `  encode: (e, v) => {\n    e.int(v.type);\n    switch (v.type) {\n${writes.join("\n")}\n    }\n  },`,
      `  decode: (d) => {\n    const type = d.discriminant();\n    switch (type) {\n${reads.join("\n")}\n${refuse}\n    }\n  },\n};`,
    ].join("\n");
  }

  #reach(wire: WireType): void {
    const type = this.#resolve(wire);
    if ("of" in type) {
      this.#reach(type.of);
      return;
    }
    if (type.kind !== "named" || PRIMITIVES.has(type.name) || this.#reached.has(type.name)) return;
    const definition = this.#lookup(type.name);
    if (definition.kind === "enum") return;
    this.#reached.add(type.name);
    if (definition.kind === "struct") for (const field of definition.fields) this.#reach(field.type);
    if (definition.kind === "union") for (const field of definition.arms.values()) this.#reach(field.type);
  }

  #resolve(type: WireType): WireType {
    if (type.kind !== "named") return type;
    const definition = this.#protocol.types.get(type.name);
    return definition?.kind === "alias" ? this.#resolve(definition.type) : type;
  }

  #type(wire: WireType): string {
    const type = this.#resolve(wire);
    switch (type.kind) {
      case "string":
        return "string";
      case "opaque":
      case "fixed-opaque":
        return "Uint8Array";
      case "optional":
        return `${this.#type(type.of)} | null`;
      case "vector":
      case "array":
        return `readonly ${parenthesized(this.#type(type.of))}[]`;
      case "named":
        return this.#primitive(type.name)?.type ?? pascal(type.name);
    }
  }

  #encode(wire: WireType, value: string): string {
    const type = this.#resolve(wire);
    switch (type.kind) {
      case "string":
      case "opaque":
        return `e.${type.kind}(${value}, ${type.max})`;
      case "fixed-opaque":
        return `e.fixedOpaque(${value}, ${type.length})`;
      case "optional":
        return `e.optional(${value}, (x) => { ${this.#encode(type.of, "x")}; })`;
      case "vector":
        return `e.vector(${value}, ${type.max}, (x) => { ${this.#encode(type.of, "x")}; })`;
      case "array":
        return `e.array(${value}, ${type.length}, (x) => { ${this.#encode(type.of, "x")}; })`;
      case "named": {
        const primitive = this.#primitive(type.name);
        return primitive ? `e.${primitive.method}(${value})` : `${codecName(type.name)}.encode(e, ${value})`;
      }
    }
  }

  #decode(wire: WireType): string {
    const type = this.#resolve(wire);
    switch (type.kind) {
      case "string":
      case "opaque":
        return `d.${type.kind}(${type.max})`;
      case "fixed-opaque":
        return `d.fixedOpaque(${type.length})`;
      case "optional":
        return `d.optional(() => ${this.#decode(type.of)})`;
      case "vector":
        return `d.vector(${type.max}, () => ${this.#decode(type.of)})`;
      case "array":
        return `d.array(${type.length}, () => ${this.#decode(type.of)})`;
      case "named": {
        const primitive = this.#primitive(type.name);
        return primitive ? `d.${primitive.method}()` : `${codecName(type.name)}.decode(d)`;
      }
    }
  }

  /** Enumerations travel as integers, and a newer daemon may send members unknown here: they stay numbers. */
  #primitive(name: string): Primitive | undefined {
    const known = PRIMITIVES.get(name);
    if (known) return known;
    return this.#lookup(name).kind === "enum" ? PRIMITIVES.get("int") : undefined;
  }

  #typeOrNothing(name: string): string {
    return this.#protocol.types.has(name) ? pascal(name) : "undefined";
  }

  #codecOrNothing(name: string): string {
    return this.#protocol.types.has(name) ? codecName(name) : "nothing";
  }

  #isEvent(name: string): boolean {
    return this.#protocol.types.has(`remote_${name}_msg`);
  }

  #procedureNumber(name: string): number {
    return this.#constant(`REMOTE_PROC_${name.toUpperCase()}`);
  }

  #constant(name: string): number {
    const value = this.#protocol.constants.get(name);
    if (value === undefined) throw new Error(`the description has no ${name}`);
    return value;
  }

  #lookup(name: string): Definition {
    const definition = this.#protocol.types.get(name);
    if (!definition) throw new Error(`the description has no type ${name}`);
    return definition;
  }
}

/** `remote_nonnull_domain` and `domain` alike become `domain`. */
function camel(name: string): string {
  return name
    .replace(/^(remote_nonnull_|remote_)/, "")
    .replaceAll(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}

function pascal(name: string): string {
  const text = camel(name);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const codecName = (name: string): string => `${camel(name)}Codec`;

const parenthesized = (type: string): string => (type.includes("|") ? `(${type})` : type);
