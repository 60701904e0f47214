// top: its frames as golden files, its keys, and its figures. The command itself: top-command.test.ts.
import assert from "node:assert/strict";
import { Domain, DomainUsage } from "../../../proto/gen/vgpud/v1/domain.ts";
import { plain } from "../../../agent/cli/view/paint.ts";
import { cutLine } from "../../../agent/cli/terminal/redraw.ts";
import { BusyDomains } from "../../../agent/cli/top/busy.ts";
import { screenFrame, wholeFrame, type Choice, type Seen } from "../../../agent/cli/top/frame.ts";
import { pressed } from "../../../agent/cli/top/keys.ts";
import { domainRows, ordered } from "../../../agent/cli/top/rows.ts";
import * as facts from "./facts.ts";
import { matchesGolden } from "./vgpuctl.ts";

const usage = (seconds: number, at: number, residentMib = 1900n): Domain["usage"] => ({
  cpuTime: { seconds: BigInt(seconds), nanos: 0 },
  memoryMib: 2048n,
  residentMib,
  sampleTime: new Date(at),
  gpus: [],
});
/** As usage, of a domain that renders on a GPU: seconds that its render and video engines worked. */
const rendering = (at: number, render: number, video: number): Domain["usage"] =>
  DomainUsage.fromPartial({
    ...usage(0, at),
    gpus: [
      {
        gpu: "0000:03:00.0",
        engines: [
          { engine: "render", busyTime: { seconds: BigInt(render) } },
          { engine: "video", busyTime: { seconds: BigInt(video) } },
        ],
        memory: [
          { region: "system0", residentBytes: 2n ** 27n },
          { region: "vram0", residentBytes: 2n ** 28n },
        ],
        sampleTime: new Date(at),
      },
    ],
  });

const lean = Domain.fromPartial({
  ...facts.domain,
  uuid: "u2",
  name: "web-2",
  vgpuIds: [],
  usage: usage(1, 0, 300n),
});
const busy = { ...facts.domain, usage: usage(50, 0) };
const desk = { ...lean, uuid: "u3", name: "desk", usage: rendering(0, 0, 0) };
const shares = new Map([
  [busy.uuid, { cpu: 98.76, gpu: undefined }],
  [lean.uuid, { cpu: 100, gpu: undefined }],
  [desk.uuid, { cpu: 0.5, gpu: 41.27 }],
]);
const rows = domainRows([busy, lean, facts.foreignDomain, desk], [facts.vgpu, facts.foreignVgpu], shares);
const seen: Seen = { host: facts.hostResponse.host, gpus: [facts.gpu, facts.idleGpu], rows, at: 0 };
const choice: Choice = { order: "cpu", reversed: false, scrolled: 0 };

describe("a frame of top", () => {
  it("shows GPUs with bars and every domain, with and without a vGPU", async () => {
    await matchesGolden("top.txt", `${wholeFrame(seen, choice, plain).join("\n")}\n`);
  });

  it("has as many lines as the screen, the keys on the last one", async () => {
    for (const height of [24, 13]) {
      const lines = screenFrame(seen, choice, { rows: height, paint: plain, notice: "" });
      assert.equal(lines.length, height);
      await matchesGolden(`top-${height}.txt`, `${lines.join("\n")}\n`);
    }
  });

  it("shows what there is room for on the smallest screen", () => {
    assert.equal(screenFrame(seen, choice, { rows: 2, paint: plain, notice: "" }).length, 2);
  });

  it("says what is wrong where the keys stand", () => {
    const lines = screenFrame(seen, choice, { rows: 24, paint: plain, notice: "vgpud does not answer" });
    assert.equal(lines.at(-1), "vgpud does not answer");
  });

  it("is cut at the width of the screen, its colours kept", () => {
    assert.equal(cutLine("\u001b[32mabc\u001b[0mdef", 4), "\u001b[32mabc\u001b[0md");
    assert.equal(cutLine("\u001b[32mabcdef\u001b[0m", 2), "\u001b[32mab\u001b[0m");
  });
});

describe("the domains of top", () => {
  const names = (order: Choice["order"], reversed = false): readonly string[] =>
    ordered(rows, order, reversed).map(({ domain }) => domain.name.replace("\u001b[2J", ""));

  it("come in the order that is chosen", () => {
    assert.deepEqual(names("cpu"), ["web-2", "web-1", "desk", "oldbox"]);
    assert.deepEqual(names("gpu"), ["desk", "oldbox", "web-1", "web-2"]);
    assert.deepEqual(names("memory"), ["desk", "web-1", "web-2", "oldbox"]);
    assert.deepEqual(names("name"), ["desk", "oldbox", "web-1", "web-2"]);
    assert.deepEqual(names("name", true), ["web-2", "web-1", "oldbox", "desk"]);
    assert.deepEqual(names("state"), ["desk", "web-1", "web-2", "oldbox"]);
  });

  it("are as busy as two readings say, and not known before", () => {
    const seen = new BusyDomains();
    const cpu = (counted: Domain["usage"]): number | undefined =>
      seen.add([{ ...busy, usage: counted }]).get(busy.uuid)?.cpu;
    assert.equal(cpu(usage(50, 0)), undefined);
    assert.equal(cpu(usage(53, 2_000)), 150);
    assert.equal(cpu(usage(53, 2_000)), 150, "the same reading");
    assert.equal(cpu(usage(1, 4_000)), undefined, "it was started again");
    assert.equal(cpu(undefined), undefined);
  });

  it("keep a GPU as busy as they keep the busiest class of its engines", () => {
    const seen = new BusyDomains();
    const gpu = (counted: Domain["usage"]): number | undefined =>
      seen.add([{ ...desk, usage: counted }]).get(desk.uuid)?.gpu;
    assert.equal(gpu(rendering(0, 10, 0)), undefined);
    assert.equal(gpu(rendering(2_000, 11, 0)), 50);
    assert.equal(gpu(rendering(4_000, 11, 2)), 100);
    assert.equal(gpu(rendering(6_000, 0, 0)), undefined, "it was started again");
    assert.equal(gpu(usage(9, 8_000)), undefined, "it renders on none any more");
  });
});

describe("a key of top", () => {
  it("chooses an order, turns it round, scrolls, quits, or does nothing", () => {
    assert.deepEqual(pressed("m", { ...choice, scrolled: 3 }, 9), { ...choice, order: "memory" });
    assert.deepEqual(pressed("g", choice, 9), { ...choice, order: "gpu" });
    assert.deepEqual(pressed("r", choice, 9), { ...choice, reversed: true });
    assert.deepEqual(pressed("\u001b[B", choice, 9), { ...choice, scrolled: 1 });
    assert.deepEqual(pressed("\u001b[A", choice, 9), choice);
    assert.deepEqual(pressed("\u001b[6~", choice, 9), { ...choice, scrolled: 8 });
    assert.equal(pressed("q", choice, 9), "quit");
    assert.equal(pressed("x", choice, 9), undefined);
  });
});
