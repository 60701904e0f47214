// What is wrong with a configuration, and whether an operator finds it by the message.
import assert from "node:assert/strict";
import { combine } from "../../../agent/config/load.ts";
import type { Given } from "../../../agent/config/effective.ts";
import { ConfigError } from "../../../agent/config/problem.ts";
import { unfolding } from "../../fakes/unfolding-yaml.ts";

const SEATS =
  'a mapping of PCI addresses, small letters and domain included, to numbers from 1 to 1000, as {"0000:03:00.0": 16}';
const FILE = "/etc/vgpud/config.yaml";

/** The lines that an operator sees. */
function problemsOf(text: string, flags: readonly Given[] = []): string[] {
  try {
    combine([{ name: FILE, text }], flags);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split("\n");
  }
}

describe("a wrong configuration", () => {
  it("is told with the place and the nearest key", () => {
    const cases = [
      ["storage_rots: []", "1:1: storage_rots: no such key; did you mean storage_roots?"],
      ["metrics:\n  lisen: x", "2:3: metrics.lisen: no such key; did you mean metrics.listen?"],
      ["listen: x", "1:1: listen: no such key; did you mean tls.listen?"],
      ["levl: x", "1:1: levl: no such key; did you mean log.level?"],
      ["colour: red", "1:1: colour: no such key"],
      ["? [a]\n: b", "1:3: this: no such key"],
    ] as const;
    for (const [text, problem] of cases) assert.deepEqual(problemsOf(text), [`${FILE}:${problem}`], text);
  });

  it("is told with key, value and what is allowed", () => {
    const cases = [
      ["socket: 7", "1:9: socket: 7 is not allowed; socket takes an absolute path of at most 107 bytes"],
      ["state_dir: relative", '1:12: state_dir: "relative" is not allowed; state_dir takes an absolute path'],
      [
        "storage_roots: [/a, b, /c, d]",
        '1:21: storage_roots[1]: "b" is not allowed; storage_roots takes a list of absolute paths',
      ],
      ["resync: 1s", '1:9: resync: "1s" is not allowed; resync takes a duration from 5s to 1h, as 90s or 5m'],
      ["resync: 60", "1:9: resync: 60 is not allowed; resync takes a duration from 5s to 1h, as 90s or 5m"],
      [
        "log: { level: loud }",
        '1:15: log.level: "loud" is not allowed; log.level takes debug, info, warn or error',
      ],
      ["version: 2", "1:10: version: 2 is not allowed; version takes 1"],
      ["socket:", "1:1: socket has no value; it takes an absolute path of at most 107 bytes"],
      [
        "limits: { render_seats_by_gpu: { '03:00.0': 4 } }",
        `1:32: limits.render_seats_by_gpu: {"03:00.0":4} is not allowed; limits.render_seats_by_gpu takes ${SEATS}`,
      ],
      [
        "limits: { render_seats_by_gpu: { '0000:03:00.0': 0 } }",
        `1:32: limits.render_seats_by_gpu: {"0000:03:00.0":0} is not allowed; limits.render_seats_by_gpu takes ${SEATS}`,
      ],
      ["libvirt: 7", "1:10: libvirt must be a mapping, of the keys uri, socket"],
    ] as const;
    for (const [text, problem] of cases) assert.equal(problemsOf(text)[0], `${FILE}:${problem}`, text);
  });

  it("is refused where a secret or a token of Keystone could be read on its way", () => {
    const placed = (authUrl: string, endpoint = ""): string[] =>
      problemsOf(`scheduler:
  adapter: placement
  placement:
    ${endpoint && `endpoint: ${endpoint}`}
    keystone: { auth_url: "${authUrl}", credential_id: c, secret_file: /s }`);
    for (const url of [
      "https://k:5000/v3",
      "http://127.0.0.1:5000/v3",
      "http://[::1]/v3",
      "http://localhost/v3",
    ])
      assert.deepEqual(placed(url), [], url);
    for (const url of [
      "http://k:5000/v3",
      "http://127.0.0.1.example/v3",
      "http://localhost.example",
      "http://10.0.0.1",
    ])
      assert.match(
        placed(url)[0] ?? "",
        /auth_url: .* is not allowed; .* takes an https URL, or an http one of/,
        url,
      );
    assert.deepEqual(placed("https://k/v3", "https://p:8778"), []);
    assert.match(
      placed("https://k/v3", "http://p:8778")[0] ?? "",
      /:4:\d+: scheduler\.placement\.endpoint: Keystone's token would be sent to http:\/\/p:8778/,
    );
    assert.deepEqual(
      problemsOf("scheduler: { adapter: placement, placement: { endpoint: 'http://p' } }"),
      [],
    );
  });

  it("is refused for a port, an address or a socket path that no system has", () => {
    for (const listen of ["9469", "host", "127.0.0.1:65536", "127.0.0.1:-1", "a b:1", "[::1"])
      assert.match(problemsOf(`metrics: { listen: '${listen}' }`)[0] ?? "", /HOST:PORT/, listen);
    assert.match(problemsOf(`socket: /${"x".repeat(107)}`)[0] ?? "", /107 bytes/);
    assert.match(problemsOf(`socket: /${"ü".repeat(60)}`)[0] ?? "", /107 bytes/);
    assert.deepEqual(problemsOf(`socket: /${"x".repeat(106)}`), []);
  });

  it("is told whole: every fault of every file and flag at once", () => {
    const flags = [{ path: "metrics.listen", value: "nowhere", origin: "--metrics" }];
    const problems = problemsOf("sockett: /a\nstorage_roots: [b, c]\nresync: never", flags);
    assert.equal(problems.length, 5);
    assert.match(problems[4] ?? "", /^--metrics: metrics\.listen: "nowhere" is not allowed/);
  });

  it("is told of each key that stands twice, and of what else is wrong", () => {
    const text =
      "resync: 60s\nmetrics:\n  listen: 127.0.0.1:1\n  listen: 127.0.0.1:2\nresync: never\nsockett: /a\nresync: 90s";
    assert.deepEqual(problemsOf(text), [
      `${FILE}:4:3: metrics.listen: stands twice (also at line 3)`,
      `${FILE}:5:1: resync: stands twice (also at line 1)`,
      `${FILE}:7:1: resync: stands twice (also at line 1)`,
      `${FILE}:5:9: resync: "never" is not allowed; resync takes a duration from 5s to 1h, as 90s or 5m`,
      `${FILE}:6:1: sockett: no such key; did you mean socket?`,
    ]);
  });

  it("is refused when it is no YAML, says a key twice, uses tags or aliases that mean nothing, or has two documents", () => {
    for (const text of [
      "a: b: c",
      "socket: /a\nsocket: /b",
      "socket: !env HOME",
      "socket: *other",
      "a: [",
      "version: 1\n---\nversion: 1",
    ])
      assert.match(problemsOf(text)[0] ?? "", /^\/etc\/vgpud\/config\.yaml:\d+:\d+: /, text);
  });

  it("is refused with the place when an alias in a list stands for nothing, for its own list, or for too much", () => {
    const cases = [
      ["storage_roots: [/a, *other]", "1:21: *other stands for nothing"],
      ["storage_roots: &all [/a, *all]", "1:26: *all stands for what it is part of"],
      [unfolding(6), "2:10: its aliases stand for too much"],
    ] as const;
    for (const [text, problem] of cases) assert.deepEqual(problemsOf(text), [`${FILE}:${problem}`], text);
  });

  it("is refused when an anchor would stand for a value", () => {
    assert.notDeepEqual(problemsOf("socket: &a /x\nstate_dir: *a"), []);
  });

  it("is refused when Slurm is in front, and not which", () => {
    assert.deepEqual(problemsOf("scheduler: { adapter: slurm }"), [
      `${FILE}:1:23: scheduler.adapter: slurm needs scheduler.slurm.cluster`,
    ]);
    assert.deepEqual(problemsOf("scheduler: { adapter: slurm, slurm: { cluster: render } }"), []);
  });

  it("is refused when two servers would have the same socket", () => {
    const problems = problemsOf("socket: /run/a.sock\nread_socket: /run/a.sock");
    assert.deepEqual(problems, [`${FILE}:2:14: read_socket: /run/a.sock is also the path of socket`]);
    assert.match(
      problemsOf("hostd: { socket: /run/vgpud/vgpud.sock }")[0] ?? "",
      /hostd\.socket: .* of socket/,
    );
  });

  it("is refused when it is no mapping, and told which keys there are", () => {
    assert.match(
      problemsOf("- a list")[0] ?? "",
      /:1:1: the file must be a mapping, of the keys version, socket, /,
    );
  });

  it("does not quote the file at any length", () => {
    const long = "x".repeat(100_000);
    for (const text of [`socket: ${long}`, `${long}: 1`, `- [\n${long}`, `socket: "${long}`, `a: b\n${long}`])
      assert.ok(problemsOf(text).join("").length < 1_500, text.slice(0, 20));
  });
});
