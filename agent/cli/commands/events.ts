// `vgpuctl events`
import type { LiveCommand } from "../command.ts";
import { eventLine } from "../changes/change-line.ts";
import { kindsOperand, showChanges } from "../changes/shown.ts";

export const eventsCommand: LiveCommand = {
  kind: "live",
  name: "events",
  summary: "what happens from now on, a line each",
  operands: [kindsOperand],
  flags: [],
  examples: ["vgpuctl events", "vgpuctl events domain"],
  run: (args, vgpud, environment) =>
    showChanges(args, vgpud, environment, (write) => (_item, told) => {
      for (const each of told) {
        const line = each.what === "snapshot" ? undefined : eventLine(each);
        if (line !== undefined) write(line);
      }
    }),
};
