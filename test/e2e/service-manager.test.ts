// The agent under a service manager: messages through a program that writes them down.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { FakeSystemdNotify } from "../fakes/systemd-notify.ts";
import { AgentProcess } from "./harness/agent-process.ts";
import { refusal } from "./harness/rpc.ts";
import { until } from "./harness/until.ts";
import { World } from "./harness/world.ts";

describe("under a service manager", () => {
  let world: World;
  let notify: FakeSystemdNotify;
  before(async () => {
    world = await World.start();
    await world.kill();
    notify = await FakeSystemdNotify.install();
  });
  after(async () => {
    await notify[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  const start = (env: Readonly<Record<string, string>> = {}): AgentProcess =>
    new AgentProcess(world.words, {
      env: { PATH: `${notify.folder}:${process.env["PATH"] ?? ""}`, NOTIFY_SOCKET: notify.socket, ...env },
    });

  it("says that it is ready, what the host has, that it makes progress, and that it stops", async () => {
    await using agent = start({ WATCHDOG_USEC: "1500000" });
    await agent.ready();
    const fed = (messages: string[][]): number =>
      messages.filter((words) => words.includes("WATCHDOG=1")).length;
    await until("the watchdog is fed three times", async () => fed(await notify.messages()) >= 3);
    assert.equal((await agent.end("SIGTERM")).code, 0);
    const messages = await notify.messages();
    const ready = messages.findIndex((words) => words.includes("READY=1"));
    assert.ok(
      messages[ready]?.some((word) => /^STATUS=1 GPU, 0 slices, room for \d × V5_\d/.test(word)),
      String(messages),
    );
    assert.ok(messages.slice(0, ready).every((words) => !words.includes("WATCHDOG=1")));
    const stopping = messages.findIndex((words) => words.includes("STOPPING=1"));
    assert.ok(stopping > ready);
    assert.ok(messages[stopping]?.some((word) => /^EXTEND_TIMEOUT_USEC=\d+$/.test(word)));
  });

  it("says when it reloads, what waits for a restart, and nothing of a wrong file but in log and metric", async () => {
    const file = path.join(world.host.directory, "vgpud.yaml");
    await using agent = start();
    const metrics = await agent.ready();
    const successful = async (): Promise<string | undefined> =>
      /^vgpud_config_last_reload_successful (\d)$/m.exec(await (await fetch(metrics)).text())?.[1];
    assert.equal(await successful(), "1");
    const before = (await notify.messages()).length;

    await writeFile(file, `storage_roots: [${world.images}]\nlog: { level: loud }\nresync: 1\n`);
    agent.signal("SIGHUP");
    await agent.logged(/"where":"[^"]*vgpud\.yaml:2:15","why":"log\.level: /);
    await agent.logged(/"problems":2.*not reloaded/);
    assert.equal(await successful(), "0");

    await writeFile(file, `storage_roots: [/srv/elsewhere]\nlibvirt: { uri: "test:///default" }\n`);
    agent.signal("SIGHUP");
    await agent.logged(/"keys":\["libvirt\.uri"\]/);
    assert.equal(await successful(), "1");
    const refused = await refusal(world.create("refused"));
    assert.equal(refused.reason, "PATH_NOT_ALLOWED");
    assert.match(refused.message, /\/srv\/elsewhere/);

    const words = await until("both reloads are told", async () => {
      const told = (await notify.messages()).slice(before).flat();
      return told.filter((word) => word === "READY=1").length === 2 && told;
    });
    assert.equal(words.filter((word) => word === "RELOADING=1").length, 2);
    assert.equal(words.filter((word) => /^MONOTONIC_USEC=\d+$/.test(word)).length, 2);
    assert.ok(
      words.some((word) => word.startsWith("STATUS=restart needed for libvirt.uri, 1 GPU")),
      String(words),
    );
    await writeFile(file, `storage_roots: [${world.images}]\n`);
  });
});
