// Parses the subset of the RPC language (RFC 5531, 12) that libvirt's protocol descriptions use.

export type WireType =
  | { readonly kind: "named"; readonly name: string }
  | { readonly kind: "string"; readonly max: number }
  | { readonly kind: "opaque"; readonly max: number }
  | { readonly kind: "fixed-opaque"; readonly length: number }
  | { readonly kind: "vector"; readonly max: number; readonly of: WireType }
  | { readonly kind: "array"; readonly length: number; readonly of: WireType }
  | { readonly kind: "optional"; readonly of: WireType };

export interface Field {
  readonly name: string;
  readonly type: WireType;
}

export type Definition =
  | { readonly kind: "alias"; readonly type: WireType }
  | { readonly kind: "enum"; readonly members: ReadonlyMap<string, number> }
  | { readonly kind: "struct"; readonly fields: readonly Field[] }
  | { readonly kind: "union"; readonly arms: ReadonlyMap<number, Field> };

export interface Protocol {
  readonly constants: Map<string, number>;
  readonly types: Map<string, Definition>;
}

const WIDTHS = new Set(["int", "hyper", "char", "short"]);

/** Adds the definitions in `text` to `protocol`, whose constants may be used by it. */
export function parseProtocol(text: string, protocol: Protocol): void {
  const plain = text.replaceAll(/\/\*[\s\S]*?\*\//g, " ").replaceAll(/^%.*$/gm, "");
  const tokens = plain.match(/[A-Za-z_]\w*|0x[0-9a-fA-F]+|-?\d+|[{}()<>[\]=;,:*]/g) ?? [];
  new Parser(tokens, protocol).definitions();
}

class Parser {
  readonly #tokens: readonly string[];
  readonly #protocol: Protocol;
  #at = 0;

  constructor(tokens: readonly string[], protocol: Protocol) {
    this.#tokens = tokens;
    this.#protocol = protocol;
  }

  definitions(): void {
    while (this.#at < this.#tokens.length) {
      const keyword = this.#next();
      if (keyword === ";") continue;
      if (keyword === "const") this.#constant();
      else if (keyword === "typedef") this.#typedef();
      else if (keyword === "enum") this.#enumeration();
      else if (keyword === "struct") this.#struct();
      else if (keyword === "union") this.#union();
      else throw new Error(`unexpected '${keyword}' ${this.#place()}`);
    }
  }

  #constant(): void {
    const name = this.#next();
    this.#expect("=");
    this.#protocol.constants.set(name, this.#value());
    this.#expect(";");
  }

  #typedef(): void {
    const { name, type } = this.#field();
    this.#expect(";");
    this.#protocol.types.set(name, { kind: "alias", type });
  }

  #enumeration(): void {
    const name = this.#next();
    const members = new Map<string, number>();
    this.#expect("{");
    while (!this.#accept("}")) {
      const member = this.#next();
      this.#expect("=");
      const value = this.#value();
      members.set(member, value);
      this.#protocol.constants.set(member, value);
      this.#accept(",");
    }
    this.#protocol.types.set(name, { kind: "enum", members });
  }

  #struct(): void {
    const name = this.#next();
    const fields: Field[] = [];
    this.#expect("{");
    while (!this.#accept("}")) {
      fields.push(this.#field());
      this.#expect(";");
    }
    this.#protocol.types.set(name, { kind: "struct", fields });
  }

  #union(): void {
    const name = this.#next();
    const arms = new Map<number, Field>();
    for (const token of ["switch", "("]) this.#expect(token);
    this.#field();
    for (const token of [")", "{"]) this.#expect(token);
    while (!this.#accept("}")) {
      this.#expect("case");
      const value = this.#value();
      this.#expect(":");
      arms.set(value, this.#field());
      this.#expect(";");
    }
    this.#protocol.types.set(name, { kind: "union", arms });
  }

  /** type-specifier, then `name`, `*name`, `name<max>` or `name[length]`. */
  #field(): Field {
    const base = this.#typeName();
    const optional = this.#accept("*");
    const name = this.#next();
    const type = this.#suffix(base);
    return { name, type: optional ? { kind: "optional", of: type } : type };
  }

  #suffix(base: string): WireType {
    const of: WireType = { kind: "named", name: base };
    if (this.#accept("<")) {
      const max = this.#value();
      this.#expect(">");
      if (base === "string" || base === "opaque") return { kind: base, max };
      return { kind: "vector", max, of };
    }
    if (this.#accept("[")) {
      const length = this.#value();
      this.#expect("]");
      return base === "opaque" ? { kind: "fixed-opaque", length } : { kind: "array", length, of };
    }
    return of;
  }

  #typeName(): string {
    const name = this.#next();
    if (name === "enum" || name === "struct") return this.#next();
    if (name !== "unsigned") return name;
    return WIDTHS.has(this.#peek()) ? `u${this.#next()}` : "uint";
  }

  #value(): number {
    const token = this.#next();
    if (/^[-\d]/.test(token)) return Number(token);
    const value = this.#protocol.constants.get(token);
    if (value === undefined) throw new Error(`unknown constant '${token}' ${this.#place()}`);
    return value;
  }

  #peek(): string {
    return this.#tokens[this.#at] ?? "";
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Error(`the description ends early ${this.#place()}`);
    this.#at += 1;
    return token;
  }

  #accept(token: string): boolean {
    const found = this.#peek() === token;
    if (found) this.#at += 1;
    return found;
  }

  #expect(token: string): void {
    if (!this.#accept(token)) throw new Error(`expected '${token}' ${this.#place()}`);
  }

  #place(): string {
    return `near '${this.#tokens.slice(Math.max(0, this.#at - 6), this.#at + 3).join(" ")}'`;
  }
}
