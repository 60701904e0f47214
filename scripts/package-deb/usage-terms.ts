// The options of a program, out of the usage that it prints. Pure.
import type { Term } from "./man-page.ts";

/** A line of an option begins below two blanks; its meaning stands behind two or more, and goes on in lines further in. */
const OPTION = /^ {2}(-\S*(?: \S+)*)(?: {2,}(\S.*))?$/;
const GOES_ON = /^ {3,}(\S.*)$/;

/** In the order of `usage`. An option without a word of meaning has the empty one. */
export function usageTerms(usage: string): readonly Term[] {
  const terms: Term[] = [];
  for (const line of usage.split("\n")) {
    const [, option, meaning = ""] = OPTION.exec(line) ?? [];
    const [, more] = GOES_ON.exec(line) ?? [];
    const last = terms.at(-1);
    if (option !== undefined) terms.push([option, meaning]);
    else if (more !== undefined && last !== undefined)
      terms[terms.length - 1] = [last[0], `${last[1]} ${more}`];
  }
  return terms;
}
