// Whether what the TLS listener shows and judges by is good for a while.
import { firstToEnd, standingAt, type Part, type Standing } from "../../core/validity.ts";
import { fail, hostCheck, notApplicable, pass, type Check, type Values } from "../condition.ts";
import type { Look } from "../look.ts";
import type { TlsReading } from "../tls-reading.ts";

/** GPUs go on being shared as they are, and the sockets of this host go on; other machines do not get in any more. */
const COSTS = {
  "gvt-g": "warning",
  "gvt-d": "warning",
  "gvt-s": "warning",
  sriov: "warning",
} as const satisfies Check["costs"];

/** Past the end of its list OpenSSL lets in nobody of a CA. */
const LIST = "tls.revocation_list";

export const tlsFileEnds = hostCheck({
  code: "TLS_FILE_ENDS",
  costs: COSTS,
  dependsOn: [],
  how:
    "when the certificates of tls.certificate and tls.client_ca, and each CA's list of tls.revocation_list, end, of the files that the " +
    "listener uses: soon is in the last sixth of its time and within two weeks; a file has ended with the host's own certificate, with the " +
    "last CA, with the last CA's list",
  check: (look, { tls }) => Promise.resolve(judged(look, tls)),
});

function judged(look: Look, tls: TlsReading | undefined) {
  if (!tls) return notApplicable("no-agent");
  if (tls.kind === "not-configured") return notApplicable("none");
  const { files, now } = tls;
  const parts = files.flatMap(({ key, lifetimes }) => lifetimes.parts.map((part) => ({ key, part })));
  for (const { key, part } of parts)
    look.saw(`configuration: ${key}`, `${part.name} ends ${dated(part.validity.until)}`);
  const standings = files.flatMap(({ key, lifetimes }) => {
    const standing = standingAt(lifetimes, now);
    return standing ? [{ key, ...standing }] : [];
  });
  for (const lasting of ["over", "partly-over", "soon"] as const) {
    const worst = firstOf(standings.filter((each) => each.lasting === lasting));
    if (worst) return fail(worst.key === LIST ? saysOfList[lasting] : saysOf[lasting], valuesOf(worst));
  }
  const first = firstOf(standings);
  return first ? pass("good", valuesOf(first)) : pass("endless");
}

const saysOf = { over: "over", "partly-over": "part-over", soon: "soon" } as const;
const saysOfList = { over: "list-over", "partly-over": "list-part-over", soon: "list-soon" } as const;

type OfFile = Standing & { readonly key: string };

function firstOf(all: readonly OfFile[]): OfFile | undefined {
  const first = firstToEnd(all.map(({ part }) => part));
  return all.find(({ part }) => part === first);
}

function valuesOf({ key, part: { name, validity } }: { readonly key: string; readonly part: Part }): Values {
  return { key, name, at: dated(validity.until) };
}

/** To the second, in UTC, as certificates have it. */
function dated(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
