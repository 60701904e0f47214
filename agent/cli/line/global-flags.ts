// The flags that every command takes.
import type { Arguments } from "./arguments.ts";
import { usageError } from "../errors/cli-error.ts";
import { DEFAULT_SOCKET } from "../client/default-socket.ts";
import { ownLimit, type Limit } from "../client/limit.ts";
import { readTarget, type Target } from "../client/target.ts";
import type { Command, Flag } from "../command.ts";
import { formats, readFormat, type Format } from "../view/output.ts";
import { coloured, plain, type Paint } from "../view/paint.ts";

export const globalFlags: readonly Flag[] = [
  {
    name: "socket",
    value: "PATH",
    help: `vgpud's socket (default ${DEFAULT_SOCKET})`,
    offer: { kind: "files" },
  },
  {
    name: "address",
    value: "HOST:PORT",
    help: "vgpud of another host, by TLS, instead of --socket; needs the three flags that follow",
  },
  {
    name: "tls-ca",
    value: "FILE",
    help: "CAs that hosts have their certificates of, in PEM",
    offer: { kind: "files" },
  },
  {
    name: "tls-certificate",
    value: "FILE",
    help: "your certificate in PEM, whose URI gives you a role on that host",
    offer: { kind: "files" },
  },
  { name: "tls-key", value: "FILE", help: "the key of your certificate in PEM", offer: { kind: "files" } },
  {
    name: "tls-server-name",
    value: "NAME",
    help: "the name that the host's certificate has, where it is not the one in --address",
  },
  {
    name: "output",
    short: "o",
    value: "FORMAT",
    help: "table (default), wide (with more columns), json, yaml or what else a command has; json and yaml are for errors too",
    offer: { kind: "words", words: formats },
  },
  {
    name: "timeout",
    value: "DURATION",
    help: "give up on an answer after this time (default 10s; for changes 180s and the grace period)",
  },
  { name: "no-color", help: "no colors; NO_COLOR in the environment does the same" },
  { name: "help", short: "h", help: "show what a command does and takes" },
];

/** For lists and single objects, which vgpud answers from memory. */
const READ_TIMEOUT_MS = 10_000;
/** For changes: the default grace period of 60 s, and libvirt and kernel at their slowest. */
const CHANGE_TIMEOUT_MS = 180_000;

export interface Globals {
  readonly target: Target;
  readonly format: Format;
  readonly paint: Paint;
}

/** `colour`: whether stdout shows colours. @throws CliError for a format that the command does not have */
export function readGlobals(args: Arguments, command: Command, colour: boolean): Globals {
  return {
    target: readTarget((flag) => args.text(flag)),
    format: readFormat(args, command),
    paint: colour && !args.has("no-color") ? coloured : plain,
  };
}

/** How long one call may take. `extraMs` is time that was asked for, as a grace period. */
export function timeoutOf(args: Arguments, kind: "read" | "change", extraMs: number): Limit {
  const given = args.durationMs("timeout");
  if (given === 0) throw usageError("--timeout takes more than 0");
  if (given !== undefined) return { ms: given, isUsers: true };
  return ownLimit(kind === "read" ? READ_TIMEOUT_MS : CHANGE_TIMEOUT_MS + extraMs);
}
