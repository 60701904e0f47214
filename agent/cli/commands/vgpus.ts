// `vgpuctl vgpus`
import type { Answer, ReadCommand } from "../command.ts";
import { messageJson } from "../json.ts";
import { allPages, PAGE_SIZE, sortedBy } from "../pages.ts";
import { vgpuDetail, vgpuList } from "../vgpu-view.ts";
import type { Vgpud } from "../vgpud.ts";

export const vgpusCommand: ReadCommand = {
  kind: "read",
  name: "vgpus",
  summary: "list the vGPUs, whoever made them, or show one",
  operands: [{ name: "VGPU_ID", required: false, help: "the vGPU's UUID", field: "vgpu" }],
  flags: [],
  examples: ["vgpuctl vgpus", "vgpuctl vgpus -o json"],
  run: async (args, vgpud) => {
    const [vgpuId] = args.operands;
    if (vgpuId === undefined) return listVgpus(vgpud);
    const response = await vgpud.getVgpu({ vgpu: { ref: { $case: "vgpuId", value: vgpuId } } });
    return { json: messageJson(response), text: response.vgpu ? vgpuDetail(response.vgpu) : [] };
  },
};

async function listVgpus(vgpud: Vgpud): Promise<Answer> {
  const pages = await allPages((pageToken) => vgpud.listVgpus({ pageSize: PAGE_SIZE, pageToken }));
  const [{ resumeToken, observeTime }] = pages;
  const vgpus = sortedBy(
    pages.flatMap((page) => page.vgpus),
    (vgpu) => `${vgpu.gpu} ${vgpu.vgpuId}`,
  );
  const json = messageJson({ vgpus, resumeToken, observeTime });
  if (vgpus.length === 0) return { json, text: [], messages: ["this host has no vGPU"] };
  return { json, text: vgpuList(vgpus) };
}
