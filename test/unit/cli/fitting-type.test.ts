// The type that a refused create is told of.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { typeThatFits } from "../../../agent/cli/errors/fitting-type.ts";
import { connect } from "../../../agent/cli/client/vgpud.ts";
import { CliError } from "../../../agent/cli/errors/cli-error.ts";
import { fakeVgpud } from "./fake-vgpud.ts";
import { gpu, idleGpu } from "./facts.ts";
import { FRESH_ID, vgpuctl, type Ran } from "./vgpuctl.ts";

const LARGE = "i915-GVTg_V5_4";
const SMALL = "i915-GVTg_V5_8";
const roomy = { ...gpu, types: gpu.types.map((type) => ({ ...type, allocatable: 1 })) };

describe("typeThatFits", () => {
  const type = (value: string) => ({ $case: "type", value }) as const;
  const sizes = (vgtLowGmSz: number) =>
    ({ $case: "sizes", value: { vgtLowGmSz, vgtHighGmSz: 512, vgtFenceSz: 4 } }) as const;
  const wish = { want: sizes(512), gpu: undefined, smaller: false };

  it("is the largest that there is room for, not above what was asked for", () => {
    assert.equal(typeThatFits([idleGpu, gpu], wish), SMALL);
    assert.equal(typeThatFits([idleGpu, roomy], wish), LARGE);
    assert.equal(typeThatFits([roomy], { ...wish, want: sizes(127) }), SMALL);
    assert.equal(typeThatFits([roomy], { ...wish, want: type(SMALL) }), undefined);
    assert.equal(typeThatFits([roomy], { ...wish, want: { $case: "mode", value: Mode.GVT_G } }), SMALL);
  });

  it("is smaller than what was asked for where the kernel refused that", () => {
    assert.equal(typeThatFits([roomy], { ...wish, want: sizes(128), smaller: true }), SMALL);
    assert.equal(typeThatFits([roomy], { ...wish, want: sizes(64), smaller: true }), undefined);
    assert.equal(typeThatFits([roomy], { ...wish, want: type(LARGE), smaller: true }), SMALL);
  });

  it("is the one whose name was cut short or mistyped, or what there is room for in its place", () => {
    const named = (value: string, gpus = [roomy]) => typeThatFits(gpus, { ...wish, want: type(value) });
    assert.equal(named("V5_8"), SMALL);
    assert.equal(named("I915-gvtg_v5_4"), LARGE);
    assert.equal(named("i915-GVTG_V58"), SMALL);
    assert.equal(named("V5_4", [gpu]), SMALL);
    assert.equal(named("A2-1g.5gb"), undefined);
  });

  it("is none on a GPU that has none, and not what was refused", () => {
    assert.equal(typeThatFits([gpu, idleGpu], { ...wish, gpu: idleGpu.pciAddress }), undefined);
    assert.equal(typeThatFits([gpu], { ...wish, want: type(SMALL) }), undefined);
  });
});

describe("a create that there is no room for", () => {
  const details = {
    reason: "APERTURE_EXHAUSTED",
    metadata: {},
    fields: [],
    retryMs: undefined,
    decision: undefined,
  };
  const call = { code: status.RESOURCE_EXHAUSTED, details, outcomeUnknown: false };
  const full = new CliError("no-room", "no room", { reason: "APERTURE_EXHAUSTED", call });

  const refused = (socketPath: string, argv: readonly string[], file = "", error = full): Promise<Ran> =>
    vgpuctl(socketPath, ["create", ...argv], {
      connect: (options) => ({
        ...connect(options),
        createDomain: () => {
          options.onSend();
          return Promise.reject(error);
        },
      }),
      readText: () => Promise.resolve(file),
    });

  it("is answered with the line that would work now", async () => {
    await using vgpud = await fakeVgpud();
    const rest = ["--vcpus", "1", "--memory", "64", "--kernel", "/k"];
    const ran = await refused(vgpud.socketPath, ["a b", "--sizes", "256,512,4", ...rest]);
    assert.equal(ran.exitCode, 6);
    const line = `vgpuctl --socket ${vgpud.socketPath} create 'a b' --vcpus 1 --memory 64 --kernel /k --type ${SMALL} --claim-id ${FRESH_ID}`;
    assert.ok(ran.stderr.includes(`hint: smaller than asked for, this fits now: ${line}\n`), ran.stderr);
    assert.deepEqual(ran.notes, [`claim id: ${FRESH_ID}`], "once, whatever was asked for the hint");
  });

  it("is promised nothing where the kernel knows more than the arithmetic", async () => {
    await using vgpud = await fakeVgpud();
    const fragmented = new CliError("no-room", "no range", { reason: "GM_FRAGMENTED", call });
    const answer = async (mib: number): Promise<string> => {
      const file = `domain: { name: a }\nvgpu: { sizes: { vgt_low_gm_sz: ${mib} } }\n`;
      return (await refused(vgpud.socketPath, ["-f", "a.yaml"], file, fragmented)).stderr;
    };
    assert.match(
      await answer(128),
      new RegExp(`hint: smaller than asked for, this may fit: .* --type ${SMALL} `),
    );
    assert.doesNotMatch(await answer(64), /--type/);
  });

  it("is answered by what its file asks for", async () => {
    await using vgpud = await fakeVgpud();
    const answer = async (vgpu: string, ...flags: readonly string[]): Promise<string> =>
      (await refused(vgpud.socketPath, ["-f", "a.yaml", ...flags], `domain: { name: a }\nvgpu: ${vgpu}\n`))
        .stderr;
    assert.match(await answer("{ mode: MODE_GVT_G }"), new RegExp(`-f a\\.yaml --type ${SMALL} `));
    assert.doesNotMatch(await answer(`{ type: ${SMALL} }`), /this fits now/, "which was refused");
    const idle = `{ mode: MODE_GVT_G, gpu: "${idleGpu.pciAddress}" }`;
    assert.doesNotMatch(await answer(idle), /this fits now/, "which has nothing");
    assert.match(await answer(idle, "--gpu", gpu.pciAddress), /this fits now/);
  });

  it("is given no line that would read again what came by stdin", async () => {
    await using vgpud = await fakeVgpud();
    const file = "domain: { name: a }\nvgpu: { mode: MODE_GVT_G }\n";
    const { stderr } = await refused(vgpud.socketPath, ["-f", "-"], file);
    assert.match(stderr, /^error: no room \[APERTURE_EXHAUSTED\]\nhint: vgpuctl \S+ \S+ gpus\n$/);
  });
});
