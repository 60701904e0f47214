// `vgpuctl version`
import type { LocalCommand } from "../command.ts";

export const versionCommand: LocalCommand = {
  kind: "local",
  name: "version",
  summary: "show the version of vgpuctl; that of vgpud is shown by host",
  operands: [],
  flags: [],
  examples: ["vgpuctl version"],
  run: (_args, { version }) => ({
    json: { version },
    text: [{ kind: "lines", lines: [`vgpuctl ${version}`] }],
  }),
};
