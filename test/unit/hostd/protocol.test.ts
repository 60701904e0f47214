import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_ENGINE_TICKS } from "../../../agent/hostd/protocol/engines.ts";
import { encodeLine, LineReader } from "../../../agent/hostd/protocol/lines.ts";
import {
  DRIVERS,
  MAX_LINE_BYTES,
  MAX_REPLY_BYTES,
  MAX_XEN_GUESTS,
  type Operation,
  type Result,
} from "../../../agent/hostd/protocol/messages.ts";
import { parseHello, parseReply, parseRequest, ProtocolError } from "../../../agent/hostd/protocol/parse.ts";
import { PRIORITIES } from "../../../agent/hostd/protocol/shares.ts";
import { VGT_RESOURCES } from "../../../agent/hostd/protocol/vgt.ts";
import { FORMS } from "../../../agent/hostd/protocol/forms.ts";

const GPU = "0000:00:02.0";
const TYPE = "i915-GVTg_V5_4";
const ID = "76677075-0000-8000-8000-000000000001";
const TICKS = { function: 1, gt: 0, engine: "render", instance: 0, active: 120, total: 9_000 } as const;

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constant("create-mdev" as const),
    gpu: fc.stringMatching(FORMS.gpu),
    type: fc.stringMatching(FORMS.type),
    vgpuId: fc.uuid(),
  }),
  fc.record({ kind: fc.constantFrom("remove-mdev" as const, "holders" as const), vgpuId: fc.uuid() }),
  fc.record({
    kind: fc.constant("bind-driver" as const),
    device: fc.stringMatching(FORMS.device),
    driver: fc.constantFrom(...DRIVERS),
  }),
  fc.record({
    kind: fc.constant("set-virtual-functions" as const),
    gpu: fc.stringMatching(FORMS.gpu),
    count: fc.integer({ min: 0, max: 65_535 }),
  }),
  fc.record({
    kind: fc.constant("set-function-profile" as const),
    gpu: fc.stringMatching(FORMS.gpu),
    number: fc.integer({ min: 1, max: 65_535 }),
    values: fc
      .record(
        {
          execQuantumMs: fc.nat(),
          preemptTimeoutUs: fc.nat(),
          priority: fc.constantFrom(...PRIORITIES),
          vramBytes: fc.maxSafeNat(),
          ggttBytes: fc.maxSafeNat(),
          contexts: fc.nat(65_535),
          doorbells: fc.nat(65_535),
        },
        { requiredKeys: [] },
      )
      .filter((values) => Object.keys(values).length > 0),
  }),
  fc.record({ kind: fc.constant("function-holders" as const), device: fc.stringMatching(FORMS.device) }),
  fc.record({
    kind: fc.constantFrom("xen-domains" as const, "vgt-resources" as const, "vgt-utilization" as const),
  }),
  fc.record({
    kind: fc.constant("make-vgt-instance" as const),
    domid: fc.integer({ min: 1, max: 32_751 }),
    lowGmMib: fc.integer({ min: 1, max: 4096 }),
    highGmMib: fc.integer({ min: 0, max: 16_384 }),
    fences: fc.integer({ min: 1, max: 32 }),
  }),
  fc.record({
    kind: fc.constant("remove-vgt-instance" as const),
    domid: fc.integer({ min: 1, max: 32_751 }),
  }),
  fc.record({ kind: fc.constant("device-model-log" as const), name: fc.stringMatching(FORMS.name) }),
  fc.record({ kind: fc.constant("xen-domains" as const) }),
  fc.record({ kind: fc.constant("render-clients" as const), gpu: fc.stringMatching(FORMS.gpu) }),
  fc.record({ kind: fc.constant("engine-ticks" as const), gpu: fc.stringMatching(FORMS.gpu) }),
);

