// `vgpuctl host`
import type { ReadCommand } from "../command.ts";
import { hostText } from "../view/host-view.ts";
import { messageJson } from "../view/json.ts";
import { watchFlags } from "../terminal/watch.ts";

export const hostCommand: ReadCommand = {
  kind: "read",
  name: "host",
  summary: "show the host, the agent and its connection to libvirt",
  operands: [],
  flags: watchFlags,
  forms: { name: "the host's name" },
  examples: ["vgpuctl host"],
  run: async (_args, vgpud) => {
    const response = await vgpud.getHost({});
    const { host } = response;
    return {
      json: messageJson(response),
      text: host ? hostText(host) : [],
      names: host ? [host.hostname] : [],
    };
  },
};
