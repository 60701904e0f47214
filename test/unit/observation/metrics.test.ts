import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { Metrics, describeMetrics, type MetricsOptions } from "../../../agent/observation/metrics.ts";
import type { ScrapeView } from "../../../agent/observation/view.ts";
import { figures } from "../../fakes/domain-figures.ts";
import {
  beforeFirstLook,
  claim,
  crowded,
  domainId,
  emptied,
  exampleView,
  withoutLibvirt,
} from "./example-host.ts";

const OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";

function metrics(view: () => ScrapeView, change: Partial<MetricsOptions> = {}): Metrics {
  const metrics = new Metrics({
    view,
    prepare: () => Promise.resolve(),
    build: { version: "0.1.0", revision: "abc1234", nodeVersion: "20.19.0" },
    clock: { now: () => 0 },
    processMetrics: false,
    onError: (error) => {
      throw error;
    },
    ...change,
  });
  metrics.recorder.announceMethods(["DomainService/CreateDomain", "GpuService/ListGpus"]);
  return metrics;
}

async function scrape(view: ScrapeView): Promise<string> {
  return (await metrics(() => view).render()).body;
}

async function golden(name: string, actual: string): Promise<void> {
  // From dist/test/unit/observation back to the sources.
  const file = new URL(`../../../../test/golden/metrics/${name}`, import.meta.url);
  if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(file, actual);
  assert.equal(actual, await readFile(file, "utf8"));
}

const manyFigures = [1, 100, 101, 102, 103, 104].map((n) => figures(n));

/** An agent to which something of everything has happened. */
function busyAgent(): Metrics {
  const agent = metrics(() => exampleView);
  const { recorder } = agent;
  recorder.operation(claim(1).operation);
  const failure = { reason: "APERTURE_EXHAUSTED", message: "full" } as const;
  recorder.operation({ id: "x", kind: "start", startedAt: 5_000, ended: { at: 4_000, failure } });
  recorder.lifecycle({ kind: "step-done", claim: claim(1), step: "create-vgpu", seconds: 0.004 });
  recorder.lifecycle({ kind: "settled", claim: claim(1), operation: undefined });
  recorder.rpc({ method: "DomainService/CreateDomain", code: 0, seconds: 1.5 });
  recorder.reconciled(1_777_636_860_000);
  recorder.uevent("mdev", "add");
  recorder.hostdCall({ operation: "create-mdev", outcome: "ok", seconds: 0.003 });
  recorder.ledgerWrite({ seconds: 0.002, failed: false });
  recorder.domainReading({ seconds: 0.004, failed: false });
  recorder.trigger("udev");
  recorder.scheduler.announce();
  recorder.scheduler.round({ round: "heal", outcome: "failed", trouble: "unreachable", givenBack: 0 });
  recorder.scheduler.request({ method: "GET", status: undefined, seconds: 0.2 });
  recorder.scheduler.verification("not-covered");
  recorder.claimRebuilt();
  return agent;
}

