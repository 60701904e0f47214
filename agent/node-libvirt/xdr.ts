// XDR (RFC 4506), both directions. Every length is bounded before it is believed: a bad peer cannot make us allocate.

/** What was to be encoded does not fit the protocol, or what was received is not of it. */
export class XdrError extends Error {
  override readonly name = "XdrError";
}

/** How one wire type is written and read. */
export interface Codec<T> {
  encode(encoder: XdrEncoder, value: T): void;
  decode(decoder: XdrDecoder): T;
}

const padded = (length: number): number => (length + 3) & ~3;

/** Appends values to a buffer that grows; `bytes()` is what was written so far. */
export class XdrEncoder {
  #buffer: Buffer;
  #length = 0;

  constructor(sizeHint = 256) {
    this.#buffer = Buffer.allocUnsafe(Math.max(sizeHint, 64));
  }

  get length(): number {
    return this.#length;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Overwrites the unsigned integer at `offset`: for a length that is known only at the end. */
  patchUint(offset: number, value: number): void {
    this.#buffer.writeUInt32BE(value, offset);
  }

  int(value: number): void {
    if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0x7fff_ffff) {
      throw new XdrError(`${value} is not a 32-bit integer`);
    }
    const at = this.#grow(4);
    this.#buffer.writeInt32BE(value, at);
  }

  uint(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
      throw new XdrError(`${value} is not an unsigned 32-bit integer`);
    }
    const at = this.#grow(4);
    this.#buffer.writeUInt32BE(value, at);
  }

  bool(value: boolean): void {
    this.uint(value ? 1 : 0);
  }

  hyper(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new XdrError(`${value.toString()} is not a 64-bit integer`);
    const at = this.#grow(8);
    this.#buffer.writeBigInt64BE(value, at);
  }

  uhyper(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) {
      throw new XdrError(`${value.toString()} is not an unsigned 64-bit integer`);
    }
    const at = this.#grow(8);
    this.#buffer.writeBigUInt64BE(value, at);
  }

  double(value: number): void {
    const at = this.#grow(8);
    this.#buffer.writeDoubleBE(value, at);
  }

  fixedOpaque(value: Uint8Array, length: number): void {
    if (value.length !== length) throw new XdrError(`opaque of ${value.length} bytes must hold ${length}`);
    const at = this.#grow(padded(length));
    this.#buffer.set(value, at);
    this.#buffer.fill(0, at + length, this.#length);
  }

  opaque(value: Uint8Array, max: number): void {
    if (value.length > max) throw new XdrError(`opaque of ${value.length} bytes exceeds ${max}`);
    this.uint(value.length);
    this.fixedOpaque(value, value.length);
  }

  string(value: string, max: number): void {
    const length = Buffer.byteLength(value);
    if (length > max) throw new XdrError(`string of ${length} bytes exceeds ${max}`);
    // The peer's strings end at the first NUL: what follows it would be checked here and ignored there.
    if (value.includes("\0")) throw new XdrError("string holds a NUL byte");
    this.uint(length);
    const at = this.#grow(padded(length));
    this.#buffer.write(value, at, length, "utf8");
    this.#buffer.fill(0, at + length, this.#length);
  }

  optional<T>(value: T | null, encodeOne: (value: T) => void): void {
    this.bool(value !== null);
    if (value !== null) encodeOne(value);
  }

  array<T>(values: readonly T[], length: number, encodeOne: (value: T) => void): void {
    if (values.length !== length) throw new XdrError(`array of ${values.length} must hold ${length}`);
    for (const value of values) encodeOne(value);
  }

  vector<T>(values: readonly T[], max: number, encodeOne: (value: T) => void): void {
    if (values.length > max) throw new XdrError(`array of ${values.length} exceeds ${max}`);
    this.uint(values.length);
    for (const value of values) encodeOne(value);
  }

  #grow(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    this.#length = needed;
    return at;
  }
}

/** Reads values from a received message; throws XdrError at its end or at a length past the protocol's bound. */
export class XdrDecoder {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#buffer.length - this.#at;
  }

  /** Throws unless everything was read. */
  end(): void {
    if (this.left > 0) throw new XdrError(`${this.left} bytes left over`);
  }

  int(): number {
    return this.#buffer.readInt32BE(this.#step(4));
  }

  uint(): number {
    return this.#buffer.readUInt32BE(this.#step(4));
  }

  /** The selector of a union; the generated decoder refuses one it does not know. */
  discriminant(): number {
    return this.int();
  }

  bool(): boolean {
    const value = this.uint();
    if (value > 1) throw new XdrError(`boolean is ${value}`);
    return value === 1;
  }

  hyper(): bigint {
    return this.#buffer.readBigInt64BE(this.#step(8));
  }

  uhyper(): bigint {
    return this.#buffer.readBigUInt64BE(this.#step(8));
  }

  double(): number {
    return this.#buffer.readDoubleBE(this.#step(8));
  }

  /** A copy: what a caller keeps must not hold the whole message in memory. */
  fixedOpaque(length: number): Uint8Array {
    const at = this.#step(padded(length));
    return Uint8Array.from(this.#buffer.subarray(at, at + length));
  }

  opaque(max: number): Uint8Array {
    return this.fixedOpaque(this.#bounded(max));
  }

  string(max: number): string {
    const length = this.#bounded(max);
    const at = this.#step(padded(length));
    const text = this.#buffer.toString("utf8", at, at + length);
    if (text.includes("\0")) throw new XdrError("string holds a NUL byte");
    return text;
  }

  optional<T>(decodeOne: () => T): T | null {
    return this.bool() ? decodeOne() : null;
  }

  array<T>(length: number, decodeOne: () => T): T[] {
    const values: T[] = [];
    for (let index = 0; index < length; index += 1) values.push(decodeOne());
    return values;
  }

  vector<T>(max: number, decodeOne: () => T): T[] {
    const length = this.#bounded(max);
    // No XDR item is shorter than 4 bytes, so a longer count is a lie whatever the protocol allows.
    if (length > this.left / 4) throw new XdrError(`array of ${length} in ${this.left} bytes`);
    return this.array(length, decodeOne);
  }

  #bounded(max: number): number {
    const length = this.uint();
    if (length > max) throw new XdrError(`length ${length} exceeds ${max}`);
    return length;
  }

  #step(count: number): number {
    const at = this.#at;
    if (count > this.left) throw new XdrError(`message ends ${count - this.left} bytes early`);
    this.#at = at + count;
    return at;
  }
}

/** A procedure without arguments, or one whose reply holds nothing. */
export const nothing: Codec<undefined> = {
  encode: () => undefined,
  decode: () => undefined,
};
