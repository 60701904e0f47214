// Tells why a host cannot be asked by TLS. grpc-js says no more than that no connection was established.
import { once } from "node:events";
import { isIP } from "node:net";
import { checkServerIdentity, connect, type TLSSocket } from "node:tls";
import { systemClock as clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { CliError } from "../errors/cli-error.ts";
import type { Limit } from "./limit.ts";
import { STUCK_THERE } from "./stuck.ts";
import { addressOf, type TlsTarget } from "./target.ts";
import type { TlsFiles } from "./tls-files.ts";

export interface TlsReach {
  readonly target: TlsTarget;
  readonly files: TlsFiles;
  readonly timeout: Limit;
  readonly signal: AbortSignal;
}

/** Connects, waits for the host's first word, and lets go: in TLS 1.3 a client is refused only after its own handshake is over. */
export async function requireSecure({ target, files, timeout, signal }: TlsReach): Promise<void> {
  const socket = secureSocket(target, files);
  // Whatever is waited for ends with it, too.
  using deadline = new Deadline(timeout.ms, { stop: signal, clock });
  const until = { signal: deadline.signal };
  try {
    await once(socket, "secureConnect", until);
    const closed = once(socket, "close", until).then(() => "closed" as const);
    const spoken = once(socket, "data", until).then(() => "spoken" as const);
    closed.catch(() => undefined);
    if ((await Promise.race([spoken, closed])) === "closed") throw refused(target, files);
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (signal.aborted)
      throw new CliError("interrupted", "interrupted before vgpud was asked", { cause: error });
    if (deadline.isOver && !socket.connecting) throw silent(target, timeout, error);
    throw unreachable({ target, files, timeout }, error);
  } finally {
    socket.on("error", () => undefined);
    socket.destroy();
  }
}

/** What grpc-js and we alike ask of the host's certificate. */
export function nameToCheck({ host, serverName }: TlsTarget): string {
  return serverName ?? host;
}

/** Server name indication has names alone (RFC 6066); a host has one certificate whatever it is called. */
export function indicatedName(target: TlsTarget): string {
  const name = nameToCheck(target);
  return isIP(name) === 0 ? name : "vgpud";
}

function secureSocket(target: TlsTarget, { ca, certificate, key }: TlsFiles): TLSSocket {
  return connect({
    host: target.host,
    port: target.port,
    ca,
    cert: certificate,
    key,
    minVersion: "TLSv1.3",
    ALPNProtocols: ["h2"],
    servername: indicatedName(target),
    checkServerIdentity: (_, shown) => checkServerIdentity(nameToCheck(target), shown),
  });
}

/** A connection is taken by the kernel, too, for a process that is stopped or hangs. */
function silent(target: TlsTarget, late: Limit, cause: unknown): CliError {
  const why = `what listens at ${addressOf(target)} takes connections and says nothing`;
  return new CliError("unreachable", `vgpud does not answer: ${why}`, {
    hints: [STUCK_THERE],
    late,
    cause,
  });
}

/** The host tells no stranger why; what is plain to see of one's own certificate is said here. */
function refused(target: TlsTarget, { own }: TlsFiles): CliError {
  const uris = own.subjectAltName?.includes("URI:") === true;
  const over = Date.parse(own.validTo) <= Date.now();
  return new CliError("permission", `vgpud at ${addressOf(target)} does not let this certificate in`, {
    lines: [
      `  ${target.certificate}: ${own.subject.split("\n").join(", ")}, serial ${own.serialNumber}`,
      ...(over ? [`  it has expired: ${own.validTo}`] : []),
      ...(uris ? [] : ["  it has no URI among its alternative names, by which roles are given"]),
    ],
    hints: [
      `that host's log says why: journalctl -u vgpud.service --grep '${own.serialNumber}|TLS connection refused'`,
    ],
  });
}

/** The time for it was over. */
const LATE = "ABORT_ERR";
/** Nobody took the connection. */
const UNREACHED: ReadonlySet<string> = new Set([
  ...["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"],
  ...[LATE, "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"],
]);

function unreachable({ target, files, timeout }: Omit<TlsReach, "signal">, error: unknown): CliError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  // An alert, or an end in the middle: the host took part and broke off.
  if (/^ERR_SSL_.*ALERT/.test(code)) return refused(target, files);
  const { why, hint } = reasonOf(code, target, error);
  return new CliError("unreachable", `vgpud does not answer: ${why}`, {
    kind: UNREACHED.has(code) ? "unreached" : undefined,
    hints: [hint],
    late: code === LATE ? timeout : undefined,
    cause: error,
  });
}

function reasonOf(
  code: string,
  target: TlsTarget,
  error: unknown,
): { readonly why: string; readonly hint: string } {
  const at = addressOf(target);
  const listens = "on that host tls.listen names where vgpud listens, and its log says TLS when it does";
  switch (code) {
    case "ECONNREFUSED":
      return {
        why: `nobody listens at ${at}`,
        hint: `vgpud may not be running there: systemctl status vgpud.service; ${listens}`,
      };
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return {
        why: `the name ${target.host} is not known`,
        hint: "give its IP address, with --tls-server-name for its certificate",
      };
    case LATE:
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return {
        why: `no connection to ${at} came about${code === LATE ? " in time" : ` (${code})`}`,
        hint: "that host is off or out of reach, or a firewall or IPAddressAllow= of its vgpud.service drops what comes from here",
      };
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return {
        why: `the certificate of ${at} is not one of ${nameToCheck(target)}`,
        hint: "--tls-server-name takes the name that its certificate has, where the address is another one",
      };
    case "CERT_HAS_EXPIRED":
      return {
        why: `the certificate of ${at} has expired`,
        hint: "it is to be renewed on that host, in its place (tls.certificate)",
      };
    case "ECONNRESET":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return { why: `what listens at ${at} does not speak TLS 1.3, or is full`, hint: listens };
    default:
      return {
        why: `the certificate of ${at} is not trusted (${code === "" ? String(error) : code})`,
        hint: `--tls-ca takes the CAs that hosts have their certificates of; ${target.ca} has not that one`,
      };
  }
}
