// `vgpuctl drain` and `vgpuctl undrain`
import type { Gpu } from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { Host } from "../../../proto/gen/vgpud/v1/host.ts";
import { allPages, PAGE_SIZE } from "../client/pages.ts";
import type { Vgpud } from "../client/vgpud.ts";
import type { Answer, ChangeCommand, Operand } from "../command.ts";
import { gpuAnswer } from "../view/gpu-answer.ts";
import { hostText } from "../view/host-view.ts";
import { messageJson } from "../view/json.ts";
import { gpuAddress } from "../request/gpu-address.ts";
import { targetWords } from "../client/target.ts";
import { lineFor } from "../line/shell-line.ts";

const gpuOperand: Operand = {
  name: "GPU",
  required: false,
  help: "PCI address of the GPU, as 0000:00:02.0 or 00:02.0; without it the whole host",
  field: "gpu",
  offer: { kind: "live", what: "gpus" },
};

export const drainCommand: ChangeCommand = {
  kind: "change",
  name: "drain",
  summary: "make no new vGPUs on a GPU, or on the whole host; what exists goes on",
  operands: [gpuOperand],
  flags: [{ name: "note", value: "TEXT", help: "why, for people", field: "note" }],
  forms: { name: "the GPU's PCI address, or the host's name" },
  examples: [
    "vgpuctl drain --note 'kernel update on Friday'",
    "vgpuctl drain 0000:03:00.0 --note 'fan is loud'",
  ],
  extraMs: () => 0,
  run: async (args, vgpud) => {
    const [gpu] = args.operands;
    const note = args.text("note") ?? "";
    return gpu === undefined
      ? hostAnswer(await vgpud.drainHost({ note }))
      : gpuAnswer(await vgpud.drainGpu({ gpu: gpuAddress(gpu), note }));
  },
};

export const undrainCommand: ChangeCommand = {
  kind: "change",
  name: "undrain",
  summary: "make new vGPUs again on a GPU, or on the host; GPUs drained by themselves stay so",
  operands: [gpuOperand],
  flags: [],
  forms: { name: "the GPU's PCI address, or the host's name" },
  examples: ["vgpuctl undrain", "vgpuctl undrain 0000:03:00.0"],
  extraMs: () => 0,
  run: async (args, vgpud) => {
    const [gpu] = args.operands;
    if (gpu !== undefined) return gpuAnswer(await vgpud.undrainGpu({ gpu: gpuAddress(gpu) }));
    // Asked first: where the list fails, nothing was changed.
    const still = await drainedGpus(vgpud);
    const line = lineFor(targetWords((flag) => args.text(flag)));
    const { json, ...answer } = hostAnswer(await vgpud.undrainHost({}));
    return {
      ...answer,
      json: { ...json, drained_gpus: still.map(({ pciAddress }) => pciAddress) },
      messages: still.map(({ pciAddress, drainNote }) => {
        const why = drainNote === "" ? "" : ` (${drainNote})`;
        return `GPU ${pciAddress} is still drained${why}: ${line("undrain", pciAddress)}`;
      }),
    };
  },
};

/** Those that were drained by themselves: who undrains the host may not have thought of them. */
async function drainedGpus(vgpud: Vgpud): Promise<readonly Gpu[]> {
  const pages = await allPages((pageToken) => vgpud.listGpus({ pageSize: PAGE_SIZE, pageToken }));
  return pages.flatMap(({ gpus }) => gpus).filter(({ drained }) => drained);
}

function hostAnswer(response: { readonly host: Host | undefined }): Answer {
  const { host } = response;
  return {
    json: messageJson(response),
    text: host ? hostText(host) : [],
    names: host ? [host.hostname] : [],
  };
}
