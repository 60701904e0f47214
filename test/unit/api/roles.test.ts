// Which rights a client has by the URIs of its certificate.
import assert from "node:assert/strict";
import { roleOf } from "../../../agent/api/roles.ts";
import { refusalOn } from "../../../agent/api/access.ts";

const roles = { admin: ["spiffe://a/admin"], read: ["spiffe://a/read", "spiffe://a/admin"] };

describe("the role of a client", () => {
  it("is the greatest that one of its URIs has", () => {
    assert.deepEqual(roleOf(["x:y", "spiffe://a/read"], roles), { role: "read", uri: "spiffe://a/read" });
    assert.deepEqual(roleOf(["spiffe://a/read", "spiffe://a/admin"], roles), {
      role: "admin",
      uri: "spiffe://a/admin",
    });
  });

  it("is none for what is not the very same URI, and by default for all", () => {
    for (const near of [
      "spiffe://a/admin/",
      "spiffe://A/admin",
      "spiffe://a/",
      "*",
      "",
      "spiffe://a/admin\0",
    ])
      assert.equal(roleOf([near], roles), undefined, near);
    assert.equal(roleOf(["spiffe://a/admin"], { admin: [], read: [] }), undefined);
    assert.equal(roleOf([], roles), undefined);
  });

  it("refuses a change to who reads, and names the socket only to who is on this host", () => {
    const path = "/vgpud.v1.DomainService/CreateDomain";
    const local = refusalOn({ socket: "read", adminSocket: "/run/a.sock" }, path, "changes");
    const remote = refusalOn({ socket: "read", adminSocket: undefined }, path, "changes");
    assert.equal(local?.details["admin_socket"], "/run/a.sock");
    assert.deepEqual(remote?.details, { method: path, socket: "read" });
    assert.equal(refusalOn({ socket: "admin", adminSocket: undefined }, path, "changes"), undefined);
  });
});
