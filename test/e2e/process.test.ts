// vgpud as a process: its command line, its exit codes, its end, and what it serves beside the contract.
import assert from "node:assert/strict";
import { mkdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import { DomainServiceService as Domains } from "../../proto/gen/vgpud/v1/domain_service.ts";
import { OperationState } from "../../proto/gen/vgpud/v1/operation.ts";
import { SimulatedHost } from "../fakes/simulated-host.ts";
import { AgentProcess, type Ended } from "./harness/agent-process.ts";
import { refusal } from "./harness/rpc.ts";
import { sabotaged } from "./harness/sabotage.ts";
import { until } from "./harness/until.ts";
import { World } from "./harness/world.ts";

/** HealthCheckResponse with status NOT_SERVING. */
const NOT_SERVING = Buffer.from([0x08, 0x02]);
const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };

async function run(...words: readonly string[]): Promise<Ended> {
  await using agent = new AgentProcess(words);
  return await agent.ended;
}

describe("the command line of vgpud", () => {
  it("explains itself", async () => {
    const help = await run("--help");
    assert.equal(help.code, 0);
    for (const flag of ["--config", "--simulate", "--socket", "--state-dir", "--metrics", "--host-root"])
      assert.ok(help.stdout.includes(flag), flag);
    const version = await run("--version");
    assert.equal(version.code, 0);
    assert.match(version.stdout, /^vgpud \d+\.\d+\.\d+$/);
  });

  it("refuses words that it does not know with 64", async () => {
    for (const words of [["--no-such-flag"], ["surplus"], ["--socket"], ["--simulate", "a.yaml", "b.yaml"]]) {
      const { code, stdout, stderr } = await run(...words);
      assert.deepEqual([code, stdout], [64, ""], words.join(" "));
      assert.match(stderr, /^vgpud: .*\ntry "vgpud --help"$/s);
    }
  });

  it("refuses a configuration that it cannot use with 78, naming file and key", async () => {
    await using host = await SimulatedHost.start();
    const file = path.join(host.directory, "vgpud.yaml");
    const wrong = [
      ["storage_rots: []", /storage_rots/],
      ["metrics: { listen: 7 }", /metrics\.listen/],
      ["storage_roots: [relative]", /storage_roots/],
      ["libvirt: { uri: 'qemu+ssh://host/system' }", /libvirt\.uri/],
      ["- a list", /mapping/],
      ["a: [", /vgpud\.yaml/],
      ["socket: 7\nsockett: /a", /vgpud\.yaml:1:9: .*\nvgpud: .*vgpud\.yaml:2:1: .*did you mean socket\?/],
    ] as const;
    for (const [text, named] of wrong) {
      await writeFile(file, text);
      const { code, stderr } = await run("--config", file);
      assert.equal(code, 78, text);
      assert.match(stderr, named);
      assert.ok(stderr.includes(file));
      assert.deepEqual(await run("--config", file, "--check-config"), { code, stdout: "", stderr });
    }
    const missing = await run("--config", path.join(host.directory, "missing.yaml"));
    assert.equal(missing.code, 78);
    assert.equal((await run("--metrics", "nowhere")).code, 78);
  });

  it("says which files it takes, and what holds with the place of each value", async () => {
    await using host = await SimulatedHost.start();
    const folder = path.join(host.directory, "etc/vgpud");
    await mkdir(path.join(folder, "config.yaml.d"), { recursive: true });
    const main = path.join(folder, "config.yaml");
    const dropIn = path.join(folder, "config.yaml.d/10-images.yaml");
    await writeFile(main, "resync: 5m\n");
    await writeFile(dropIn, "storage_roots: [/srv/vm]\n");
    const root = ["--config-root", host.directory];
    assert.deepEqual(await run("--check-config", ...root), {
      code: 0,
      stdout: `ok: ${main}, ${dropIn}`,
      stderr: "",
    });
    const { stdout } = await run("--show-config", ...root, "--socket", "/run/mine.sock");
    for (const line of [
      `resync: 5m  # ${main}:1:9`,
      `storage_roots: [/srv/vm]  # ${dropIn}:1:16`,
      "socket: /run/mine.sock  # --socket",
      "state_dir: /var/lib/vgpud  # default",
    ])
      assert.ok(stdout.split("\n").includes(line), `${line}\nis not in\n${stdout}`);
  });
});