describe("hostd's protocol", () => {
  it("carries every request unchanged, whatever pieces the bytes arrive in", () => {
    const request = fc.record({
      id: fc.integer({ min: 1, max: 0x7fff_ffff }),
      deadlineMs: fc.integer({ min: 10, max: 60_000 }),
      operation,
    });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 5 }), fc.integer({ min: 1, max: 50 }), (requests, piece) => {
        const bytes = Buffer.from(requests.map(encodeLine).join(""));
        const reader = new LineReader();
        const lines: string[] = [];
        for (let at = 0; at < bytes.length; at += piece)
          lines.push(...reader.feed(bytes.subarray(at, at + piece)));
        assert.deepEqual(
          JSON.parse(JSON.stringify(lines.map(parseRequest))),
          JSON.parse(JSON.stringify(requests)),
        );
      }),
    );
  });

  it("carries every result unchanged", () => {
    const holders = [
      { pid: 4711, command: "qemu-system-x86", domain: "büro-1" },
      { pid: 1, command: "" },
    ];
    const guest = { domid: 3, uuid: ID, name: "büro-1", pciDevices: [] };
    const results: Result[] = [
      { kind: "done" },
      { kind: "absent" },
      { kind: "holders", holders: [] },
      { kind: "held", holders },
      { kind: "profile", written: [], notOffered: ["priority", "vramBytes"] },
      {
        kind: "profile",
        written: [
          { share: "execQuantumMs", unit: "gt0", value: 100_000 },
          { share: "priority", value: "low" },
        ],
        notOffered: [],
      },
      { kind: "blocked", elapsedMs: 0, childPid: 12, holders },
      { kind: "xenstore-silent", asked: "/local/domain", waitedMs: 5000 },
      { kind: "errno", errno: "ENOSPC", call: "write", path: "/sys/x/create" },
      { kind: "xen-domains", domains: [] },
      { kind: "xen-domains", domains: [guest, { ...guest, type: "pvh", pciDevices: [GPU] }] },
      { kind: "xen-domains", domains: [{ ...guest, vgt: { lowGmMib: 128, highGmMib: 0, fences: 4 } }] },
      {
        kind: "vgt-resources",
        ...{ lowTotalMib: 512, lowFreeMib: 384, highTotalMib: 1536, highFreeMib: 1152 },
        ...{ fencesTotal: 32, fencesFree: 0 },
      },
      { kind: "vgt-utilization", slices: [{ domid: 7, percent: 0 }] },
      { kind: "log", lines: [], writtenAt: 0 },
      {
        kind: "log",
        lines: ["vGT: create_vgt_instance failed: errno=22", "", "l".repeat(200)],
        writtenAt: 1_767_225_600_000,
      },
      { kind: "engine-ticks", ticks: [TICKS], left: 3 },
      { kind: "uncounted", because: "no-perf", said: "spawn /usr/bin/perf ENOENT" },
      { kind: "render-clients", processes: [], left: 3 },
      {
        kind: "render-clients",
        processes: [{ pid: 4711, domain: ID, clients: [{ id: 7, figures: "drm-engine-render:\t12 ns" }] }],
        left: 0,
      },
      { kind: "refused", why: "no" },
      { kind: "failed", why: "no" },
    ];
    for (const result of results)
      assert.deepEqual(parseReply(JSON.stringify({ id: 7, result })), { id: 7, result });
  });

  it("refuses resources and logs that are none", () => {
    const resources = Object.fromEntries(VGT_RESOURCES.map((name) => [name, 1]));
    const cases: [object, RegExp][] = [
      [{ kind: "vgt-resources", ...resources, fencesFree: -1 }, /^fencesFree /],
      [{ kind: "vgt-resources", ...resources, lowTotalMib: "0x1" }, /^lowTotalMib /],
      [{ kind: "vgt-utilization", slices: [{ domid: 0, percent: 1 }] }, /^domid /],
      [{ kind: "vgt-utilization", slices: [{ domid: 7, percent: -1 }] }, /^percent /],
      [{ kind: "vgt-utilization", slices: Array(65).fill({ domid: 7, percent: 1 }) }, /^slices /],
      [{ kind: "log", writtenAt: 0, lines: "a" }, /^lines /],
      [{ kind: "log", writtenAt: 0, lines: [1] }, /^a line /],
      [{ kind: "log", writtenAt: 0, lines: ["l".repeat(201)] }, /^a line /],
      [{ kind: "log", writtenAt: 0, lines: Array(21).fill("l") }, /more than 20/],
      [{ kind: "log", lines: [] }, /^writtenAt /],
    ];
    for (const [result, message] of cases)
      assert.throws(() => parseReply(JSON.stringify({ id: 7, result })), { message });
  });

  it("refuses a guest that is none", () => {
    const guest = { domid: 3, uuid: ID, name: "a", pciDevices: [GPU] };
    const cases: [object, RegExp][] = [
      [{ ...guest, domid: 0 }, /^domid /],
      [{ ...guest, uuid: "3" }, /^uuid /],
      [{ ...guest, name: 1 }, /^name /],
      [{ ...guest, type: "lxc" }, /^type /],
      [{ ...guest, pciDevices: ["00:02.0"] }, /^device /],
      [{ ...guest, pciDevices: GPU }, /^pciDevices /],
      [{ ...guest, vgt: { lowGmMib: 0, highGmMib: 384, fences: 4 } }, /^lowGmMib /],
      [{ ...guest, vgt: { lowGmMib: 128, fences: 4 } }, /^highGmMib /],
      [{ ...guest, vgt: 128 }, /slice is not an object/],
    ];
    const reply = (domains: unknown): string =>
      JSON.stringify({ id: 7, result: { kind: "xen-domains", domains } });
    for (const [wrong, message] of cases) assert.throws(() => parseReply(reply([wrong])), { message });
    assert.throws(() => parseReply(reply(Array(MAX_XEN_GUESTS + 1).fill(guest))), /more than 512/);
  });

  it("refuses a process that renders and is none", () => {
    const client = { id: 7, figures: "" };
    const process = { pid: 4711, domain: ID, clients: [client] };
    const cases: [object, RegExp][] = [
      [{ ...process, pid: 0 }, /^pid /],
      [{ ...process, domain: "desk" }, /^uuid /],
      [{ ...process, clients: [{ ...client, id: -1 }] }, /^id /],
      [{ ...process, clients: [{ id: 7 }] }, /^figures /],
      [{ ...process, clients: Array(33).fill(client) }, /^clients has more than 32/],
    ];
    const reply = (processes: unknown, left = 0): string =>
      JSON.stringify({ id: 7, result: { kind: "render-clients", processes, left } });
    for (const [wrong, message] of cases) assert.throws(() => parseReply(reply([wrong])), { message });
    assert.throws(() => parseReply(reply([process], -1)), /^ProtocolError: left /);
  });

  it("takes no ticks that are none", () => {
    const cases: readonly [Readonly<Record<string, unknown>>, RegExp][] = [
      [{ function: 0 }, /^function is not an integer from 1/],
      [{ gt: 16 }, /^gt is not an integer from 0 to 15/],
      [{ engine: "rcs" }, /^engine is no class that is known/],
      [{ instance: 256 }, /^instance /],
      [{ active: -1 }, /^active /],
      [{ total: 2 ** 53 }, /^total /],
    ];
    const reply = (tick: unknown, left = 0): string =>
      JSON.stringify({ id: 7, result: { kind: "engine-ticks", ticks: [tick], left } });
    for (const [wrong, message] of cases)
      assert.throws(() => parseReply(reply({ ...TICKS, ...wrong })), { message });
    assert.throws(() => parseReply(reply(TICKS, -1)), /^ProtocolError: left /);
    const because = { kind: "uncounted", because: "tired", said: "" };
    assert.throws(() => parseReply(JSON.stringify({ id: 7, result: because })), /because is no reason/);
  });

  it("fits the most ticks into a line", () => {
    const most = {
      function: 65_535,
      gt: 9,
      engine: "video-enhance",
      instance: 8,
      active: 2 ** 52,
      total: 2 ** 52,
    };
    const result = { kind: "engine-ticks", ticks: Array(MAX_ENGINE_TICKS).fill(most), left: 0 };
    assert.ok(JSON.stringify({ id: 0x7fff_ffff, result }).length <= MAX_REPLY_BYTES);
  });

  it("fits the longest answer into a line", () => {
    const guest = {
      ...{ domid: 32_751, uuid: ID, name: "n".repeat(60), type: "hvm", pciDevices: [GPU] },
      vgt: { lowGmMib: 4096, highGmMib: 16_384, fences: 32 },
    };
    const result = { kind: "xen-domains", domains: Array(MAX_XEN_GUESTS).fill(guest) };
    assert.ok(encodeLine({ id: 0x7fff_ffff, result }).length < MAX_REPLY_BYTES);
  });

  it("fails on any other line with ProtocolError and nothing else", () => {
    for (const parse of [parseRequest, parseReply, parseHello]) {
      fc.assert(
        fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
          assert.throws(() => parse(line), ProtocolError);
        }),
      );
    }
  });

  it("refuses what is out of bounds or unknown and says which field", () => {
    const good = { id: 1, deadlineMs: 100, operation: { kind: "remove-mdev", vgpuId: ID } };
    const profiled = (change: object): object => ({
      ...good,
      operation: { kind: "set-function-profile", gpu: GPU, number: 1, values: { doorbells: 1 }, ...change },
    });
    const vgt = (change: object): object => ({
      ...good,
      operation: {
        ...{ kind: "make-vgt-instance", domid: 3, lowGmMib: 128, highGmMib: 384, fences: 4 },
        ...change,
      },
    });
    const cases: [object, RegExp, number][] = [
      [{ ...good, id: 0 }, /^id /, 0],
      [{ ...good, id: 1.5 }, /^id /, 0],
      [{ ...good, deadlineMs: 9 }, /^deadlineMs /, 1],
      [{ ...good, deadlineMs: 60_001 }, /^deadlineMs /, 1],
      [{ ...good, deadlineMs: "100" }, /^deadlineMs /, 1],
      [{ ...good, extra: 1 }, /unknown field "extra"/, 1],
      [{ ...good, operation: { kind: "reboot" } }, /allowlist/, 1],
      [{ ...good, operation: { kind: "remove-mdev", vgpuId: ID, root: "/" } }, /unknown field "root"/, 1],
      [{ ...good, operation: { kind: "remove-mdev", vgpuId: "../../etc" } }, /^vgpuId /, 1],
      [{ ...good, operation: { kind: "remove-mdev", vgpuId: `${ID}\n` } }, /^vgpuId /, 1],
      [
        { ...good, operation: { kind: "create-mdev", gpu: GPU, type: "nvidia-222", vgpuId: ID } },
        /^type /,
        1,
      ],
      [{ ...good, operation: { kind: "bind-driver", device: GPU, driver: "nouveau" } }, /^driver /, 1],
      [{ ...good, operation: { kind: "bind-driver", device: "../..", driver: "none" } }, /^device /, 1],
      [{ ...good, operation: { kind: "set-virtual-functions", gpu: GPU, count: 65_536 } }, /^count /, 1],
      [{ ...good, operation: { kind: "set-virtual-functions", gpu: GPU, count: -1 } }, /^count /, 1],
      [vgt({ domid: 0 }), /^domid /, 1],
      [vgt({ domid: 32_752 }), /^domid /, 1],
      [vgt({ lowGmMib: 0 }), /^lowGmMib /, 1],
      [vgt({ lowGmMib: 128.5 }), /^lowGmMib /, 1],
      [vgt({ highGmMib: 16_385 }), /^highGmMib /, 1],
      [vgt({ fences: "4" }), /^fences /, 1],
      [vgt({ cap: 100 }), /unknown field "cap"/, 1],
      [{ ...good, operation: { kind: "remove-vgt-instance", domid: -3 } }, /^domid /, 1],
      [{ ...good, operation: { kind: "device-model-log", name: "../xl-desk" } }, /^name /, 1],
      [{ ...good, operation: { kind: "device-model-log", name: "" } }, /^name /, 1],
      [profiled({ number: 0 }), /^number /, 1],
      [profiled({ number: 65_536 }), /^number /, 1],
      [profiled({ values: {} }), /^values has none of execQuantumMs, /, 1],
      [profiled({ values: { weight: 1 } }), /unknown field "weight"/, 1],
      [profiled({ values: { execQuantumMs: 2 ** 32 } }), /^execQuantumMs /, 1],
      [profiled({ values: { vramBytes: -1 } }), /^vramBytes /, 1],
      [profiled({ values: { contexts: "1024" } }), /^contexts /, 1],
      [profiled({ values: { priority: "realtime" } }), /^priority is not one of low, normal, high/, 1],
      [{ ...good, operation: { kind: "create-mdev", gpu: "card0", type: TYPE, vgpuId: ID } }, /^gpu /, 1],
    ];
    for (const [request, message, requestId] of cases) {
      assert.throws(() => parseRequest(JSON.stringify(request)), {
        name: "ProtocolError",
        message,
        requestId,
      });
    }
  });

  it("ends a line that grows beyond its bound before the newline comes", () => {
    const reader = new LineReader();
    assert.deepEqual(reader.feed(Buffer.alloc(MAX_LINE_BYTES, 0x20)), []);
    assert.throws(() => reader.feed(Buffer.from(" ")), ProtocolError);
  });

  it("refuses a server of another protocol version", () => {
    assert.throws(() => parseHello('{"hello":"vgpud-hostd","protocol":2}'), /speaks protocol 2/);
  });
});
