// What writes to the kernel for vgpud, and asks for the guests of Xen.
import { fail, hostCheck, notApplicable, pass, type Finding, type Says } from "../condition.ts";
import type { HostdReading } from "../hostd-reading.ts";
import type { Look } from "../look.ts";

export const hostdUnavailable = hostCheck({
  code: "HOSTD_UNAVAILABLE",
  costs: { "gvt-g": "error", "gvt-d": "error", sriov: "error" },
  dependsOn: [],
  how:
    "the socket of vgpud-hostd, where a GPU offers slices or can be given away or cut into virtual functions and on every host of " +
    "Xen, and its greeting once it was asked for something; only a running agent may connect to it",
  check: (look, { hostd }) => Promise.resolve(judged(look, hostd)),
});

function judged(look: Look, hostd: HostdReading | undefined): Finding<Says<"HOSTD_UNAVAILABLE">> {
  if (hostd === undefined) return notApplicable("no-agent");
  if (hostd.kind === "not-needed") return notApplicable("not-needed");
  const { kind, socket } = hostd;
  look.saw(`vgpud-hostd at ${socket}`, kind === "away" ? hostd.why : kind);
  return kind === "away" ? fail("away", { socket, why: hostd.why }) : pass(kind, { socket });
}
