// How the vgpud of a host is reached, by what the schedule file says of its name. Pure.
import { readTarget, type Target } from "../client/target.ts";
import { CliError } from "../errors/cli-error.ts";
import { HOST, type ScheduleSettings } from "./schedule-file.ts";

const UNIX = "unix:";

/** `file` is how the schedule file is called in messages. @throws CliError for a host that it does not say how to reach */
export function targetOf(host: string, agents: ScheduleSettings["agents"], file: string): Target {
  const pattern = Object.hasOwn(agents.addresses, host) ? agents.addresses[host] : agents.address;
  if (pattern === undefined) throw lacking(`${file} says no address of host ${host}`, addressHint(file));
  const named = (text: string): string => text.replaceAll(HOST, () => nameOf(host, file));
  // The name is Placement's: what kind of an address it is in is the file's to say.
  if (pattern.startsWith(UNIX)) return { kind: "socket", path: named(pattern.slice(UNIX.length)) };
  const address = named(pattern);
  const { tls } = agents;
  if (tls === undefined)
    throw lacking(
      `${file} has no agents.tls, by which ${host} at ${address} is reached`,
      `agents.tls of ${file} takes ca, certificate and key`,
    );
  const flags: Readonly<Record<string, string | undefined>> = {
    address,
    "tls-ca": tls.ca,
    "tls-certificate": tls.certificate,
    "tls-key": tls.key,
    "tls-server-name": tls.server_name && named(tls.server_name),
  };
  return readTarget((flag) => flags[flag]);
}

/** Labels of a host's name (RFC 1123), with the underscores that some have. */
const HOSTNAME = /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)*$/;

/** Whoever may name providers in Placement must not lead anywhere with it. */
function nameOf(host: string, file: string): string {
  if (HOSTNAME.test(host)) return host;
  throw lacking(
    `host ${JSON.stringify(host)} of Placement is no host's name: name its address in agents.addresses of ${file}`,
    addressHint(file),
  );
}

/** The same for every host: where many lack theirs, it is told once. */
function addressHint(file: string): string {
  return `agents.addresses of ${file} takes the address of each host, and agents.address a pattern for all`;
}

function lacking(message: string, hint: string): CliError {
  return new CliError("usage", message, { hints: [hint], inFile: true });
}
