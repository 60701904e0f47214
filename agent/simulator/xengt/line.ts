// Pure: what a write to create_vgt_instance says, as both generations of XenGT read it (Igvtg-kernel, vgt/sysfs.c; gvt-linux,
// gvt/xengt.c): sscanf of one word without spaces, and then of numbers in it.

const MAX_WORD = 63;
const FIELDS = 6;

export interface Wish {
  readonly domid: number;
  readonly lowMib: number;
  readonly highMib: number;
  readonly fences: number;
}

export type VgtLine =
  | { readonly kind: "make"; readonly wish: Wish }
  | { readonly kind: "remove"; readonly domid: number }
  | { readonly kind: "wrong" };

export function readLine(text: string): VgtLine {
  const word = text.trimStart().split(/\s/)[0]?.slice(0, MAX_WORD) ?? "";
  const [domid = 0, lowMib = 0, highMib = 0, fences = 0, ...more] = numbersIn(word);
  const count = numbersIn(word).length;
  if (count === 1) return domid < 0 ? { kind: "remove", domid: -domid } : { kind: "wrong" };
  // Of a line of five fields the cap is what was on the stack; here that is 0.
  const [primary = -1, cap = 0] = more;
  const fits = domid > 0 && lowMib > 0 && highMib >= 0 && fences > 0;
  if (count < 4 || !fits || primary < -1 || primary > 1 || cap < 0 || cap > 100) return { kind: "wrong" };
  return { kind: "make", wish: { domid, lowMib, highMib, fences } };
}

/** Up to the first that is none. */
function numbersIn(word: string): readonly number[] {
  const numbers: number[] = [];
  for (let rest = word; numbers.length < FIELDS;) {
    const [found] = /^[-+]?[0-9]+/.exec(rest) ?? [];
    if (found === undefined) break;
    numbers.push(Number(found));
    rest = rest.slice(found.length);
    if (!rest.startsWith(",")) break;
    rest = rest.slice(1);
  }
  return numbers;
}
