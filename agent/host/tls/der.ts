// Reads DER (X.690), as far as certificates and revocation lists are looked at here: Node.js has no call for what a list says.

/** One element: its tag byte, what it holds, and all of its bytes. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  objectIdentifier: 0x06,
  sequence: 0x30,
  utcTime: 0x17,
  generalizedTime: 0x18,
  /** `[0]` and so on, constructed: optional parts of a structure. */
  context0: 0xa0,
  context1: 0xa1,
  context2: 0xa2,
} as const;

/** The elements that stand one after the other. @throws Error for bytes that are no DER */
export function derElements(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = elementAt(bytes, at);
    elements.push(element);
    at += element.whole.length;
  }
  return elements;
}

/** The elements inside the one sequence that the bytes are. @throws Error for anything else */
export function derSequence(bytes: Buffer): DerElement[] {
  const [outer, surplus] = derElements(bytes);
  if (outer?.tag !== TAG.sequence || surplus) throw new Error("it is no DER sequence");
  return derElements(outer.content);
}

function elementAt(bytes: Buffer, at: number): DerElement {
  const tag = bytes[at] ?? 0;
  const first = bytes[at + 1];
  if (first === undefined) throw new Error("its DER ends too early");
  // Lengths of 128 bytes and more say first how many bytes they have.
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 4 || (first >= 0x80 && lengthBytes === 0)) throw new Error("its DER has a wrong length");
  const start = at + 2 + lengthBytes;
  if (start > bytes.length) throw new Error("its DER ends too early");
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes);
  const end = start + length;
  if (end > bytes.length) throw new Error("its DER ends too early");
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) };
}