describe("a vgpud that serves", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });

  it("lets its socket be opened by owner and group alone", async () => {
    assert.equal((await stat(world.socket)).mode & 0o777, 0o660);
  });

  it("keeps a second one off its state directory and its socket, and says why", async () => {
    const sameState = await run(...world.words, "--socket", path.join(world.host.directory, "other.sock"));
    assert.equal(sameState.code, 69);
    assert.match(sameState.stderr, /another vgpud uses the state directory/);
    const sameSocket = await run(...world.words, "--state-dir", path.join(world.host.directory, "other"));
    assert.equal(sameSocket.code, 69);
    assert.ok(sameSocket.stderr.includes(world.socket), sameSocket.stderr);
    assert.equal((await world.gpus()).length, 1);
  });

  it("says nothing but why when it cannot serve on a simulated host", async () => {
    const { code, stderr } = await run("--simulate", "--socket", world.socket);
    assert.equal(code, 69);
    assert.match(stderr, /^vgpud: cannot listen at .*$/);
  });

  it("answers health and reflection", async () => {
    const identity = (bytes: Buffer): Buffer => bytes;
    const health = {
      path: "/grpc.health.v1.Health/Check",
      requestSerialize: identity,
      responseDeserialize: identity,
    };
    // HealthCheckRequest.service is field 1, HealthCheckResponse.status is field 1, SERVING is 1.
    for (const service of ["", "vgpud.v1.DomainService"]) {
      const name = Buffer.from(service);
      const request = Buffer.concat([Buffer.from([0x0a, name.length]), name]);
      assert.deepEqual(await world.rpc.call(health, request), Buffer.from([0x08, 1]));
    }
    const unknown = await refusal(world.rpc.call(health, Buffer.from([0x0a, 1, 0x78])));
    assert.equal(unknown.code, "NOT_FOUND");
    // ServerReflectionRequest.list_services is field 7.
    const listed = await world.rpc.converse(
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      Buffer.from([0x3a, 0]),
    );
    assert.ok(listed.includes("vgpud.v1.DomainService"));
  });

  it("gives every page once, and takes a page size as the contract says", async () => {
    for (let index = 0; index < 5; index += 1)
      await world.defineForeign({
        name: `theirs-${index}`,
        uuid: `6c9c1f1e-bbbb-4000-8000-00000000000${index}`,
      });
    await until("all are seen", async () => (await world.domains()).length === 5);
    const seen: string[] = [];
    let pageToken = "";
    do {
      const page = await world.rpc.call(Domains.listDomains, { pageSize: 2, pageToken, withUsage: false });
      assert.ok(page.domains.length <= 2 && page.domains.length > 0);
      seen.push(...page.domains.map(({ uuid }) => uuid));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    assert.deepEqual(
      seen,
      (await world.domains()).map(({ uuid }) => uuid),
    );
    const all = await world.rpc.call(Domains.listDomains, {
      pageSize: 100_000,
      pageToken: "",
      withUsage: false,
    });
    assert.deepEqual([all.domains.length, all.nextPageToken], [5, ""]);
  });

  it("goes on with what a client has given up", async () => {
    await world.setFaults({ kind: "DOMAIN_STARTS_LATE", delay_ms: 600_000 });
    const cancel = new AbortController();
    const cancelled = refusal(
      world.rpc.call(Domains.createDomain, world.draft("cancelled").request, { signal: cancel.signal }),
    );
    await world.agent.logged(/"domain":"cancelled".*"step":"create-vgpu"/);
    cancel.abort();
    assert.equal((await cancelled).code, "CANCELLED");
    await world.clearFaults();
    const { operation } = await until("it is there", async () => {
      const shown = await world.claimed("cancelled");
      return shown.claimState === ClaimState.ACTIVE && shown;
    });
    assert.equal((await world.operation(operation)).state, OperationState.SUCCEEDED);
    await world.destroy("cancelled", AT_ONCE);
  });

  it("ends with 0 when it is told to, after the calls that are under way", async () => {
    await world.setFaults({ kind: "DOMAIN_STARTS_LATE", delay_ms: 500 });
    const creating = world.create("last");
    await world.agent.logged(/"domain":"last".*"step":"define-domain"/);
    const ended = world.agent.end("SIGTERM");
    assert.equal((await creating).domain?.claimState, ClaimState.ACTIVE);
    assert.equal((await ended).code, 0);
    await assert.rejects(stat(world.socket));
    // What runs is not the agent's to end.
    assert.equal((await world.truth()).domains.find(({ name }) => name === "last")?.state, "running");
    await world.clearFaults();
    await world.startAgain();
    assert.equal((await world.named("last")).claimState, ClaimState.ACTIVE);
  });

  it("refuses new calls while it ends, tells those it can wait no longer for, and a retry joins what they began", async () => {
    await world.setFaults({ kind: "DOMAIN_STARTS_LATE", delay_ms: 14_000 });
    const { request } = world.draft("slow");
    const cut = refusal(world.createAs(request));
    await world.agent.logged(/"domain":"slow".*"step":"define-domain"/);
    const ended = world.agent.end("SIGTERM");
    await world.agent.logged(/"msg":"stopping"/);
    assert.deepEqual(await world.rpc.bytes("/grpc.health.v1.Health/Check", Buffer.alloc(0)), NOT_SERVING);
    const refused = await refusal(world.create("too-late"));
    const told = await cut;
    for (const error of [refused, told]) {
      assert.deepEqual([error.code, error.reason], ["UNAVAILABLE", "STOPPING"]);
      assert.ok((error.retrySeconds ?? 0) > 0);
    }
    assert.equal((await ended).code, 0);
    assert.match(world.agent.log, /"calls":1,"msg":"calls under way were cut off/);
    await world.clearFaults();
    await world.startAgain();
    const { domain, operation } = await world.createAs(request);
    assert.equal(domain?.claimState, ClaimState.ACTIVE);
    assert.notEqual(operation, "");
    assert.equal((await world.truth()).domains.filter(({ name }) => name === "slow").length, 1);
    await world.destroy("slow", AT_ONCE);
  });

  it("replaces the socket file that a killed one left", async () => {
    await world.kill();
    assert.ok((await stat(world.socket)).isSocket());
    await world.startAgain();
    assert.equal((await world.gpus()).length, 1);
  });
});

