import assert from "node:assert/strict";
import { ConfigError, parseConfig, splitAddress, type Overrides } from "../../../agent/config.ts";

const none: Overrides = {
  ...{
    socket: undefined,
    readSocket: undefined,
    stateDir: undefined,
    hostRoot: undefined,
    metrics: undefined,
  },
  ...{ libvirtUri: undefined, libvirtSocket: undefined, hostdSocket: undefined },
};
const parse = (text: string, overrides: Partial<Overrides> = {}): ReturnType<typeof parseConfig> =>
  parseConfig({ text, name: "vgpud.yaml" }, { ...none, ...overrides });

describe("the configuration", () => {
  it("has a value for everything when nothing is said", () => {
    const config = parse("");
    assert.equal(config.socket, "/run/vgpud/vgpud.sock");
    assert.deepEqual(config.metrics, { listen: "127.0.0.1:9469" });
    assert.deepEqual(config.libvirt, { uri: "qemu:///system" });
    assert.deepEqual(config.storage_roots, ["/var/lib/libvirt/images"]);
  });

  it("takes flags over the file over the defaults, key by key", () => {
    const text = "socket: /a\nlibvirt: { uri: 'xen:///system', socket: /b }";
    const config = parse(text, { socket: "/c", libvirtSocket: "/d" });
    assert.equal(config.socket, "/c");
    assert.deepEqual(config.libvirt, { uri: "xen:///system", socket: "/d" });
  });

  it("is refused for a key it does not know, a wrong type and what is no mapping, with the place named", () => {
    const wrong = [
      ["sockett: /a", /vgpud\.yaml.*sockett/s],
      ["socket: 7", /socket/],
      ["socket: relative", /absolute/],
      ["libvirt: 7", /libvirt/],
      ["metrics: { listen: '9469' }", /HOST:PORT/],
      ["7", /mapping/],
      ["a: b: c", /vgpud\.yaml/],
    ] as const;
    for (const [text, message] of wrong)
      assert.throws(
        () => parse(text),
        (error) => error instanceof ConfigError && message.test(error.message),
        text,
      );
    // A flag does not hide a section that is none.
    assert.throws(() => parse("metrics: { lisen: x }", { metrics: "127.0.0.1:1" }), /lisen/);
  });

  it("splits an address, brackets and all", () => {
    assert.deepEqual(splitAddress("127.0.0.1:80"), { host: "127.0.0.1", port: 80 });
    assert.deepEqual(splitAddress("[::1]:0"), { host: "::1", port: 0 });
  });
});
