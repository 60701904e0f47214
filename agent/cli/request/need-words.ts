// Pure: what a vGPU has to give at least, as written on the command line: `gvt-g,low-gm=128`, and the same back.
import { VgpuNeed } from "../../../proto/gen/vgpud/v1/placement.ts";
import { usageError } from "../errors/cli-error.ts";
import { didYouMean } from "../../core/suggest.ts";
import { modes, modeWord } from "./create-words.ts";

/** The words for amounts, each with the field that it sets. */
const amounts = {
  "low-gm": "minLowGmMib",
  "high-gm": "minHighGmMib",
  fences: "minFences",
  vram: "minVramMib",
  ggtt: "minGgttMib",
} as const satisfies Record<string, keyof VgpuNeed>;

/** How one is written, for help. */
export const NEED_FORM = "MODE[,low-gm=MIB][,high-gm=MIB][,fences=N][,vram=MIB][,ggtt=MIB]";

/** `MODE` and amounts, each once; which amounts go with which mode vgpud knows. */
export function needOf(text: string): VgpuNeed {
  const [mode = "", ...parts] = text.split(",");
  if (!isMode(mode)) {
    const words = Object.keys(modes);
    throw usageError(`a need begins with one of ${words.join(", ")}, not '${mode}'`, didYouMean(mode, words));
  }
  const said: Partial<Record<(typeof amounts)[keyof typeof amounts], number>> = {};
  for (const part of parts) {
    const [, word = part, number] = /^([a-z-]+)=(\d{1,9})$/.exec(part) ?? [];
    if (number === undefined || !isAmount(word)) {
      const words = Object.keys(amounts);
      const hint = didYouMean(word.replace(/=.*/, ""), words);
      throw usageError(`a need takes amounts as ${words.join("=N, ")}=N, not '${part}'`, hint);
    }
    if (said[amounts[word]] !== undefined) throw usageError(`'${text}' names ${word} twice`);
    said[amounts[word]] = Number(number);
  }
  return { ...VgpuNeed.fromJSON(said), mode: modes[mode] };
}

/** As it would be written. */
export function needText(need: VgpuNeed): string {
  const said = Object.entries(amounts).flatMap(([word, field]) =>
    Number(need[field]) === 0 ? [] : [`${word}=${need[field]}`],
  );
  return [modeWord(need.mode), ...said].join();
}

function isMode(word: string): word is keyof typeof modes {
  return Object.hasOwn(modes, word);
}

function isAmount(word: string): word is keyof typeof amounts {
  return Object.hasOwn(amounts, word);
}