describe("a vgpud with a fault of its own", () => {
  for (const fault of ["throws", "rejects"] as const)
    it(`that ${fault} says so and ends with 70, and the next one goes on`, async () => {
      await using world = await World.start("", sabotaged(fault));
      await world.create("stays");
      world.agent.signal("SIGUSR2");
      const { code, stderr } = await world.agent.ended;
      assert.equal(code, 70);
      assert.match(stderr, /"level":60,.*sabotaged.*"msg":"fault in vgpud"/);
      await world.startAgain();
      assert.equal((await world.named("stays")).claimState, ClaimState.ACTIVE);
    });
});

describe("vgpud --simulate", () => {
  it("needs nothing but itself, says where it serves, and ends with 0", async () => {
    await using agent = new AgentProcess(["--simulate"]);
    const metrics = await agent.ready();
    assert.match(await (await fetch(metrics)).text(), /^vgpud_gpu_info\{/m);
    assert.equal((await agent.end("SIGTERM")).code, 0);
  });

  it("refuses a host that it cannot simulate", async () => {
    const { code, stderr } = await run("--simulate", "/nonexistent/host.yaml");
    assert.equal(code, 78);
    assert.match(stderr, /host\.yaml/);
    const unknown = await run("--simulate", "nuc-of-nobody");
    assert.equal(unknown.code, 78);
    assert.match(unknown.stderr, /nuc-of-nobody[^]*machines that have a name: .*\bnuc-broadwell\b/);
  });
});
