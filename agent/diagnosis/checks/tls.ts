// Whether what the TLS listener shows and judges by is good for a while.
import { lastingAt, type Lasting } from "../../core/validity.ts";
import { fail, hostCheck, notApplicable, pass, type Check, type Values } from "../condition.ts";
import type { Look } from "../look.ts";
import type { TlsFileReading, TlsReading } from "../tls-reading.ts";

/** GPUs go on being shared as they are, and the sockets of this host go on; other machines do not get in any more. */
const COSTS = {
  "gvt-g": "warning",
  "gvt-d": "warning",
  "gvt-s": "warning",
  sriov: "warning",
} as const satisfies Check["costs"];

/** Past its end OpenSSL lets nobody in. */
const LIST = "tls.revocation_list";

export const tlsFileEnds = hostCheck({
  code: "TLS_FILE_ENDS",
  costs: COSTS,
  dependsOn: [],
  how:
    "when the first certificate of tls.certificate and tls.client_ca, and the first list of tls.revocation_list, ends, of the files that the " +
    "listener uses: soon is in the last sixth of its time and within two weeks",
  check: (look, { tls }) => Promise.resolve(judged(look, tls)),
});

function judged(look: Look, tls: TlsReading | undefined) {
  if (!tls) return notApplicable("no-agent");
  if (tls.kind === "not-configured") return notApplicable("none");
  const { files, now } = tls;
  for (const { key, validity } of files) look.saw(`configuration: ${key}`, `ends ${dated(validity.until)}`);
  const inOrder = files.toSorted((one, other) => one.validity.until - other.validity.until);
  const firstThat = (lasting: Lasting) =>
    inOrder.find(({ validity }) => lastingAt(validity, now) === lasting);
  const over = firstThat("over");
  if (over) return fail(over.key === LIST ? "list-over" : "over", valuesOf(over));
  const soon = firstThat("soon");
  if (soon) return fail("soon", valuesOf(soon));
  const [first] = inOrder;
  return first ? pass("good", valuesOf(first)) : pass("endless");
}

function valuesOf({ key, validity }: TlsFileReading): Values {
  return { key, at: dated(validity.until) };
}

/** To the second, in UTC, as certificates have it. */
function dated(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
