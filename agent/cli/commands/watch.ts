// `vgpuctl watch`
import type { LiveCommand } from "../command.ts";
import { changeColumns, columnsHead } from "../changes/change-line.ts";
import { kindsOperand, showChanges } from "../changes/shown.ts";
import { messageJson } from "../view/json.ts";
import { isDocument, streamedText } from "../view/output.ts";

export const watchCommand: LiveCommand = {
  kind: "live",
  documents: true,
  name: "watch",
  summary: "all there is and then each change of it, a line each; -o json: the items of the stream",
  operands: [kindsOperand],
  flags: [{ name: "no-headers", help: "no line above the others" }],
  examples: ["vgpuctl watch", "vgpuctl watch domain operation", "vgpuctl watch vgpu -o json"],
  run: (args, vgpud, environment) => {
    const format = args.text("output");
    if (isDocument(format))
      return showChanges(args, vgpud, environment, () => async (item) => {
        environment.write(await streamedText(messageJson(item), format));
      });
    return showChanges(args, vgpud, environment, (write) => {
      if (!args.has("no-headers")) write(columnsHead);
      return (_item, told) => {
        for (const each of told) write(changeColumns(each));
      };
    });
  },
};
