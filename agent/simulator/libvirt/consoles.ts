// What the consoles of a simulated domain listen on while it runs: libvirt chooses free ports at each start, and shows them in
// the running domain's XML alone.
import { childOf, elementsOf, type Element } from "../../core/xml.ts";
import type { Definition } from "./definition.ts";
import { portTaken } from "./refusals.ts";
import { element } from "./written-xml.ts";

/** From here up libvirt takes free ones (qemu.conf: remote_display_port_min, remote_websocket_port_min). */
const FIRST_PORT = 5900;
const FIRST_WEBSOCKET = 5700;

interface Opener {
  readonly id: number;
  readonly pid: number;
  readonly definition: Definition;
}

export class Consoles {
  /** By the process that listens on them. */
  readonly #ports = new Map<number, Set<number>>();

  /** The definition as it runs: with ports and addresses where they were to be chosen. @throws LibvirtError; nothing is taken then */
  open({ id, pid, definition }: Opener): Definition {
    const own = new Set<number>();
    const take = (wanted: number | undefined, first: number): number => this.#take(own, wanted, first);
    const folder = `/var/lib/libvirt/qemu/domain-${id}-${definition.name}`;
    const open = (device: Element): Element => (isServer(device) ? opened(device, folder, take) : device);
    const children = elementsOf(definition.root).map((child) =>
      child.name === "devices" ? { ...child, children: elementsOf(child).map(open) } : child,
    );
    this.#ports.set(pid, own);
    return { ...definition, root: { ...definition.root, children } };
  }

  close(pid: number): void {
    this.#ports.delete(pid);
  }

  /** The host has booted: nothing listens. */
  reboot(): void {
    this.#ports.clear();
  }

  /** The port that is wanted, or the first free one. */
  #take(own: Set<number>, wanted: number | undefined, first: number): number {
    const taken = new Set([...this.#ports.values(), own].flatMap((ports) => [...ports]));
    if (wanted !== undefined && taken.has(wanted)) throw portTaken(wanted);
    let port = wanted ?? first;
    while (taken.has(port)) port += 1;
    own.add(port);
    return port;
  }
}

function isServer({ name, attributes: { type } }: Element): boolean {
  return name === "graphics" && (type === "vnc" || type === "spice");
}

type Take = (wanted: number | undefined, first: number) => number;

function opened(graphics: Element, folder: string, take: Take): Element {
  const { attributes } = graphics;
  const { type = "", port, autoport, websocket } = attributes;
  const listen = childOf(graphics, "listen")?.attributes ?? {};
  const socket = listen["socket"] ?? attributes["socket"];
  // A SPICE server that is given no port listens nowhere (qemuProcessGraphicsSetupListen).
  const without = type === "spice" && port === undefined && autoport !== "yes" ? "none" : "address";
  switch (listen["type"] ?? (socket === undefined ? without : "socket")) {
    case "none":
      return listening(graphics, { type: "none" });
    case "socket":
      return listening(graphics, { type: "socket", socket: socket ?? `${folder}/${type}.sock` });
    default: {
      const address = listen["address"] ?? attributes["listen"] ?? "127.0.0.1";
      const isChosen = autoport === "yes" || port === undefined || port === "-1";
      const ports = {
        port: String(take(isChosen ? undefined : Number(port), FIRST_PORT)),
        autoport: isChosen ? "yes" : "no",
        ...(websocket === undefined ? {} : { websocket: String(websocketPort(websocket, take)) }),
      };
      const open = { ...graphics, attributes: { ...attributes, ...ports, listen: address } };
      return listening(open, { type: "address", address });
    }
  }
}

function websocketPort(given: string, take: Take): number {
  return take(given === "-1" ? undefined : Number(given), FIRST_WEBSOCKET);
}

function listening(graphics: Element, listen: Element["attributes"]): Element {
  const others = elementsOf(graphics).filter(({ name }) => name !== "listen");
  return { ...graphics, children: [element("listen", listen), ...others] };
}
