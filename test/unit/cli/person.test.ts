// A person at a terminal: asked before a domain is destroyed, and told what takes long.
import assert from "node:assert/strict";
import { ClaimState, Ownership } from "../../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../../proto/gen/vgpud/v1/domain.ts";
import { GetDomainResponse } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { progressLine, withProgress } from "../../../agent/cli/terminal/progress.ts";
import { connect } from "../../../agent/cli/client/vgpud.ts";
import { FakeClock } from "../../fakes/clock.ts";
import { domain } from "./facts.ts";
import { fakeVgpud } from "./fake-vgpud.ts";
import { vgpuctl } from "./vgpuctl.ts";

function answering(answer: string) {
  const asked: string[] = [];
  const ask = (question: string): Promise<string> => {
    asked.push(question);
    return Promise.resolve(answer);
  };
  return { asked, ask };
}

describe("vgpuctl destroy at a terminal", () => {
  it("asks first, and says what will be gone", async () => {
    await using vgpud = await fakeVgpud();
    const { asked, ask } = answering("y");
    const ran = await vgpuctl(vgpud.socketPath, ["destroy", "claim:job-17"], { ask });
    assert.equal(ran.exitCode, 0);
    assert.deepEqual(asked, [
      "destroy domain web-1 (running) and its vGPU 76677075-1111-8222-8333-444455556666? its disks stay [y/N] ",
    ]);
  });

  for (const [ownership, claimState, question] of [
    [Ownership.ORPHAN, ClaimState.GONE, "destroy domain web-1 (running)? its disks stay [y/N] "],
    [Ownership.ORPHAN, ClaimState.UNSPECIFIED, undefined],
    [Ownership.FOREIGN, ClaimState.UNSPECIFIED, undefined],
  ] as const)
    it(`asks of a domain that is ${ownership} of a claim that is ${claimState} as far as vgpud may end it`, async () => {
      await using vgpud = await fakeVgpud();
      const { asked, ask } = answering("y");
      const ran = await vgpuctl(vgpud.socketPath, ["destroy", "web-1"], {
        ask,
        connect: (options) => ({
          ...connect(options),
          getDomain: () =>
            Promise.resolve(GetDomainResponse.fromPartial({ domain: { ...domain, ownership, claimState } })),
        }),
      });
      assert.equal(ran.exitCode, 0);
      assert.deepEqual(asked, question === undefined ? [] : [question]);
    });

  for (const answer of ["", "n", "yesterday"])
    it(`does nothing when the answer is '${answer}'`, async () => {
      await using vgpud = await fakeVgpud();
      const ran = await vgpuctl(vgpud.socketPath, ["destroy", "web-1"], answering(answer));
      assert.deepEqual([ran.exitCode, vgpud.requests], [1, []]);
      assert.match(
        ran.stderr,
        /^error: nothing was done: it was not confirmed\nhint: vgpuctl \S+ \S+ destroy web-1 --yes\n$/,
      );
    });

  for (const argv of [
    ["destroy", "web-1", "--no-force", "--grace", "10m"],
    ["destroy", "--now", "--output", "yaml", "--", "web-1"],
    ["release-vgpu", "claim:job-17"],
  ])
    it(`leads to the line that was declined, with all its flags: ${argv.join(" ")}`, async () => {
      await using vgpud = await fakeVgpud();
      const { stderr } = await vgpuctl(vgpud.socketPath, argv, answering("n"));
      const [before, after] = argv.join(" ").split(" -- ");
      const again = [before, "--yes", ...(after === undefined ? [] : ["--", after])].join(" ");
      assert.ok(stderr.includes(`vgpuctl --socket ${vgpud.socketPath} ${again}\n`), stderr);
    });

  it("does nothing when it is interrupted instead of answered", async () => {
    await using vgpud = await fakeVgpud();
    const interrupt = new AbortController();
    const ask = (): Promise<string> => {
      interrupt.abort();
      return Promise.resolve("");
    };
    const ran = await vgpuctl(vgpud.socketPath, ["destroy", "web-1"], { ask, signal: interrupt.signal });
    assert.deepEqual([ran.exitCode, vgpud.requests], [130, []]);
  });

  it("waits for what it asks about only as long as for any answer from memory", async () => {
    await using vgpud = await fakeVgpud();
    const limits: Record<string, number> = {};
    const ran = await vgpuctl(vgpud.socketPath, ["destroy", "web-1"], {
      ...answering("y"),
      connect: (options) => {
        const real = connect(options);
        return {
          ...real,
          getDomain: (request) => {
            limits["getDomain"] = options.timeout.ms;
            return real.getDomain(request);
          },
          destroyDomain: (request) => {
            limits["destroyDomain"] = options.timeout.ms;
            return real.destroyDomain(request);
          },
        };
      },
    });
    assert.equal(ran.exitCode, 0);
    assert.deepEqual(limits, { getDomain: 10_000, destroyDomain: 180_000 });
  });

  it("does not ask with --yes, nor about a domain that there is not", async () => {
    await using vgpud = await fakeVgpud();
    const { asked, ask } = answering("n");
    assert.equal((await vgpuctl(vgpud.socketPath, ["destroy", "web-1", "-y"], { ask })).exitCode, 0);
    assert.equal((await vgpuctl(vgpud.socketPath, ["destroy", "x", "--allow-missing"], { ask })).exitCode, 0);
    assert.deepEqual(asked, []);
  });
});

describe("what takes long", () => {
  it("is told about after a second, once a second, and cleared at the end", async () => {
    const clock = new FakeClock();
    const shown: string[] = [];
    const work = clock.sleep(3_500, new AbortController().signal).then(() => "done");
    const what = {
      what: "stop web-1",
      look: () => Promise.resolve(domain),
      show: (line: string) => shown.push(line),
      clock,
    };
    const running = withProgress(work, what);
    await clock.advance(900);
    assert.deepEqual(shown, []);
    await clock.advance(1_100);
    assert.equal(await clock.until(running), "done");
    assert.deepEqual(shown, [
      "stop web-1, 1s: claim active, domain running",
      "stop web-1, 2s: claim active, domain running",
      "stop web-1, 3s: claim active, domain running",
      "",
    ]);
  });

  it("tells what holds it up and who", () => {
    const held = {
      ...domain,
      state: DomainState.SHUT_OFF,
      claimState: ClaimState.DELETING,
      failure: { reason: "VGPU_IN_USE", message: "the vGPU is open", metadata: {} },
      holders: [{ pid: 4711, command: "qemu" }],
    };
    assert.equal(
      progressLine("destroy web-1", 12_400, held),
      "destroy web-1, 12s: claim deleting, domain shut-off; the vGPU is open [VGPU_IN_USE], held by pid 4711 (qemu)",
    );
  });

  it("is told of by the time alone while nothing can be seen", () => {
    assert.equal(progressLine("create a\u001b", 2_000, undefined), "create a\\x1b, 2s");
  });

  it("is not told about in documents", async () => {
    await using vgpud = await fakeVgpud();
    const shown: string[] = [];
    const status = (line: string): void => {
      shown.push(line);
    };
    const argv = ["stop", "web-1", "-o", "json"];
    assert.equal((await vgpuctl(vgpud.socketPath, argv, { status })).exitCode, 0);
    assert.deepEqual(shown, []);
  });
});
