// Pure: what a vGPU is to be, from the flags and words that say it.
import { VgtSizes, VgpuRequest } from "../../../proto/gen/vgpud/v1/placement.ts";
import { usageError } from "../errors/cli-error.ts";
import type { Arguments } from "../line/arguments.ts";
import { modes, policies } from "./create-words.ts";
import { gpuAddress } from "./gpu-address.ts";
import { needOf } from "./need-words.ts";

type Want = NonNullable<VgpuRequest["want"]>;

/** What the flags ask for; undefined where a reservation says it and they say nothing of it. */
export function vgpuOf(args: Arguments): VgpuRequest | undefined {
  const want = wantOf(args);
  const placed = ["gpu", "policy", "numa"].some((flag) => args.has(flag));
  if (want === undefined && args.has("reservation") && !placed) return undefined;
  if (want === undefined)
    throw usageError("one of --type, --sizes, --mode, --need and --flavor-metadata is required");
  const vgpu = VgpuRequest.create();
  return { ...vgpu, ...preferences(args, vgpu), want };
}

export function wantOf(args: Arguments): Want | undefined {
  args.atMostOne("type", "sizes", "mode", "need", "flavor-metadata");
  const type = args.text("type");
  if (type !== undefined) return { $case: "type", value: type };
  const mode = args.choice("mode", modes);
  if (mode !== undefined) return { $case: "mode", value: mode };
  if (args.has("need")) return needsOf(args.texts("need"));
  const sizes = args.text("sizes");
  if (sizes === undefined) return flavorOf(args);
  const want = sizesOf(sizes);
  if (want !== undefined) return want;
  throw usageError(
    `--sizes takes three whole numbers as 128,512,4 (low GM MiB, high GM MiB, fences), not '${sizes}'`,
  );
}

/** Each is one that will do, the first before the others. */
export function needsOf(texts: readonly string[]): Want {
  return { $case: "needs", value: { anyOf: texts.map(needOf) } };
}

/** `LOW,HIGH,FENCES`; undefined for another form. */
export function sizesOf(text: string): Want | undefined {
  const [, low, high, fences] = /^(\d{1,9}),(\d{1,9}),(\d{1,9})$/.exec(text) ?? [];
  if (low === undefined) return undefined;
  const value = { vgtLowGmSz: Number(low), vgtHighGmSz: Number(high), vgtFenceSz: Number(fences) };
  return { $case: "sizes", value: VgtSizes.fromPartial(value) };
}

/** What `--flavor-metadata` says, each time one key; undefined when it is not given. */
export function flavorOf(args: Arguments): Want | undefined {
  const entries = args.texts("flavor-metadata").map((text) => pair("flavor-metadata", text, "KEY=VALUE"));
  if (entries.length === 0) return undefined;
  const metadata: Record<string, string> = {};
  for (const [key, value] of entries) {
    if (Object.hasOwn(metadata, key)) throw usageError(`--flavor-metadata names ${key} twice`);
    metadata[key] = value;
  }
  return { $case: "flavor", value: { metadata } };
}

/** A value in two parts, at the first `=`. */
export function pair(flag: string, text: string, form: string): readonly [key: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw usageError(`--${flag} takes ${form}, not '${text}'`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Where it may go, over what is written already. */
export function preferences(
  args: Arguments,
  written: Pick<VgpuRequest, "gpu" | "policy" | "numa">,
): Pick<VgpuRequest, "gpu" | "policy" | "numa"> {
  const node = args.integer("numa");
  return {
    gpu: args.has("gpu") ? gpuAddress(args.text("gpu") ?? "") : written.gpu,
    policy: args.choice("policy", policies) ?? (node === undefined ? written.policy : policies.numa),
    numa: node === undefined ? written.numa : { node },
  };
}

export function modeOf(text: string): Want | undefined {
  const mode = Object.hasOwn(modes, text) ? modes[text as keyof typeof modes] : undefined;
  return mode === undefined ? undefined : { $case: "mode", value: mode };
}
