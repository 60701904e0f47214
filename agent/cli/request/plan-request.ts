// Pure: the words and flags of `vgpuctl plan` as a request. Refuses only what cannot be put into one; the rest vgpud checks.
import { PlanRequest, type ApertureSize, type PlanItem } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { VgpuRequest } from "../../../proto/gen/vgpud/v1/placement.ts";
import { didYouMean } from "../../core/suggest.ts";
import { usageError } from "../errors/cli-error.ts";
import type { Arguments } from "../line/arguments.ts";
import { modes, modeWord } from "./create-words.ts";
import { needText } from "./need-words.ts";
import { flavorOf, modeOf, needsOf, pair, preferences, sizesOf } from "./vgpu-want.ts";
import { gpuAddress } from "./gpu-address.ts";

/** The word that stands for what `--flavor-metadata` says. */
const FLAVOR = "flavor";
/** Between needs of which any will do. */
const OR = "/";

export function planRequest(args: Arguments): PlanRequest {
  const flavor = flavorOf(args);
  const words = args.operands.map(countedWord);
  const named = words.some(({ word }) => word === FLAVOR);
  const all = flavor && !named ? [...words, { word: FLAVOR, count: undefined }] : words;
  if (all.length === 0)
    throw usageError(
      "WANT is missing: a type, sizes as 128,512,4, a mode or needs as gvt-g,low-gm=128/sriov, here or by --flavor-metadata",
    );
  return PlanRequest.fromPartial({
    items: all.map(({ word, count }) => planItem(wantOf(word, flavor), count, args)),
    whatIf: {
      withoutGpus: args.texts("without-gpu").map(gpuAddress),
      withoutForeign: args.has("without-foreign"),
      empty: args.has("empty"),
      apertures: args.texts("aperture").map(apertureOf),
    },
  });
}

/** How an item is called where it is shown: the word that asked for it. */
export function wantText({ vgpu }: PlanItem): string {
  const want = vgpu?.want;
  switch (want?.$case) {
    case "type":
      return want.value;
    case "sizes":
      return [want.value.vgtLowGmSz, want.value.vgtHighGmSz, want.value.vgtFenceSz].join();
    case "mode":
      return modeWord(want.value);
    case "flavor":
      return FLAVOR;
    case "needs":
      return want.value.anyOf.map(needText).join(OR);
    case undefined:
      return "-";
  }
}

interface CountedWord {
  readonly word: string;
  readonly count: number | undefined;
}

/** `WANT` or `WANT:COUNT`. */
function countedWord(text: string): CountedWord {
  const [, word, count] = /^([^:]+)(?::(\d{1,9}))?$/.exec(text) ?? [];
  if (word === undefined) throw usageError(`WANT takes a count as i915-GVTg_V5_4:2, not '${text}'`);
  return { word, count: count === undefined ? undefined : Number(count) };
}

function wantOf(word: string, flavor: VgpuRequest["want"]): VgpuRequest["want"] {
  if (word !== FLAVOR)
    return sizesOf(word) ?? modeOf(word) ?? needsIn(word) ?? { $case: "type", value: typeNamed(word) };
  if (flavor === undefined) throw usageError("the word flavor needs --flavor-metadata");
  return flavor;
}

/** What has amounts or alternatives and does not begin as sizes do; undefined for another form. */
function needsIn(word: string): VgpuRequest["want"] {
  return /^[a-z-]+[,/]/i.test(word) ? needsOf(word.split(OR)) : undefined;
}

/** What was meant as a mode or as sizes is no type, whatever the host offers. */
function typeNamed(word: string): string {
  const words = Object.keys(modes);
  if (words.includes(word.toLowerCase()))
    throw usageError(`WANT takes as a mode ${words.join(", ")}, not '${word}'`, didYouMean(word, words));
  if (/,|^\d/.test(word))
    throw usageError(
      `WANT takes sizes as 128,512,4 (low GM MiB, high GM MiB, fences), three whole numbers without a unit, not '${word}'`,
    );
  return word;
}

function planItem(want: VgpuRequest["want"], count: number | undefined, args: Arguments): PlanItem {
  const vgpu = VgpuRequest.create();
  return { vgpu: { ...vgpu, ...preferences(args, vgpu), want }, count };
}

function apertureOf(text: string): ApertureSize {
  const [gpu, mib] = pair("aperture", text, "ADDRESS=MIB");
  if (!/^\d{1,9}$/.test(mib)) throw usageError(`--aperture takes ADDRESS=MIB, not '${text}'`);
  return { gpu: gpuAddress(gpu), apertureMib: Number(mib) };
}
