// Where the consoles of a domain listen, as its XML says (libvirt: docs/formatdomain.rst, "Graphical framebuffers"). Of a
// password nothing is read.
import { attributeOf, childOf, childrenOf, type Element } from "../core/xml.ts";
import type { Console } from "../inventory/model.ts";

const kinds = ["vnc", "spice"] as const satisfies readonly Console["kind"][];

/** VNC and SPICE servers; other displays are on no network. */
export function readConsoles(devices: Element | undefined): Console[] {
  return childrenOf(devices, "graphics").flatMap((graphics) => {
    const kind = kinds.find((known) => known === attributeOf(graphics, "type"));
    return kind === undefined ? [] : [{ kind, at: placeOf(graphics) }];
  });
}

/** QEMU has one `<listen>` for each; libvirt repeats it in attributes, which are all that older versions have. */
function placeOf(graphics: Element): Console["at"] {
  const listen = childOf(graphics, "listen");
  const socket = given(attributeOf(listen, "socket")) ?? given(attributeOf(graphics, "socket"));
  switch (attributeOf(listen, "type") || (socket === undefined ? "address" : "socket")) {
    case "none":
      return { on: "nowhere" };
    case "socket":
      return { on: "socket", path: socket };
    default:
      return {
        on: "address",
        address: given(attributeOf(listen, "address")) ?? given(attributeOf(graphics, "listen")),
        port: portOf(graphics, "port"),
        tlsPort: portOf(graphics, "tlsPort"),
        websocketPort: portOf(graphics, "websocket"),
      };
  }
}

/** -1 stands for one that libvirt chooses when the domain starts. */
function portOf(graphics: Element, name: string): number | undefined {
  const port = Number(attributeOf(graphics, name) || NaN);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

function given(text: string): string | undefined {
  return text === "" ? undefined : text;
}
