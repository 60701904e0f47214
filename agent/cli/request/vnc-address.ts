// Where a VNC console listens, as written on the command line.
import { isIP } from "node:net";

export interface VncAddress {
  /** An IP address. */
  readonly listen: string;
  /** Absent: any free one. */
  readonly port?: number;
}

/** `ADDRESS`, `ADDRESS:PORT` or `[IPV6]:PORT`; undefined when it is none of them. */
export function parseVncAddress(text: string): VncAddress | undefined {
  if (isIP(text) !== 0) return { listen: text };
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const listen = v6 ?? v4 ?? "";
  if (isIP(listen) !== (v6 === undefined ? 4 : 6)) return undefined;
  return port === undefined ? { listen } : { listen, port: Number(port) };
}
