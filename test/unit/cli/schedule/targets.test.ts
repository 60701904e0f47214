// How the vgpud of a host is reached that Placement has named.
import assert from "node:assert/strict";
import { targetOf } from "../../../../agent/cli/schedule/targets.ts";

type Agents = Parameters<typeof targetOf>[1];

const FILE = "/etc/vgpud/schedule.yaml";
const tls = { ca: "/ca.pem", certificate: "/me.pem", key: "/me.key", server_name: undefined };
const agents = (change: Partial<Agents>): Agents => ({ address: undefined, addresses: {}, tls, ...change });

describe("the vgpud of a host", () => {
  it("is reached by the pattern with the host's name in it, or by the address of its own", () => {
    assert.deepEqual(targetOf("kvm-1.example", agents({ address: "unix:/run/{host}.sock" }), FILE), {
      kind: "socket",
      path: "/run/kvm-1.example.sock",
    });
    const own = agents({ address: "{host}:9470", addresses: { "kvm-1": "unix:/run/a.sock" } });
    assert.deepEqual(targetOf("kvm-1", own, FILE), { kind: "socket", path: "/run/a.sock" });
  });

  it("is not another kind of place for what Placement calls the host", () => {
    const target = targetOf("unix", agents({ address: "{host}:9470" }), FILE);
    assert.equal(target.kind, "tls");
  });

  it("is not reached by a name that is none of a host, unless the file has an address for it", () => {
    for (const host of ["../../tmp/x", "a$&b", "a b", "", "-a", "a/b", "a:1"]) {
      assert.throws(
        () => targetOf(host, agents({ address: "unix:/run/h/{host}.sock" }), FILE),
        /is no host's name/,
      );
      const named = agents({ addresses: { [host]: "unix:/run/a.sock" } });
      assert.equal(targetOf(host, named, FILE).kind, "socket");
    }
  });
});
