// What the vgpud of a host failed with, as it is told by who chose the host: the user named none. Pure.
import { wordsOf, type Target } from "../client/target.ts";
import type { Reason } from "../../core/reasons.ts";
import { STUCK_THERE } from "../client/stuck.ts";
import { isUnanswered } from "../errors/call-error.ts";
import type { CliError } from "../errors/cli-error.ts";
import { HOST_NO_MORE } from "./unasked.ts";

interface Asked {
  readonly host: string;
  /** How it is reached. */
  readonly target: Target;
  /** How the schedule file is called, which says so. */
  readonly file: string;
}

/** Hints are for that host, not for the one that vgpuctl runs on, and name keys of the file in the place of flags. */
export function ofHost(error: CliError, { host, target, file }: Asked): CliError {
  const refused = target.kind === "tls" && error.ending === "permission";
  return error.with({
    message: `${host}: ${error.message}`,
    target: wordsOf(target),
    hints: [
      ...(error.kind === "unserved"
        ? [startHint(host, file), HOST_NO_MORE]
        : error.hints.map((hint) => inFile(hint, file))),
      ...(refused ? [certificateHint(file)] : []),
      ...(error.reason === NOT_BOOKED ? [addressHint(host, file)] : []),
      ...(isUnanswered(error) ? [STUCK_THERE] : []),
    ],
  });
}

const NOT_BOOKED: Reason = "CLAIM_NOT_BOOKED";

/** What vgpuctl has booked was booked on that host: one that knows nothing of it may be another. */
function addressHint(host: string, file: string): string {
  return `is what answers there another host than ${host}, which is booked? agents of ${file} says its address`;
}

/** Not as on a machine of one's own: a simulated vgpud has nothing of what is booked there. */
function startHint(host: string, file: string): string {
  return `start vgpud on ${host}; where it runs, agents of ${file} takes the address of its socket`;
}

function certificateHint(file: string): string {
  return `agents.tls of ${file} takes the certificate and key of a client whose role is admin on the hosts`;
}

function inFile(hint: string, file: string): string {
  const said = hint
    .replaceAll(
      /--tls-(ca|server-name)/g,
      (_, name: string) => `agents.tls.${name.replace("-", "_")} of ${file}`,
    )
    .replace(/^--socket takes/, () => `agents of ${file} takes unix: and`);
  // The file, unlike who types an address, may name that of another host.
  return hint.startsWith("--tls-server-name")
    ? `${said}; or agents.addresses names another host's address`
    : said;
}
