// What `vgpuctl plan` asks for, and what it says when not all fits.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { PlanRequest, PlanResponse } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { PlacementPolicy } from "../../../proto/gen/vgpud/v1/placement.ts";
import { fakeVgpud } from "./fake-vgpud.ts";
import * as facts from "./facts.ts";
import { matchesGolden, vgpuctl } from "./vgpuctl.ts";

async function asked(...argv: readonly string[]): Promise<PlanRequest> {
  await using vgpud = await fakeVgpud();
  const { exitCode, stderr } = await vgpuctl(vgpud.socketPath, ["plan", ...argv]);
  assert.equal(exitCode, 0, stderr);
  return vgpud.requests[0] as PlanRequest;
}

async function refusedLine(...argv: readonly string[]): Promise<string> {
  const { exitCode, stderr } = await vgpuctl("/nowhere", ["plan", ...argv]);
  assert.equal(exitCode, 2, stderr);
  return stderr;
}

describe("the request of vgpuctl plan", () => {
  it("has an item for each word, with its count", async () => {
    const { items, whatIf } = await asked(
      "i915-GVTg_V5_4:2",
      "128,512,4:3",
      "gvt-g",
      "--gpu",
      "0000:00:02.0",
    );
    assert.deepEqual(
      items.map(({ vgpu, count }) => [vgpu?.want?.$case, count, vgpu?.gpu]),
      [
        ["type", 2, "0000:00:02.0"],
        ["sizes", 3, "0000:00:02.0"],
        ["mode", undefined, "0000:00:02.0"],
      ],
    );
    assert.deepEqual(items[1]?.vgpu?.want?.value, { vgtLowGmSz: 128, vgtHighGmSz: 512, vgtFenceSz: 4 });
    assert.deepEqual(whatIf, { withoutGpus: [], withoutForeign: false, empty: false, apertures: [] });
  });

  it("supposes what the flags say, some of them more than once", async () => {
    const line = [
      "gvt-g:2",
      "--without-gpu",
      "0000:03:00.0",
      "--without-gpu=0000:04:00.0",
      "--without-foreign",
    ];
    line.push("--empty", "--aperture", "0000:00:02.0=1024", "--aperture", "0000:05:00.0=512");
    assert.deepEqual((await asked(...line)).whatIf, {
      withoutGpus: ["0000:03:00.0", "0000:04:00.0"],
      ...{ withoutForeign: true, empty: true },
      apertures: [
        { gpu: "0000:00:02.0", apertureMib: 1024 },
        { gpu: "0000:05:00.0", apertureMib: 512 },
      ],
    });
  });

  it("takes a flavor's metadata for an item of its own, or where the word flavor stands", async () => {
    const flags = ["--flavor-metadata", "hw:vgt_low_gm_sz=128", "--flavor-metadata", "note=a=b"];
    const want = { $case: "flavor", value: { metadata: { "hw:vgt_low_gm_sz": "128", note: "a=b" } } };
    const alone = (await asked(...flags)).items.map(({ vgpu, count }) => [vgpu?.want, count]);
    assert.deepEqual(alone, [[want, undefined]]);
    const counted = (await asked("gvt-g", "flavor:4", ...flags)).items;
    assert.deepEqual([counted.length, counted[1]?.vgpu?.want, counted[1]?.count], [2, want, 4]);
  });

  it("takes what a vGPU has to give, with / between what will do as well", async () => {
    const { items } = await asked("sriov:2", "gvt-g,low-gm=128/sriov,vram=2048:3");
    const [mode, needs] = items.map(({ vgpu }) => vgpu?.want);
    assert.deepEqual([mode?.$case, needs?.$case, items[1]?.count], ["mode", "needs", 3]);
    assert.ok(needs?.$case === "needs");
    assert.deepEqual(
      needs.value.anyOf.map(({ mode: each, minLowGmMib, minVramMib }) => [each, minLowGmMib, minVramMib]),
      [
        [Mode.GVT_G, 128, 0n],
        [Mode.SRIOV, 0, 2048n],
      ],
    );
  });

  it("means policy numa when a node is named", async () => {
    const [item] = (await asked("gvt-g", "--numa", "1")).items;
    assert.deepEqual([item?.vgpu?.policy, item?.vgpu?.numa], [PlacementPolicy.NUMA, { node: 1 }]);
  });

  it("is not sent when it cannot be put together", async () => {
    assert.match(await refusedLine(), /WANT is missing/);
    assert.match(await refusedLine("i915-GVTg_V5_4:two"), /takes a count as i915-GVTg_V5_4:2, not/);
    assert.match(await refusedLine("flavor"), /needs --flavor-metadata/);
    assert.match(await refusedLine("gvt-g", "--aperture", "0000:00:02.0"), /--aperture takes ADDRESS=MIB/);
    assert.match(await refusedLine("gvt-g", "--aperture", "0000:00:02.0=1G"), /--aperture takes ADDRESS=MIB/);
    assert.match(await refusedLine("--flavor-metadata", "=5"), /--flavor-metadata takes KEY=VALUE/);
    assert.match(await refusedLine("GVT-G"), /WANT takes as a mode gvt-g, gvt-d, gvt-s, sriov, not '/);
    assert.match(
      await refusedLine("gvt-g/sriof"),
      /a need begins with one of .*, not 'sriof'\n.*did you mean sriov/s,
    );
    for (const sizes of ["128,512", "128MiB,512MiB,4", "128,512,4,1", "128"])
      assert.match(await refusedLine(sizes), /WANT takes sizes as 128,512,4 .* without a unit, not '/);
    const twice = ["--flavor-metadata", "a=1", "--flavor-metadata", "a=2"];
    assert.match(await refusedLine(...twice), /names a twice/);
    assert.match(await refusedLine("gvt-g", "--gpu", "a", "--gpu", "b"), /--gpu is given twice/);
  });
});

describe("a plan that does not fit", () => {
  const argv = ["plan", "i915-GVTg_V5_8:2", "100,512,4"];

  it("says on stderr how much of it would, and ends as lack of room; the tables say what is short", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.plan(facts.shortPlan);
    const ran = await vgpuctl(vgpud.socketPath, argv);
    assert.equal(ran.exitCode, 6);
    await matchesGolden("plan-short.txt", ran.stdout);
    await matchesGolden("plan-short.stderr.txt", ran.stderr.replaceAll(` --socket ${vgpud.socketPath}`, ""));
    const json = await vgpuctl(vgpud.socketPath, [...argv, "-o", "json"]);
    assert.equal(json.exitCode, 6);
    await matchesGolden("plan-short.json", json.stdout);
    assert.match(json.stderr, /"reason": "APERTURE_EXHAUSTED"/);
  });

  it("ends as what the host cannot do when no room would help, and says when more might fit", async () => {
    await using vgpud = await fakeVgpud();
    const unplanned = [{ item: 0, count: 2, reason: "TYPE_UNKNOWN", shortfalls: [] }];
    vgpud.plan(PlanResponse.fromPartial({ unplanned, exact: false }));
    const ran = await vgpuctl(vgpud.socketPath, ["plan", "nosuch:2"]);
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stderr, /0 of 2 vGPUs would fit.*more might fit \[TYPE_UNKNOWN\]/);
    vgpud.plan(PlanResponse.fromPartial({ unplanned: [{ ...unplanned[0], reason: "MODE_UNSUPPORTED" }] }));
    assert.equal((await vgpuctl(vgpud.socketPath, ["plan", "nosuch:2"])).exitCode, 5);
  });

  it("leads to the doctor where no GPU offers types, and blames an aperture that was only supposed", async () => {
    await using vgpud = await fakeVgpud();
    const gpu = "0000:00:02.0";
    const shortfalls = [{ gpu, reason: "MODE_UNSUPPORTED", message: "offers no vGPU types" }];
    const unplanned = [{ item: 0, count: 1, reason: "MODE_UNSUPPORTED", shortfalls }];
    vgpud.plan(PlanResponse.fromPartial({ unplanned, exact: true }));
    const ran = await vgpuctl(vgpud.socketPath, ["plan", "gvt-g", "--aperture", `${gpu}=128`]);
    assert.match(ran.stdout, /offers no vGPU types, with the supposed aperture of 128 MiB$/m);
    assert.match(ran.stderr, /^hint: vgpuctl .*doctor$/m);
    vgpud.plan(PlanResponse.fromPartial({ unplanned: [{ ...unplanned[0], shortfalls: [] }], exact: true }));
    const without = await vgpuctl(vgpud.socketPath, ["plan", "gvt-g", "--without-gpu", gpu]);
    assert.match(without.stdout, /no GPU is left for it by what is supposed$/m);
  });

  it("shows a mode by its word", async () => {
    await using vgpud = await fakeVgpud();
    const planned = [{ item: 0, gpu: "0000:00:02.0", type: "i915-GVTg_V5_8" }];
    vgpud.plan(PlanResponse.fromPartial({ planned, fits: true, exact: true }));
    const { stdout } = await vgpuctl(vgpud.socketPath, ["plan", "gvt-g:1"]);
    assert.match(stdout, /^ +1 +gvt-g +0000:00:02\.0 /m);
  });

  it("names the word or flag that is at fault", async () => {
    await using vgpud = await fakeVgpud();
    const refuse = (field: string) => {
      vgpud.refuse({
        code: status.INVALID_ARGUMENT,
        message: `${field} is wrong`,
        reason: "FIELD_INVALID",
        field,
      });
      return vgpuctl(vgpud.socketPath, ["plan", "gvt-g:0", "--aperture", "a=1"]);
    };
    assert.match((await refuse("items[0].count")).stderr, /set by WANT\[:COUNT\] \(items\[0\]\.count\)/);
    assert.match((await refuse("what_if.apertures[0].gpu")).stderr, /set by --aperture/);
  });
});
