// A reload: all or nothing, and what it cannot change is named.
import assert from "node:assert/strict";
import { Configuration } from "../../../agent/config/configuration.ts";
import { keys } from "../../../agent/config/keys.ts";
import { combine } from "../../../agent/config/load.ts";
import { ConfigError } from "../../../agent/config/problem.ts";
import { isLive } from "../../../agent/config/schema.ts";
import { keyFlags } from "../../../agent/main/command-line.ts";

class Edited {
  text = "";

  open(): Promise<Configuration> {
    return Configuration.open(() =>
      Promise.resolve().then(() => combine([{ name: "a.yaml", text: this.text }], [])),
    );
  }
}

describe("a reload", () => {
  it("changes what can change while the agent runs", async () => {
    const file = new Edited();
    const configuration = await file.open();
    file.text = "storage_roots: [/srv/vm]\nlog: { level: debug }";
    await configuration.reload();
    assert.deepEqual(configuration.live.storage_roots, ["/srv/vm"]);
    assert.equal(configuration.live.log.level, "debug");
    assert.deepEqual(configuration.needRestart, []);
  });

  it("names the keys that need a restart, until they are as at the start again", async () => {
    const file = new Edited();
    const configuration = await file.open();
    file.text = "socket: /other\nmetrics: { listen: '127.0.0.1:1' }\nresync: 5s";
    await configuration.reload();
    assert.deepEqual(configuration.needRestart, ["socket", "metrics.listen"]);
    assert.equal(configuration.started.socket, "/run/vgpud/vgpud.sock");
    assert.equal(configuration.live.resync, "5s");
    file.text = "resync: 5s";
    await configuration.reload();
    assert.deepEqual(configuration.needRestart, []);
  });

  it("keeps everything when anything is wrong", async () => {
    const file = new Edited();
    file.text = "storage_roots: [/a]";
    const configuration = await file.open();
    file.text = "storage_roots: [/b]\nlog: { level: loud }\nsocket: /other";
    await assert.rejects(configuration.reload(), ConfigError);
    assert.deepEqual(configuration.live.storage_roots, ["/a"]);
    assert.deepEqual(configuration.needRestart, []);
  });
});

describe("every key", () => {
  it("is either live or needs a restart, as a whole section", () => {
    const live = keys.filter(({ path }) => isLive(path)).map(({ path }) => path);
    assert.ok(live.includes("storage_roots") && live.includes("log.level"));
    assert.ok(!isLive("socket") && !isLive("metrics.listen"));
  });

  it("has the flag that it names, and no flag sets another", () => {
    const named = keys.flatMap(({ path, flag }) => (flag === undefined ? [] : [[flag, path]]));
    const taken = Object.entries(keyFlags).map(([flag, path]) => [`--${flag}`, path]);
    assert.deepEqual(named.sort(), taken.sort());
  });

  it("has a default that it would take from a file", () => {
    for (const { path, schema, default: value } of keys)
      if (value !== undefined) assert.ok(schema.safeParse(value).success, path);
  });
});
