// By what the handshakes of one machine are counted.
import assert from "node:assert/strict";
import { networkOf } from "../../../../agent/host/tls/network-of.ts";

describe("the network of an address", () => {
  it("is the first half of one of IPv6, however it is written", () => {
    const same = [
      "2001:db8:0:7::1",
      "2001:db8:0:7:ffff:1:2:3",
      "2001:0db8::0007:0:0:0:9",
      "2001:db8:0:7::9%2",
    ];
    assert.deepEqual(new Set(same.map(networkOf)), new Set(["2001:db8:0:7::/64"]));
    assert.equal(networkOf("2001:db8:0:8::1"), "2001:db8:0:8::/64");
    assert.equal(networkOf("::1"), "0:0:0:0::/64");
    assert.equal(networkOf("fe80::1%eth0"), "fe80:0:0:0::/64");
  });

  it("is all of one of IPv4, also where a socket of IPv6 took it", () => {
    assert.equal(networkOf("192.0.2.7"), "192.0.2.7");
    assert.equal(networkOf("::ffff:192.0.2.7"), "192.0.2.7");
  });
});
