// Sockets that systemd opened: handed over by systemd's own systemd-socket-activate(1).
import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import path from "node:path";
import { GpuServiceService as Gpus } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { AgentProcess } from "../e2e/harness/agent-process.ts";
import { refusal, Rpc } from "../e2e/harness/rpc.ts";
import { until } from "../e2e/harness/until.ts";
import { World } from "../e2e/harness/world.ts";

const PAGE = { pageSize: 0, pageToken: "" };

describe("sockets from systemd", () => {
  let world: World;
  before(async () => {
    world = await World.start();
    await world.agent.end("SIGTERM");
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });

  const fileOf = (name: string): string => path.join(world.host.directory, `${name}.sock`);
  /** It starts the agent at the first connection. */
  const activated = (...names: readonly string[]): AgentProcess =>
    new AgentProcess(world.words, {
      launcher: [
        "systemd-socket-activate",
        ...names.flatMap((name) => ["--listen", fileOf(name)]),
        `--fdname=${names.join(":")}`,
      ],
    });
  const connected = async (name: string): Promise<Rpc> => {
    await until(`${name} listens`, () => stat(fileOf(name)).catch(() => undefined));
    return new Rpc(fileOf(name));
  };

  it("are served by their names, and their files are left to systemd", async () => {
    await using agent = activated("read", "admin");
    using admin = await connected("admin");
    // The first call starts the agent, and waits for it.
    await refusal(admin.call(Gpus.listGpus, PAGE)).catch(() => undefined);
    await agent.ready();
    assert.equal((await admin.call(Gpus.listGpus, PAGE)).gpus.length, 1);
    using read = await connected("read");
    assert.equal((await read.call(Gpus.listGpus, PAGE)).gpus.length, 1);
    await agent.logged(/"socket":"read","connection":\d+,"method":"GpuService/);
    await agent.logged(/"socket":"admin","connection":\d+,"method":"GpuService/);
    await assert.rejects(stat(world.socket), { code: "ENOENT" });
    const { code, stdout } = await agent.end("SIGTERM");
    assert.equal(code, 0);
    assert.match(stdout, /^ready socket=fd:4 .*read-socket=fd:3/);
    for (const name of ["admin", "read"]) assert.ok((await stat(fileOf(name))).isSocket());
  });

  it("are completed by our own where systemd opened but one, and a name that means nothing is told", async () => {
    await using agent = activated("vgpud.socket");
    using call = await connected("vgpud.socket");
    void call.call(Gpus.listGpus, PAGE).catch(() => undefined);
    await agent.logged(/"name":"vgpud.socket"/);
    await agent.ready();
    assert.ok((await stat(world.socket)).isSocket());
  });
});
