// A decoder that reads nothing and makes values up: run through a codec it gives arbitrary values of that codec's type.
import { XdrDecoder } from "../../../agent/node-libvirt/xdr.ts";

const TEXTS = ["", "a", "vm-7", "größe", "漢字", "<domain/>", "x".repeat(1000), "\u{1f600}"];

export class InventingDecoder extends XdrDecoder {
  readonly #next: () => number;

  /** `next` gives unsigned 32-bit integers. */
  constructor(next: () => number) {
    super(Buffer.alloc(0));
    this.#next = next;
  }

  override int(): number {
    return this.#next() | 0;
  }

  override uint(): number {
    return this.#next();
  }

  /** libvirt's one union has the arms 1 to 7. */
  override discriminant(): number {
    return 1 + (this.#next() % 7);
  }

  override bool(): boolean {
    return this.#next() % 2 === 1;
  }

  override hyper(): bigint {
    return BigInt.asIntN(64, this.uhyper());
  }

  override uhyper(): bigint {
    return (BigInt(this.#next()) << 32n) | BigInt(this.#next());
  }

  override double(): number {
    return this.#next() / 7;
  }

  override fixedOpaque(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#next() % 256);
  }

  override opaque(max: number): Uint8Array {
    return this.fixedOpaque(this.#next() % Math.min(max, 40));
  }

  override string(max: number): string {
    const text = TEXTS[this.#next() % TEXTS.length] ?? "";
    return Buffer.byteLength(text) <= max ? text : "";
  }

  override optional<T>(decodeOne: () => T): T | null {
    return this.bool() ? decodeOne() : null;
  }

  override vector<T>(max: number, decodeOne: () => T): T[] {
    return this.array(this.#next() % Math.min(max, 5), decodeOne);
  }
}
