// What a terminal in raw mode gives, taken apart into keys. Pure.

/** A control sequence of ECMA-48, one of the keypad's (SS3), or one character. */
const KEY = /\u001b\[[\u0030-\u003f]*[\u0020-\u002f]*[\u0040-\u007e]|\u001bO[\u0040-\u007e]|./gsu;

/** Keys that were pressed fast, repeated or pasted come in one piece. */
export function keyStrokes(piece: string): readonly string[] {
  return piece.match(KEY) ?? [];
}
