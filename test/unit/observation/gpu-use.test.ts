// What is added up of the drivers' counts for domains that render on a GPU.
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseFdinfo } from "../../../agent/discovery/drm-fdinfo.ts";
import { GpuUseAccounts, renderedOn, type RenderProcess } from "../../../agent/observation/gpu-use.ts";
import { GpuUseSampler } from "../../../agent/observation/gpu-use-sampler.ts";
import { FakeClock } from "../../fakes/clock.ts";
import { numberedDomain } from "../../fakes/domain-figures.ts";
import type { PciAddress } from "../../../agent/core/ids.ts";
import { pciAddress } from "../../fakes/ids.ts";
import { exampleView } from "./example-host.ts";

const GPU = pciAddress(0);
const domain = numberedDomain(1);
const render = (ns: number): string => `drm-engine-render: ${ns} ns`;
const cycles = (busy: number, total: number): string =>
  `drm-cycles-rcs: ${busy}\ndrm-total-cycles-rcs: ${total}`;

/** A process with the figures of each open by its number. */
function process(figures: Readonly<Record<number, string>>, pid = 4711): RenderProcess {
  const clients = Object.entries(figures).map(([id, text]) => [Number(id), parseFdinfo(text)] as const);
  return { pid, domain, clients: new Map(clients) };
}

/** Seconds of the render engines after each reading, one a second. */
function rendered(readings: readonly RenderProcess[]): readonly (number | undefined)[] {
  const accounts = new GpuUseAccounts();
  return readings.map((reading, second) =>
    accounts.add([reading], { gpu: GPU, at: 0, atMs: second * 1000 })[0]?.engineSeconds.get("render"),
  );
}

describe("the engine time of a domain that renders on a GPU", () => {
  it("is the sum of what its opens had", () => {
    assert.deepEqual(rendered([process({ 1: render(1e9), 2: render(5e8) })]), [1.5]);
  });

  it("does not become less when an open is closed, or when the driver says a little less than before", () => {
    const readings = [
      process({ 1: render(1e9), 2: render(5e8) }),
      process({ 1: render(9e8) }),
      process({ 1: render(1.5e9), 3: render(1e9) }),
    ];
    assert.deepEqual(rendered(readings), [1.5, 1.5, 3]);
  });

  it("begins anew with another process", () => {
    assert.deepEqual(rendered([process({ 1: render(9e9) }), process({ 2: render(1e9) }, 4712)]), [9, 1]);
  });

  it("is the share of the cycles that passed, of a driver that tells no time, from the second reading on", () => {
    const readings = [
      process({ 1: cycles(500, 10_000) }),
      process({ 1: cycles(5_500, 20_000) }),
      process({ 1: cycles(5_400, 30_000) }),
      process({ 1: cycles(10_500, 40_000), 2: cycles(77_000, 40_000) }),
    ];
    assert.deepEqual(rendered(readings), [0, 0.5, 0.5, 1]);
  });

  it("counts no cycles while the GPU's clock stands still or has begun anew", () => {
    const readings = [
      process({ 1: cycles(0, 100) }),
      process({ 1: cycles(50, 100) }),
      process({ 1: cycles(60, 10) }),
    ];
    assert.deepEqual(rendered(readings), [0, 0, 0]);
  });

  it("never falls, whatever the driver says of one process", () => {
    const client = fc.oneof(
      fc.nat().map(render),
      fc.tuple(fc.nat(), fc.nat()).map(([busy, total]) => cycles(busy, total)),
    );
    const reading = fc.dictionary(fc.constantFrom("1", "2", "3"), client, { noNullPrototype: true });
    fc.assert(
      fc.property(fc.array(reading, { minLength: 2 }), (readings) => {
        const seconds = rendered(readings.map((figures) => process(figures))).map((known) => known ?? 0);
        // A process of which no open counts the engine any more keeps what it had.
        assert.deepEqual(
          seconds,
          [...seconds].sort((a, b) => a - b),
        );
      }),
    );
  });
});

