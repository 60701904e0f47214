// `vgpuctl set-functions`
import type { ChangeCommand } from "../command.ts";
import { usageError } from "../errors/cli-error.ts";
import { gpuAddress } from "../request/gpu-address.ts";
import { gpuAnswer } from "../view/gpu-answer.ts";

export const setFunctionsCommand: ChangeCommand = {
  kind: "change",
  name: "set-functions",
  summary: "cut a GPU of mode sriov into virtual functions; refused while any of them is used",
  operands: [
    {
      name: "GPU",
      required: true,
      help: "PCI address of the GPU, as 0000:4d:00.0",
      field: "gpu",
      offer: { kind: "live", what: "gpus" },
    },
    { name: "COUNT", required: true, help: "how many; 0 removes them", field: "count" },
  ],
  flags: [{ name: "dry-run", help: "check, and do nothing", field: "validate_only" }],
  forms: { name: "the GPU's PCI address" },
  examples: ["vgpuctl set-functions 0000:4d:00.0 8", "vgpuctl set-functions 4d:00.0 0 --dry-run"],
  // The driver provisions each of them.
  extraMs: () => 60_000,
  run: async (args, vgpud) => {
    const [address = "", word = ""] = args.operands;
    const gpu = gpuAddress(address);
    if (!/^\d{1,5}$/.test(word)) throw usageError(`COUNT is a number of virtual functions, not '${word}'`);
    const validateOnly = args.has("dry-run");
    return gpuAnswer(
      await vgpud.setVirtualFunctions({ gpu, count: Number(word), profile: undefined, validateOnly }),
    );
  },
};
