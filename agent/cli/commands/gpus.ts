// `vgpuctl gpus`
import type { Answer, ReadCommand } from "../command.ts";
import { gpuDetail, gpuList } from "../view/gpu-view.ts";
import { messageJson } from "../view/json.ts";
import { gpuAddress } from "../request/gpu-address.ts";
import { listFlags } from "../line/list-flags.ts";
import { allPages, PAGE_SIZE, sortedBy } from "../client/pages.ts";
import type { Vgpud } from "../client/vgpud.ts";

/** Says what discovery looks for, so that it can be compared with what `lspci -nn` shows. */
const NO_GPU =
  "this host has no Intel GPU: no PCI display function (class 0300 or 0380) of vendor 8086 was found";

export const gpusCommand: ReadCommand = {
  kind: "read",
  name: "gpus",
  summary: "list the GPUs and what can still be made on them, or show one",
  operands: [
    {
      name: "ADDRESS",
      required: false,
      help: "PCI address, as 0000:00:02.0 or 00:02.0",
      field: "gpu",
      offer: { kind: "live", what: "gpus" },
    },
  ],
  flags: listFlags,
  forms: { name: "PCI addresses" },
  examples: ["vgpuctl gpus", "vgpuctl gpus 0000:00:02.0", "vgpuctl gpus --watch"],
  run: async (args, vgpud) => {
    const [address] = args.operands;
    if (address === undefined) return listGpus(vgpud);
    const response = await vgpud.getGpu({ gpu: gpuAddress(address) });
    const { gpu } = response;
    return {
      json: messageJson(response),
      text: gpu ? gpuDetail(gpu) : [],
      names: gpu ? [gpu.pciAddress] : [],
    };
  },
};

async function listGpus(vgpud: Vgpud): Promise<Answer> {
  const pages = await allPages((pageToken) => vgpud.listGpus({ pageSize: PAGE_SIZE, pageToken }));
  const [{ resumeToken, observeTime }] = pages;
  const gpus = sortedBy(
    pages.flatMap((page) => page.gpus),
    (gpu) => gpu.pciAddress,
  );
  const json = messageJson({ gpus, resumeToken, observeTime });
  const names = gpus.map(({ pciAddress }) => pciAddress);
  if (gpus.length === 0) return { json, text: [], names, messages: [NO_GPU] };
  return { json, text: gpuList(gpus), names };
}