describe("metrics", () => {
  it("renders the whole scrape of an example host", async () => {
    const { contentType, body } = await busyAgent().render();
    assert.equal(contentType, "text/plain; version=0.0.4; charset=utf-8");
    await golden("scrape.prom", body);
  });

  it("renders the same in OpenMetrics to who prefers it", async () => {
    const { contentType, body } = await busyAgent().render(OPENMETRICS);
    assert.equal(contentType, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    await golden("scrape.openmetrics", body);
  });

  it("keeps the names of counters in one format when the other was asked for before", async () => {
    const agent = busyAgent();
    const before = (await agent.render()).body;
    await agent.render(OPENMETRICS);
    assert.equal((await agent.render()).body, before);
  });

  it("drops the series of what is gone", async () => {
    let view = exampleView;
    const agent = metrics(() => view);
    assert.match((await agent.render()).body, /pci_address="0000:00:02.0"/);
    view = emptied;
    const { body } = await agent.render();
    assert.doesNotMatch(body, /pci_address=/);
    assert.doesNotMatch(body, /vgpu_id=/);
  });

  it("says nothing of what the kernel counts and how slices lie where neither is known", async () => {
    const { inventory } = exampleView;
    assert.ok(inventory);
    const series = /^vgpud_(?:capacity_disagreements|vgpu_type_fragmented)\{/m;
    const uncounted = exampleView.gpus.map((gpu) => ({
      ...{ ...gpu, disagreements: [], fragmented: [], largestFree: undefined },
      types: gpu.types.map((offer) => ({ ...offer, type: { ...offer.type, kernelAvailable: undefined } })),
    }));
    assert.match(await scrape(exampleView), series);
    assert.doesNotMatch(await scrape({ ...exampleView, gpus: uncounted }), series);
  });

  it("shows neither that too much is booked nor that it is not while that is not known", async () => {
    const { scheduler } = exampleView;
    assert.ok(scheduler?.books);
    const books = { ...scheduler.books, overbooked: undefined };
    const body = await scrape({ ...exampleView, scheduler: { ...scheduler, books } });
    assert.match(body, /^vgpud_scheduler_bookings_without_domain\{/m);
    assert.doesNotMatch(body, /^vgpud_scheduler_gpu_overbooked\{/m);
  });

  it("shows nothing of a scheduler where none is configured, and no books before they were compared", async () => {
    assert.doesNotMatch(await scrape({ ...exampleView, scheduler: undefined }), /^vgpud_scheduler_\w+\{/m);
    const unasked = { name: "placement", policy: "require", up: undefined } as const;
    const scheduler = { ...unasked, untold: undefined, toldAt: undefined, books: undefined };
    const body = await scrape({ ...exampleView, scheduler });
    assert.match(body, /^vgpud_scheduler_info\{/m);
    assert.doesNotMatch(
      body,
      /^vgpud_scheduler_(up|gpu|bookings_without|claims|vanished|last|untold)\w*(\{| \d)/m,
    );
  });

  it("serves before the first look, without inventing an observation", async () => {
    const body = await scrape(beforeFirstLook);
    assert.match(body, /^vgpud_hypervisor_up\{hypervisor="kvm"\} 0$/m);
    assert.match(body, /^vgpud_claims\{state="active"\} 0$/m);
    assert.doesNotMatch(body, /^vgpud_inventory_observed_timestamp_seconds /m);
  });

  it("keeps the join keys and says nothing of use while libvirt is away", async () => {
    const body = await scrape(withoutLibvirt);
    assert.match(body, /^vgpud_hypervisor_up\{hypervisor="kvm"\} 0$/m);
    assert.doesNotMatch(body, /^vgpud_vgpu_in_use\{/m);
    assert.match(body, new RegExp(`^vgpud_vgpu_info\\{.*domain_uuid="${domainId(1)}"`, "m"));
    assert.match(body, new RegExp(`^vgpud_domain_info\\{domain_uuid="${domainId(1)}".*state="unknown"`, "m"));
  });

  it("exports no more domains than allowed, own ones first, and counts the rest", async () => {
    // The view has 30 of others, one of ours, and one that is only promised.
    const { body } = await metrics(() => crowded(30), { maxDomains: 5 }).render();
    assert.equal(body.match(/^vgpud_domain_info\{/gm)?.length, 5);
    assert.equal(body.match(/^vgpud_domain_info\{.*ownership="own"/gm)?.length, 2);
    assert.match(body, /^vgpud_domains_dropped 27$/m);
  });

  it("exports no vGPU of others' domains that it leaves out, and counts them all the same", async () => {
    const gpu = "0000:00:02.0";
    // Beside the slice of others that the view has anyhow.
    const rendering = crowded(30, { renderNodes: [`/dev/dri/by-path/pci-${gpu}-render`] });
    const { body } = await metrics(() => rendering, { maxDomains: 5 }).render();
    assert.equal(body.match(/^vgpud_vgpu_info\{.*vgpu_type="seat"/gm)?.length, 3);
    assert.equal(body.match(/^vgpud_vgpu_in_use\{/gm)?.length, body.match(/^vgpud_vgpu_info\{/gm)?.length);
    assert.match(body, new RegExp(`^vgpud_gpu_vgpus\\{pci_address="${gpu}",ownership="foreign"\\} 31$`, "m"));
  });

  it("shows what domains with an info series use, and only those", async () => {
    const body = await scrape(exampleView);
    const of = (n: number): string => `domain_uuid="${domainId(n)}"`;
    assert.match(body, new RegExp(`^vgpud_domain_cpu_seconds_total\\{${of(1)}\\} 1$`, "m"));
    assert.match(
      body,
      new RegExp(`^vgpud_domain_block_read_bytes_total\\{${of(7)},device="vda"\\} 3584$`, "m"),
    );
    assert.doesNotMatch(body, new RegExp(of(99)));
    const crowd = { ...crowded(30), domainStats: { ...exampleView.domainStats, domains: manyFigures } };
    const capped = (await metrics(() => crowd, { maxDomains: 5 }).render()).body;
    assert.equal(capped.match(/^vgpud_domain_cpu_seconds_total\{/gm)?.length, 4);
  });

  it("leaves out figures that libvirt did not give, and all of them once they are stale", async () => {
    const silent = figures(1, { cpuSeconds: undefined, disks: [] });
    const at = (ageSeconds: number): ScrapeView => ({
      ...exampleView,
      domainStats: { domains: [silent], ageSeconds, failing: true },
    });
    const young = await scrape(at(59));
    assert.doesNotMatch(young, /^vgpud_domain_(cpu_seconds|block_read_bytes)_total\{/m);
    assert.match(young, /^vgpud_domain_network_receive_bytes_total\{/m);
    assert.match(young, /^vgpud_scrape_collector_success\{collector="domain_stats"\} 0$/m);
    const old = await scrape(at(61));
    assert.doesNotMatch(old, /^vgpud_domain_network_receive_bytes_total\{/m);
    assert.match(old, /^vgpud_domain_stats_age_seconds 61$/m);
    assert.doesNotMatch(await scrape(beforeFirstLook), /^vgpud_domain_stats_age_seconds /m);
  });

  it("says what runs and what does not get on", async () => {
    const body = await scrape(exampleView);
    assert.match(body, /^vgpud_operations_in_flight\{operation="create"\} 1$/m);
    assert.match(body, /^vgpud_operations_in_flight\{operation="destroy"\} 0$/m);
    assert.match(body, /^vgpud_operations_stalled\{reason="HOSTD_UNAVAILABLE"\} 1$/m);
    assert.match(body, /^vgpud_operations_stalled\{reason="VGPU_REMOVE_BLOCKED"\} 0$/m);
  });

  it("has the source asked before it takes the view", async () => {
    let asked = false;
    const prepare = (): Promise<void> => {
      asked = true;
      return Promise.resolve();
    };
    const view = (): ScrapeView => {
      assert.ok(asked);
      return exampleView;
    };
    await metrics(view, { prepare }).render();
  });

  it("takes one view for one scrape", async () => {
    let views = 0;
    const agent = metrics(() => {
      views += 1;
      return exampleView;
    });
    await Promise.all([agent.render(), agent.render(OPENMETRICS)]);
    assert.equal(views, 2);
  });

  it("leaves out one collector that fails, says so, and serves the others", async () => {
    const failed: string[] = [];
    const broken: ScrapeView = {
      ...exampleView,
      get vgpus(): never {
        throw new Error("broken view");
      },
    };
    const agent = metrics(() => broken, { onError: (_, collector) => failed.push(collector) });
    const { body } = await agent.render();
    assert.deepEqual(failed, ["gpu", "vgpu", "vgpu_use"]);
    assert.match(body, /^vgpud_scrape_collector_success\{collector="vgpu"\} 0$/m);
    assert.match(body, /^vgpud_scrape_collector_success\{collector="domain"\} 1$/m);
    assert.match(body, /^vgpud_domain_info\{/m);
    assert.doesNotMatch(body, /^vgpud_vgpu_info\{/m);
  });

  it("adds what prom-client knows of the process", async () => {
    const { body } = await metrics(() => exampleView, { processMetrics: true }).render();
    assert.match(body, /^process_resident_memory_bytes \d+$/m);
    assert.match(body, /^nodejs_heap_size_used_bytes \d+$/m);
  });
});

describe("the table of metrics", () => {
  const described = describeMetrics();

  it("describes exactly what a scrape holds", async () => {
    const names = [...(await scrape(exampleView)).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(
      ([, name, type]) => ({
        name,
        type,
      }),
    );
    assert.deepEqual(
      names.sort((a, b) => (a.name ?? "").localeCompare(b.name ?? "")),
      described.map(({ name, type }) => ({ name, type })).sort((a, b) => a.name.localeCompare(b.name)),
    );
  });

  // prometheus.io, "Metric and label naming" and "Writing exporters".
  for (const { name, help, type, labels } of described)
    it(`names ${name} by the conventions`, () => {
      assert.match(name, /^vgpud(_[a-z][a-z0-9]*)+$/);
      assert.equal(name.endsWith("_total"), type === "counter");
      assert.equal(name.endsWith("_seconds"), /duration|timestamp|age/.test(name));
      assert.doesNotMatch(name, /_(count|sum|bucket|created)$|_(ms|mib|milliseconds|kb|mb)(_|$)/);
      for (const label of labels) {
        assert.match(label, /^[a-z]+(_[a-z]+)*$/);
        assert.ok(!name.includes(`_by_${label}`));
        // Labels that targets bear; `type` alone says nothing; `le` and `quantile` are taken.
        assert.ok(
          !/^(job|instance|zone|service|owner|cluster|env|type|name|le|quantile)$/.test(label),
          label,
        );
      }
      if (!name.endsWith("_info"))
        assert.ok(!labels.some((label) => label.endsWith("_name")), "a name as label");
      assert.match(help, /^\S.{10,140}\.$/);
    });
});
