// A console in a form that can be given to a viewer, or in words where there is none.
import { ConsoleListen, type Console } from "../../../proto/gen/vgpud/v1/domain.ts";

export function consoleText({ kind, uri, listen, websocketPort }: Console): string {
  if (uri === "")
    return `${kind} (${listen === ConsoleListen.NOWHERE ? "listens nowhere" : "where is not known"})`;
  return websocketPort === undefined ? uri : `${uri} (WebSockets: port ${websocketPort})`;
}
