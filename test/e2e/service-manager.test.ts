// The agent under a service manager: messages through a program that writes them down.
import assert from "node:assert/strict";
import { FakeSystemdNotify } from "../fakes/systemd-notify.ts";
import { AgentProcess } from "./harness/agent-process.ts";
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
});
