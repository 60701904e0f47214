// What is said where domains are needed that nobody has told.
import assert from "node:assert/strict";
import { domainsAway } from "../../../agent/lifecycle/domains-away.ts";

describe("unknown domains", () => {
  it("are told with who did not answer and why, after what cannot be done for that", () => {
    const hostd = domainsAway(
      { known: false, away: "hostd", why: "xenstore: EACCES" },
      "desk cannot be found",
    );
    assert.equal(hostd.reason, "HOSTD_UNAVAILABLE");
    const said = "which guests Xen has is not known: xenstore: EACCES";
    assert.equal(hostd.message, `desk cannot be found: ${said}`);
    const libvirt = domainsAway({ known: false, away: "libvirt", why: "connection refused" });
    assert.equal(libvirt.reason, "LIBVIRT_UNAVAILABLE");
    assert.equal(libvirt.message, "libvirt does not answer: connection refused");
  });
});
