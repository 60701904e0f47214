// What virtual functions use of engines, from a guest that works to /metrics, and what doctor says where that is not counted.
import assert from "node:assert/strict";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import { cut, setMode } from "./conformance/modes.ts";
import { FLEX_HOST, SECOND_GPU, type Draft } from "./harness/requests.ts";
import { until } from "./harness/until.ts";
import { World } from "./harness/world.ts";

const vf = ({ vgpu }: Draft): void => {
  vgpu.want = { $case: "mode", value: Mode.SRIOV };
};

async function cutIn(host: string): Promise<World> {
  const world = await World.start(host);
  await setMode(world, SECOND_GPU, Mode.SRIOV);
  await cut(world, SECOND_GPU, 3);
  return world;
}

/** Before a scrape has had perf asked. */
const UNTRIED = /^OK +SRIOV_USE_UNCOUNTED.*\n.* whether that can read it shows while there is such a vGPU/m;

async function doctor(world: World): Promise<string> {
  return (await vgpuctl(world.socket, ["doctor", "--gpu", SECOND_GPU, "--mode", "sriov", "--all"])).stdout;
}

describe("what virtual functions use of engines", function () {
  this.timeout(60_000);

  it("is counted of each vGPU that there is, from nothing on, until it is gone", async () => {
    await using world = await cutIn(FLEX_HOST);
    assert.doesNotMatch(await world.scrape(), /^vgpud_vgpu_engine/m);
    assert.match(await doctor(world), UNTRIED);
    await world.create("desk", vf);
    const [desk] = await world.vgpus();
    const id = desk?.vgpuId ?? "";
    const ticks = async (name: string, engine = "render"): Promise<number> => {
      const labels = `vgpu_id="${id}",gt="0",engine="${engine}",engine_instance="0"`;
      const series = `\nvgpud_vgpu_engine_${name}_total{${labels}} `;
      return Number((await world.scrape()).split(series)[1]?.split("\n")[0] ?? NaN);
    };
    const before = await until("its ticks grow", async () => (await ticks("active_ticks")) || undefined);
    await until("they grow on", async () => (await ticks("active_ticks")) > before);
    const active = await ticks("active_ticks");
    assert.ok((await ticks("given_ticks")) >= active);
    const scrape = await world.scrape();
    assert.equal(scrape.match(/^vgpud_vgpu_engine_given_ticks_total\{/gm)?.length, 6);
    assert.match(scrape, /engine="video",engine_instance="1"\}/);
    assert.match(await doctor(world), /^OK +SRIOV_USE_UNCOUNTED.*\n.* vgpud-hostd has perf read it/m);
    await world.setFaults({ kind: "HOSTD_GONE" });
    await until("hostd is missed", async () =>
      /^vgpud_scrape_collector_success\{collector="vgpu_engine"\} 0$/m.test(await world.scrape()),
    );
    assert.ok(Number.isNaN(await ticks("active_ticks")));
    await world.clearFaults();
    await until(
      "it is counted again, on from what there was",
      async () => (await ticks("active_ticks")) > active,
    );
    await world.destroy("desk", { gracePeriod: { seconds: 0n, nanos: 0 } });
    await until("nothing is left of it", async () => !/^vgpud_vgpu_engine/m.test(await world.scrape()));
  });

  it("is not counted without perf, nor where the kernel does not permit it, which is no failure; doctor says why", async () => {
    const withoutPerf = /^INFO +SRIOV_USE_UNCOUNTED.*\n.* there is no perf to read it by[\s\S]*linux-perf/m;
    for (const [perf, before, words] of [
      ["no", withoutPerf, withoutPerf],
      [
        "not-permitted",
        /^UNKNOWN +SRIOV_USE_UNCOUNTED.*\n.*perf_event_paranoid is 3, at which kernels of Debian and Ubuntu/m,
        /^INFO +SRIOV_USE_UNCOUNTED.*\n.*perf_event_paranoid is 3:[\s\S]*sysctl kernel\.perf_event_paranoid=2/m,
      ],
    ] as const) {
      await using world = await cutIn(`perf: "${perf}"${FLEX_HOST}`);
      assert.match(await doctor(world), before);
      await world.create("desk", vf);
      const scrape = await world.scrape();
      assert.doesNotMatch(scrape, /^vgpud_vgpu_engine/m);
      assert.match(scrape, /^vgpud_scrape_collector_success\{collector="vgpu_engine"\} 1$/m);
      assert.match(await doctor(world), words);
      // hostd has answered: nothing for an operator to look after.
      const calls = await world.scrape();
      assert.match(calls, /^vgpud_hostd_calls_total\{operation="engine-ticks",outcome="ok"\} [1-9]/m);
      assert.match(calls, /^vgpud_hostd_calls_total\{operation="engine-ticks",outcome="refused"\} 0$/m);
    }
  });

  it("is not counted by an xe of before, nor by i915", async () => {
    const older = FLEX_HOST.replace("7.1.4", "6.19.2");
    const i915 = `gpus: [{ address: "${SECOND_GPU}", device: "4680", total_vfs: 7, iov: prelim_iov }]`;
    for (const [host, words] of [
      [older, /SRIOV_USE_UNCOUNTED.*\n.*does not count it for virtual functions/],
      [i915, /SRIOV_USE_UNCOUNTED.*\n.*not of this driver/],
    ] as const) {
      await using world = await cutIn(host);
      await world.create("desk", vf);
      assert.doesNotMatch(await world.scrape(), /^vgpud_vgpu_engine/m);
      assert.match(await doctor(world), words);
    }
  });
});
