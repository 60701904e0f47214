// The file that says where Placement and the vgpuds are.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { CliError } from "../../../../agent/cli/errors/cli-error.ts";
import { readScheduleFile } from "../../../../agent/cli/schedule/schedule-file.ts";
import { targetOf } from "../../../../agent/cli/schedule/targets.ts";

const EXAMPLE = new URL("../../../../../docs/examples/schedule/schedule.yaml", import.meta.url);
const read = (text: string) => readScheduleFile("s.yaml", { readText: () => Promise.resolve(text) });
const PLACEMENT = 'placement: { endpoint: "http://p:8778" }';

describe("the schedule file", () => {
  it("has a pattern of addresses, and those that are elsewhere", async () => {
    const { agents } = await read(await readFile(EXAMPLE, "utf8"));
    const target = (host: string) => targetOf(host, agents, "s.yaml");
    const by = {
      ...{ kind: "tls", port: 9470, ca: "/etc/vgpud/tls/hosts-ca.pem" },
      ...{ certificate: "/etc/vgpud/tls/scheduler.pem", key: "/etc/vgpud/tls/scheduler.key" },
    };
    const named = (host: string) => ({ ...by, host, serverName: host });
    assert.deepEqual(target("kvm-1.example"), named("kvm-1.example"));
    assert.deepEqual(target("kvm-17.example"), { ...named("kvm-17.example"), host: "192.0.2.17" });
    assert.deepEqual(target("kvm-18.example"), { kind: "socket", path: "/run/vgpud/vgpud.sock" });
  });

  it("is told to lack a host, or what reaches it", async () => {
    const { agents } = await read(`${PLACEMENT}\nagents: { addresses: { a: "a:9470" } }`);
    assert.throws(
      () => targetOf("constructor", agents, "s.yaml"),
      /s\.yaml says no address of host constructor/,
    );
    assert.throws(() => targetOf("a", agents, "s.yaml"), /s\.yaml has no agents\.tls, by which a at a:9470/);
  });

  const AGENTS = 'agents: { address: "{host}:9470" }';
  const wrong: Readonly<Record<string, readonly [text: string, says: RegExp]>> = {
    "a key that there is not": [
      `${PLACEMENT}\n${AGENTS}\nagent: 1`,
      /^s\.yaml:3:1: agent: no such key; did you mean agents\?/,
    ],
    "such a key below another": [
      `placement: { endpoint: "http://p", timout: 1s }\n${AGENTS}`,
      /^s\.yaml:1:\d+: placement\.timout: no such key; did you mean timeout\?/,
    ],
    "an address that is none": [
      `placement: { endpoint: "p:8778" }\n${AGENTS}`,
      /^s\.yaml:1:24: placement\.endpoint: "p:8778" is not allowed; it takes an http or https URL/,
    ],
    "a pattern without a place for the host": [
      `${PLACEMENT}\nagents: { address: "h:9470" }`,
      /agents\.address: "h:9470" is not allowed; it takes HOST:PORT.*\{host\}/,
    ],
    "an aggregate by its name": [
      `placement: { endpoint: "http://p", member_of: [rack-7] }\n${AGENTS}`,
      /placement\.member_of: \["rack-7"\] is not allowed; it takes a list of UUIDs of aggregates/,
    ],
    "no Placement": [`placement: {}\n${AGENTS}`, /placement needs endpoint, or keystone/],
    "a port that there is none of": [
      `${PLACEMENT}\nagents: { addresses: { a: "a:70000" } }`,
      /agents\.addresses\.a: "a:70000" is not allowed; it takes HOST:PORT with a port of 1 to 65535/,
    ],
    "a pattern without a port that there is": [
      `${PLACEMENT}\nagents: { address: "{host}:0" }`,
      /agents\.address: "\{host\}:0" is not allowed; it takes HOST:PORT with a port of 1 to 65535/,
    ],
    "an IPv6 address without brackets": [
      `${PLACEMENT}\nagents: { addresses: { a: "2001:db8::1:9470" } }`,
      /agents\.addresses\.a: .* is not allowed; it takes .* an IPv6 address in brackets/,
    ],
    "no vgpud": [`${PLACEMENT}\nagents: {}`, /agents needs address, addresses or both/],
    "half a Keystone": [
      `placement: { keystone: { auth_url: "https://k:5000/v3" } }\n${AGENTS}`,
      /placement\.keystone\.credential_id is missing; it takes/,
    ],
    "a Keystone whose secret could be read on its way": [
      `placement: { keystone: { auth_url: "http://k", credential_id: c, secret_file: /s } }\n${AGENTS}`,
      /keystone\.auth_url: "http:\/\/k" is not allowed; it takes an https URL, or an http one of this machine/,
    ],
    "a Placement where Keystone's token could be": [
      `placement: { endpoint: "http://p", keystone: { auth_url: "https://k", credential_id: c, secret_file: /s } }\n${AGENTS}`,
      /placement\.endpoint beside keystone takes an https URL/,
    ],
    nothing: ["", /^s\.yaml:1:1: placement is missing/],
  };
  for (const [what, [text, says]] of Object.entries(wrong))
    it(`is refused by its place for ${what}`, async () => {
      await assert.rejects(read(text), (error) => {
        assert.ok(error instanceof CliError);
        assert.equal(error.ending, "usage");
        assert.match(error.message, says);
        return true;
      });
    });
});