describe("the memory of a domain that renders on a GPU", () => {
  it("is what its opens have in each region now", () => {
    const accounts = new GpuUseAccounts();
    const [used] = accounts.add(
      [
        process({
          1: "drm-resident-system0: 1 MiB",
          2: "drm-resident-system0: 2 KiB\ndrm-resident-local0: 7",
        }),
      ],
      { gpu: GPU, at: 0, atMs: 0 },
    );
    assert.deepEqual(Object.fromEntries(used?.residentBytes ?? []), {
      system0: 2 ** 20 + 2 ** 11,
      local0: 7,
    });
  });
});

describe("the readings of what domains use of GPUs", () => {
  const shown = ({ view }: GpuUseSampler): number | undefined => view.domains[0]?.engineSeconds.get("render");
  const clock = new FakeClock();
  const sampling = (
    processes: () => Promise<readonly RenderProcess[]>,
    gpus: readonly PciAddress[] | (() => readonly PciAddress[] | undefined) = [GPU],
  ): { readonly sampler: GpuUseSampler; readonly failures: unknown[] } => {
    const failures: unknown[] = [];
    const sampler = new GpuUseSampler({
      ...{
        source: { processes },
        gpus: typeof gpus === "function" ? gpus : () => gpus,
        clock,
        stop: new AbortController().signal,
      },
      onReading: (error) => failures.push(error),
    });
    return { sampler, failures };
  };

  it("are shared by all who scrape within a second", async () => {
    let asked = 0;
    const { sampler } = sampling(() => Promise.resolve([process({ 1: render((asked += 1) * 1e9) })]));
    await Promise.all([sampler.refresh(1_000, 500), sampler.refresh(1_000, 500)]);
    await sampler.refresh(1_000, 500);
    assert.equal(asked, 1);
    assert.equal(shown(sampler), 1);
    await clock.advance(1_001);
    await sampler.refresh(1_000, 500);
    assert.equal(shown(sampler), 2);
  });

  it("go on with what was added up while libvirt is away", async () => {
    let known: readonly PciAddress[] | undefined = [GPU];
    let open: Readonly<Record<number, string>> = { 1: render(3e9), 2: render(1e9) };
    const { sampler } = sampling(
      () => Promise.resolve([process(open)]),
      () => known,
    );
    await sampler.refresh(1_000, 500);
    open = { 2: render(1e9) };
    known = undefined;
    await clock.advance(1_001);
    await sampler.refresh(1_000, 500);
    known = [GPU];
    await clock.advance(1_001);
    await sampler.refresh(1_000, 500);
    assert.equal(shown(sampler), 4, "also of the open that was closed");
  });

  it("ask nobody where no domain renders", async () => {
    const { sampler, failures } = sampling(() => Promise.reject(new Error("asked")), []);
    await sampler.refresh(1_000, 500);
    assert.deepEqual([sampler.view, failures], [{ domains: [], failing: false }, [undefined]]);
  });

  it("show nothing of a GPU that cannot be read, and say so", async () => {
    const { sampler, failures } = sampling(() => Promise.reject(new Error("hostd is away")));
    await sampler.refresh(1_000, 500);
    assert.deepEqual(sampler.view, { domains: [], failing: true });
    assert.match(String(failures[0]), /hostd is away/);
  });
});

describe("the GPUs of which it is asked", () => {
  it("are those that a running domain names a node of", () => {
    const { inventory } = exampleView;
    assert.ok(inventory?.domains.known);
    assert.deepEqual(renderedOn(inventory), []);
    const [gpu] = inventory.gpus.values();
    const [one] = inventory.domains.value.values();
    assert.ok(gpu && one);
    const rendering = (state: "running" | "shut-off"): typeof inventory => ({
      ...inventory,
      domains: {
        known: true,
        value: new Map([[one.id, { ...one, state, renderNodes: [`/dev/dri/${gpu.drmRender ?? ""}`] }]]),
      },
    });
    assert.deepEqual(renderedOn(rendering("running"))?.[0]?.address, gpu.address);
    assert.deepEqual(renderedOn(rendering("shut-off")), []);
    assert.deepEqual(
      renderedOn({ ...inventory, domains: { known: false, why: "libvirt is away", away: "libvirt" } }),
      undefined,
    );
  });
});
