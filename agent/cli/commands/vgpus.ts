// `vgpuctl vgpus`
import type { Answer, ReadCommand } from "../command.ts";
import { messageJson } from "../view/json.ts";
import { listFlags } from "../line/list-flags.ts";
import { allPages, PAGE_SIZE, sortedBy } from "../client/pages.ts";
import { vgpuOperand, vgpuRef } from "../request/vgpu-ref.ts";
import { printable } from "../view/paint.ts";
import { vgpuDetail, vgpuList } from "../view/vgpu-view.ts";
import { failureText } from "../view/words.ts";
import type { Vgpud } from "../client/vgpud.ts";

export const vgpusCommand: ReadCommand = {
  kind: "read",
  name: "vgpus",
  summary: "list the vGPUs, whoever made them, or show one",
  operands: [{ ...vgpuOperand, required: false }],
  flags: listFlags,
  forms: { name: "vGPU ids" },
  examples: ["vgpuctl vgpus", "vgpuctl vgpus -o json", "vgpuctl vgpus --watch -o json"],
  run: async (args, vgpud) => {
    const [named] = args.operands;
    if (named === undefined) return listVgpus(vgpud);
    const response = await vgpud.getVgpu({ vgpu: vgpuRef(named) });
    const { vgpu } = response;
    const json = messageJson(response);
    return vgpu ? { json, text: vgpuDetail(vgpu), names: [vgpu.vgpuId] } : { json, text: [], names: [] };
  },
};

async function listVgpus(vgpud: Vgpud): Promise<Answer> {
  const pages = await allPages((pageToken) => vgpud.listVgpus({ pageSize: PAGE_SIZE, pageToken }));
  const [{ resumeToken, observeTime }] = pages;
  const incomplete = pages.find((page) => page.incomplete !== undefined)?.incomplete;
  const vgpus = sortedBy(
    pages.flatMap((page) => page.vgpus),
    (vgpu) => `${vgpu.gpu} ${vgpu.vgpuId}`,
  );
  const json = messageJson({ vgpus, resumeToken, observeTime, incomplete });
  const why = failureText(incomplete);
  const messages =
    why === undefined
      ? []
      : [printable(`warning: without those that only domains of others tell of: ${why}`)];
  const names = vgpus.map(({ vgpuId }) => vgpuId);
  if (vgpus.length === 0) return { json, text: [], names, messages: [...messages, "this host has no vGPU"] };
  return { json, text: vgpuList(vgpus), names, messages };
}
