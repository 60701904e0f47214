// Which value holds, and who said so.
import assert from "node:assert/strict";
import fc from "fast-check";
import { limitValues } from "../../../agent/api/limits.ts";
import { splitAddress, durationMs } from "../../../agent/config/forms.ts";
import { combine } from "../../../agent/config/load.ts";
import { limitsOf, readSocketOf, seatLimitOf } from "../../../agent/config/schema.ts";
import { pciAddress } from "../../fakes/ids.ts";
import { showConfig } from "../../../agent/config/show.ts";

const file = (name: string, text: string): { name: string; text: string } => ({ name, text });

describe("the configuration", () => {
  it("has a value for everything when nothing is said", () => {
    const { config, files } = combine([], []);
    assert.equal(config.socket, "/run/vgpud/vgpud.sock");
    assert.equal(readSocketOf(config), "/run/vgpud/vgpud-read.sock");
    assert.deepEqual(config.metrics, { listen: "127.0.0.1:9469" });
    assert.deepEqual(config.libvirt, { uri: "qemu:///system" });
    assert.deepEqual(config.storage_roots, ["/var/lib/libvirt/images"]);
    assert.deepEqual(files, []);
  });

  it("sets limits in the units of the API, and leaves the others as they are shipped", () => {
    const { config } = combine([file("a.yaml", "limits: { connection_rate: 1, change_time: 90s }")], []);
    assert.deepEqual(limitsOf(config), { ...limitValues, connectionRate: 1, changeMs: 90_000 });
  });

  it("gives a GPU the seats that are said for it, and every other one those that are said for all", () => {
    const text = 'limits: { render_seats: 3, render_seats_by_gpu: { "0000:03:02.0": 16 } }';
    const given = combine([file("a.yaml", text)], []);
    const seats = seatLimitOf(given.config);
    assert.deepEqual([seats(pciAddress(3)), seats(pciAddress())], [16, 3]);
    assert.deepEqual(combine([file("shown.yaml", showConfig(given))], []).config, given.config);
    assert.equal(seatLimitOf(combine([], []).config)(pciAddress(3)), limitValues.renderSeats);
  });

  it("takes flags over later files over earlier ones over the defaults, key by key", () => {
    const { config, settings } = combine(
      [
        file("a.yaml", "socket: /a\nlibvirt: { uri: 'xen:///system', socket: /a }\nstorage_roots: [/a, /b]"),
        file("b.yaml", "libvirt:\n  socket: /b\nstorage_roots: [/c]"),
      ],
      [{ path: "socket", value: "/flag", origin: "--socket" }],
    );
    assert.equal(config.socket, "/flag");
    assert.deepEqual(config.libvirt, { uri: "xen:///system", socket: "/b" });
    assert.deepEqual(config.storage_roots, ["/c"]);
    const origins = Object.fromEntries(settings.map(({ key, origin }) => [key.path, origin]));
    assert.equal(origins["socket"], "--socket");
    assert.equal(origins["libvirt.uri"], "a.yaml:2:17");
    assert.equal(origins["libvirt.socket"], "b.yaml:2:11");
    assert.equal(origins["state_dir"], "default");
  });

  it("takes a section of which every line is commented out for an empty one", () => {
    assert.deepEqual(combine([file("a.yaml", "metrics:\n  # listen: x\nlog:\n")], []).config.log, {
      level: "info",
    });
  });

  it("shows what holds and where it comes from, as a file that gives the same again", () => {
    const given = combine([file("a.yaml", 'storage_roots: [/a, "/b: c"]\nresync: 5m')], []);
    const text = showConfig(given);
    assert.match(text, /^socket: \/run\/vgpud\/vgpud\.sock {2}# default$/m);
    assert.match(text, /^resync: 5m {2}# a\.yaml:2:9$/m);
    assert.match(text, /^ {2}# socket: virtqemud's .* \(default\)$/m);
    assert.deepEqual(combine([file("shown.yaml", text)], []).config, given.config);
  });

  it("shows any storage root so that it reads the same again", () => {
    const roots = fc.array(
      fc
        .string({ unit: "binary" })
        .filter((text) => !text.includes("\0"))
        .map((text) => `/${text}`),
    );
    fc.assert(
      fc.property(roots, (storage_roots) => {
        const given = combine([file("a.json", JSON.stringify({ storage_roots }))], []);
        assert.deepEqual(combine([file("shown.yaml", showConfig(given))], []).config, given.config);
      }),
    );
  });

  it("splits an address, brackets and all, and reads durations", () => {
    assert.deepEqual(splitAddress("127.0.0.1:80"), { host: "127.0.0.1", port: 80 });
    assert.deepEqual(splitAddress("[::1]:0"), { host: "::1", port: 0 });
    assert.equal(durationMs("90s"), 90_000);
  });
});
