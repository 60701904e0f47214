// Which vgpud is asked: that of this host by its socket, or that of another one by TLS.
import { usageError } from "../errors/cli-error.ts";
import { DEFAULT_SOCKET } from "./default-socket.ts";

export type Target = SocketTarget | TlsTarget;

export interface SocketTarget {
  readonly kind: "socket";
  readonly path: string;
}

export interface TlsTarget {
  readonly kind: "tls";
  /** A name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Files in PEM: the CAs that the host's certificate may be of, one's own certificate, and its key. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  /** That the host's certificate is to have; by default `host`. */
  readonly serverName: string | undefined;
}

const secrets = ["tls-ca", "tls-certificate", "tls-key"] as const;
/** The flags that name a target, without their dashes. */
export const targetFlags = ["socket", "address", ...secrets, "tls-server-name"] as const;

/** The flags as words of a command line, as far as one gives them a value; the usual socket needs none. */
export function targetWords(valueOf: (flag: string) => string | undefined): string[] {
  return targetFlags.flatMap((flag) => {
    const value = valueOf(flag);
    return value === undefined || (flag === "socket" && value === DEFAULT_SOCKET) ? [] : [`--${flag}`, value];
  });
}

/** The same for one that was found otherwise. */
export function wordsOf(target: Target): string[] {
  const flags: Readonly<Record<string, string | undefined>> =
    target.kind === "socket"
      ? { socket: target.path }
      : {
          address: addressOf(target),
          "tls-ca": target.ca,
          "tls-certificate": target.certificate,
          "tls-key": target.key,
          "tls-server-name": target.serverName,
        };
  return targetWords((flag) => flags[flag]);
}

/** @throws CliError for flags that do not go together, or an address that is none */
export function readTarget(valueOf: (flag: string) => string | undefined): Target {
  const address = valueOf("address");
  if (address === undefined) {
    const surplus = targetFlags.find((flag) => flag.startsWith("tls-") && valueOf(flag) !== undefined);
    if (surplus !== undefined)
      throw usageError(`--${surplus} needs --address HOST:PORT, of a host that serves TLS`);
    return { kind: "socket", path: valueOf("socket") ?? DEFAULT_SOCKET };
  }
  if (valueOf("socket") !== undefined)
    throw usageError("--socket and --address exclude each other: give one of them");
  const missing = secrets.find((flag) => valueOf(flag) === undefined);
  if (missing !== undefined)
    throw usageError(
      `--address needs --${missing}: a host lets in only who shows a certificate, and shows one itself`,
    );
  const [ca = "", certificate = "", key = ""] = secrets.map(valueOf);
  return {
    kind: "tls",
    ...hostAndPort(address),
    ca,
    certificate,
    key,
    serverName: valueOf("tls-server-name"),
  };
}

/** `[2001:db8::1]:9470`. */
export function addressOf({ host, port }: Pick<TlsTarget, "host" | "port">): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const read = readAddress(address);
  if (read === undefined)
    throw usageError(`--address takes HOST:PORT, an IPv6 address in brackets, not '${address}'`);
  return read;
}

/** Of `HOST:PORT`; undefined for what is none. */
export function readAddress(address: string): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, bare, digits = ""] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([^:\s[\]]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? bare;
  const port = Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}
