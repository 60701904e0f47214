// How the vgpud of a host is reached, by what the schedule file says of its name. Pure.
import { readTarget, type Target } from "../client/target.ts";
import { CliError } from "../errors/cli-error.ts";
import { HOST, type ScheduleSettings } from "./schedule-file.ts";

const UNIX = "unix:";

/** `file` is how the schedule file is called in messages. @throws CliError for a host that it does not say how to reach */
export function targetOf(host: string, agents: ScheduleSettings["agents"], file: string): Target {
  const address = addressOf(host, agents);
  if (address === undefined)
    throw lacking(`${file} says no address of host ${host}: agents.addresses, or the pattern agents.address`);
  if (address.startsWith(UNIX)) return { kind: "socket", path: address.slice(UNIX.length) };
  const { tls } = agents;
  if (tls === undefined)
    throw lacking(`${file} has no agents.tls, by which ${host} at ${address} is reached`);
  const flags: Readonly<Record<string, string | undefined>> = {
    address,
    "tls-ca": tls.ca,
    "tls-certificate": tls.certificate,
    "tls-key": tls.key,
    "tls-server-name": tls.server_name?.replaceAll(HOST, host),
  };
  return readTarget((flag) => flags[flag]);
}

function addressOf(host: string, { address, addresses }: ScheduleSettings["agents"]): string | undefined {
  return Object.hasOwn(addresses, host) ? addresses[host] : address?.replaceAll(HOST, host);
}

function lacking(message: string): CliError {
  return new CliError("usage", message, { inFile: true });
}
