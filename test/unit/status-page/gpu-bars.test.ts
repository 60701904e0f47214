import assert from "node:assert/strict";
import fc from "fast-check";
import { barsOf, slicesOf } from "../../../agent/observation/status-page/gpu-bars.ts";
import type { Bar, StatusSource } from "../../../agent/observation/status-page/model.ts";
import { examples, host, type Guest } from "./example-hosts.ts";

function barsIn({
  view,
  stalledBy,
}: StatusSource): { readonly address: string; readonly bars: readonly Bar[] }[] {
  return view.gpus.flatMap((gpu) =>
    gpu.budget
      ? [{ address: gpu.gpu.address, bars: barsOf(gpu.budget, slicesOf(gpu, view.vgpus, stalledBy)) }]
      : [],
  );
}

/** The parts lie side by side over the whole bar, each as wide as its share. */
function assertToScale({ segments }: Bar): void {
  const whole = segments.reduce((sum, { amount }) => sum + amount, 0);
  let at = 0;
  for (const { x, width, amount } of segments) {
    assert.ok(Math.abs(x - at) < 1e-9);
    assert.ok(Math.abs(width - (amount / whole) * 100) < 1e-9);
    assert.ok(width > 0);
    at = x + width;
  }
  assert.ok(Math.abs(at - 100) < 1e-9);
}

const guests = fc.array(
  fc.record({
    name: fc.string(),
    size: fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const),
    ownership: fc.constantFrom("own" as const, "foreign" as const, "orphan" as const),
    made: fc.boolean(),
  }),
  { maxLength: 9 },
);

describe("the bars of a GPU", () => {
  for (const [name, example] of Object.entries(examples))
    it(`are to scale on the host ${name}`, () => {
      for (const { bars } of barsIn(example())) for (const bar of bars) assertToScale(bar);
    });

  it("are to scale whatever is made and promised, even beyond what there is", () => {
    fc.assert(
      fc.property(guests, fc.constantFrom(256, 512, 1024, 2048, 4096), (made, aperture) => {
        for (const { bars } of barsIn(host({ apertures: [aperture], guests: made })))
          bars.forEach(assertToScale);
      }),
    );
  });

  it("add up to what the GPU has, as long as nobody over-committed it", () => {
    for (const { bars } of barsIn(examples.busy()))
      for (const { segments, total } of bars)
        assert.equal(
          segments.reduce((sum, { amount }) => sum + amount, 0),
          total,
        );
  });

  it("show the host first, each slice with its number, and what is free last", () => {
    const [first] = barsIn(examples.busy());
    const [low] = first?.bars ?? [];
    assert.deepEqual(
      low?.segments.map(({ kind, slice, amount }) => [slice?.number ?? kind, amount]),
      [
        ["host", 128],
        [1, 128],
        [2, 256],
        [3, 64],
        [4, 128],
        ["free", 320],
      ],
    );
  });

  it("leave out a slice that its stopped domain gave back", () => {
    const given: Guest = {
      name: "off",
      claim: "stopped",
      domain: "shut-off",
      onStop: "release",
      made: false,
    };
    const { view, stalledBy } = host({ guests: [given, { name: "on" }] });
    const slices = view.gpus.flatMap((gpu) => slicesOf(gpu, view.vgpus, stalledBy));
    assert.deepEqual(
      slices.map(({ domain }) => domain),
      ["on"],
    );
  });

  it("count a slice of unknown size as nothing, and list it", () => {
    const [gpu] = examples.foreign().view.gpus;
    assert.ok(gpu?.budget);
    const unknown = { ...gpu, gpu: { ...gpu.gpu, types: [] } };
    const slices = slicesOf(unknown, examples.foreign().view.vgpus, () => undefined);
    assert.equal(slices.length, 3);
    for (const { segments } of barsOf(gpu.budget, slices))
      assert.ok(segments.every(({ slice }) => slice === undefined));
  });
});
