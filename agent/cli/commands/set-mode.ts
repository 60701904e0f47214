// `vgpuctl set-mode`
import { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { modes } from "../../core/modes.ts";
import { didYouMean } from "../../core/suggest.ts";
import { gpuAnswer } from "../view/gpu-answer.ts";
import type { ChangeCommand } from "../command.ts";
import { usageError } from "../errors/cli-error.ts";
import { gpuAddress } from "../request/gpu-address.ts";

/** No mode is set: the GPU is in the one that is seen at work. */
const AUTO = "auto";
const wireModes: Readonly<Record<string, Mode>> = {
  "gvt-g": Mode.GVT_G,
  "gvt-d": Mode.GVT_D,
  "gvt-s": Mode.GVT_S,
  sriov: Mode.SRIOV,
  [AUTO]: Mode.UNSPECIFIED,
} satisfies Record<(typeof modes)[number] | typeof AUTO, Mode>;
const words = Object.keys(wireModes);

export const setModeCommand: ChangeCommand = {
  kind: "change",
  name: "set-mode",
  summary: "share a GPU in another mode; refused while anything of it is in use",
  operands: [
    {
      name: "GPU",
      required: true,
      help: "PCI address of the GPU, as 0000:00:02.0",
      field: "gpu",
      offer: { kind: "live", what: "gpus" },
    },
    {
      name: "MODE",
      required: true,
      help: `${modes.join(", ")}, or auto: the one that is seen at work`,
      field: "mode",
      offer: { kind: "words", words },
    },
  ],
  flags: [{ name: "dry-run", help: "check, and do nothing", field: "validate_only" }],
  forms: { name: "the GPU's PCI address" },
  examples: ["vgpuctl set-mode 0000:03:00.0 gvt-s", "vgpuctl set-mode 00:02.0 auto --dry-run"],
  // The host's driver takes seconds to give a GPU up or to start it.
  extraMs: () => 30_000,
  run: async (args, vgpud) => {
    const [address = "", word = ""] = args.operands;
    const gpu = gpuAddress(address);
    const mode = wireModes[word];
    if (mode === undefined)
      throw usageError(`MODE is one of ${words.join(", ")}, not '${word}'`, didYouMean(word, words));
    const validateOnly = args.has("dry-run");
    return gpuAnswer(await vgpud.setGpuMode({ gpu, mode, validateOnly }), { validateOnly });
  },
};
