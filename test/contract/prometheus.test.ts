// A real Prometheus scrapes a real vgpud, then everything that is shipped to ask it is asked.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { GpuServiceService as Gpus } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import { metricNotes } from "../../scripts/metric-notes.ts";
import { asSomebodyElse } from "../e2e/harness/somebody-else.ts";
import { until } from "../e2e/harness/until.ts";
import { World } from "../e2e/harness/world.ts";
import { RealPrometheus } from "./real-prometheus.ts";
import { installed } from "./real-libvirtd.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const dashboardSchema = z.object({
  templating: z.object({
    list: z.array(z.object({ name: z.string(), definition: z.string().optional() })),
  }),
  panels: z.array(
    z.object({
      title: z.string(),
      targets: z.array(z.object({ expr: z.string() })).optional(),
    }),
  ),
});

/** Panels that are empty on a host where all is well, with the reason. */
const EMPTY_WHEN_WELL: Readonly<Record<string, string>> = { Alerts: "no alert fires within seconds" };

const PLAIN = `<domain type='kvm'><name>plain</name><uuid>9d9eda29-a627-4221-9c09-a24423a9c4d6</uuid>
  <memory unit='MiB'>64</memory><vcpu>1</vcpu><devices>
  <disk type='file'><source file='/var/lib/libvirt/images/plain.img'/><target dev='vda'/></disk>
  <interface type='bridge'><source bridge='br0'/><target dev='tap7'/></interface></devices></domain>`;
/** As foreign domains with a vGPU have a network, too. */
const DESK = (vgpu: string): string => `<domain type='kvm'><name>desk</name>
  <uuid>8d8eda29-a627-4221-9c09-a24423a9c4d6</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu><devices>
  <disk type='file'><source file='/var/lib/libvirt/images/desk.img'/><target dev='vda'/></disk>
  <interface type='bridge'><source bridge='br0'/><target dev='tap8'/></interface>
  <hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='${vgpu}'/></source></hostdev>
  </devices></domain>`;
const FOREIGN = "f0e1d2c3-0000-4000-8000-000000000001";
/** The simulator's virtual functions have no driver that tells their quotas, and nothing is wrong with its host. */
const NOT_SIMULATED = [
  // Nothing listens for TLS.
  "vgpud_tls_ends_soon_timestamp_seconds < time()",
  "min by (instance) (vgpud_tls_expiry_timestamp_seconds) - time()",
  "min by (instance) (vgpud_tls_end_timestamp_seconds) - time()",
  'vgpud_gpu_contexts{state="free"}',
  'vgpud_gpu_doorbells{state="free"}',
  'vgpud_host_check_status{status="fail"} == 1',
  // Slices of KVM are not told to be busy.
  "topk(10, vgpud_vgpu_utilization_ratio * on (instance, vgpu_id) group_left (domain_name) vgpud_vgpu_info)",
  // The kernel's xe does not count what its functions use.
  "sum by (instance, vgpu_id, engine) (rate(vgpud_vgpu_engine_active_ticks_total[1m])) / sum by (instance, vgpu_id, engine) (rate(vgpud_vgpu_engine_given_ticks_total[1m]))",
  'sum by (instance, vgpu_id) (rate(vgpud_vgpu_engine_given_ticks_total{engine="render"}[1m]))',
  // No domain renders.
  'topk(10, rate(vgpud_domain_gpu_engine_seconds_total{engine="render"}[1m]) * on (instance, domain_uuid) group_left (domain_name) vgpud_domain_info)',
  "sum by (instance, pci_address, region) (vgpud_domain_gpu_memory_resident_bytes)",
  // No scheduler is in front of the host.
  "count by (scheduler, policy) (vgpud_scheduler_info)",
  "vgpud_scheduler_up == 0",
  "vgpud_scheduler_untold > 0",
  "time() - vgpud_scheduler_last_success_timestamp_seconds",
  "sum by (instance) (vgpud_scheduler_bookings_without_domain)",
  "max by (instance) (vgpud_scheduler_bookings_without_domain_oldest_age_seconds)",
  "sum by (instance) (vgpud_scheduler_claims_without_booking)",
  "vgpud_scheduler_claims_booked_elsewhere > 0",
  "vgpud_scheduler_gpu_overbooked == 1",
  "sum(vgpud_scheduler_vanished_gpus)",
  "vgpud_scheduler_gpu_published_twice == 1",
  "sum by (round, outcome) (rate(vgpud_scheduler_rounds_total[1h]))",
  "sum by (failure) (increase(vgpud_scheduler_round_failures_total[1h]))",
  "sum by (method, status) (increase(vgpud_scheduler_requests_total[1h]))",
  "histogram_quantile(0.9, sum by (le, method) (rate(vgpud_scheduler_request_duration_seconds_bucket[1h])))",
  "sum by (outcome) (increase(vgpud_scheduler_verifications_total[1d]))",
];
/** Shared through the host. */
const SEATED = "0000:04:00.0";
/** Of the second GPU, which was seen empty, it is known where its vGPUs lie; the third's driver measures what i915 does not. */
const HOST = `
gpus:
  - { address: "0000:00:02.0" }
  - { address: "0000:01:02.0", boot_vga: false }
  - { address: "0000:03:00.0", boot_vga: false, device: "56c0", driver: xe, total_vfs: 7 }
  - { address: "${SEATED}", boot_vga: false, device: "56c0", driver: xe }
mdevs: [{ gpu: "0000:00:02.0", type: i915-GVTg_V5_8, uuid: ${FOREIGN} }]
`;

describe("Prometheus and vgpud", function () {
  this.timeout(120_000);
  let world: World;
  let prometheus: RealPrometheus;

  before(async function () {
    unlessImpossible(this, installed("prometheus") ? undefined : "prometheus not installed");
    world = await World.start(HOST);
    await world.host.control({ command: "set-vfs", gpu: "0000:03:00.0", count: 2 });
    await world.rpc.call(Gpus.setGpuMode, { gpu: SEATED, mode: Mode.GVT_S, validateOnly: false });
    prometheus = await RealPrometheus.start({ targets: [{ address: new URL(world.metricsUrl).host }] });
    await prometheus.scraped(1);
    await busyMinute(world);
    await prometheus.scraped(4);
  });
  after(async () => {
    await prometheus[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  it("agree on the form: promtool has nothing to say against a scrape", async () => {
    const input = await world.scrape();
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
      input,
      encoding: "utf8",
    });
    assert.equal(`${stdout}${stderr}`, "");
    assert.equal(status, 0);
  });

  it("agree on OpenMetrics, which Prometheus prefers", async () => {
    const accept =
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75";
    const response = await fetch(world.metricsUrl, { headers: { accept } });
    assert.match(response.headers.get("content-type") ?? "", /^application\/openmetrics-text/);
    assert.match(await response.text(), /\n# EOF\n$/);
    const [samples] = await prometheus.query("scrape_samples_scraped");
    assert.ok((samples?.value ?? 0) > 500, `${samples?.value ?? 0} samples`);
    // One line that cannot be parsed fails the whole scrape.
    assert.equal((await prometheus.query("min_over_time(up[1m])"))[0]?.value, 1);
  });

  it("has an answer to every query of the dashboard", async () => {
    const text = await readFile(new URL("../../../docs/monitoring/dashboard.json", import.meta.url), "utf8");
    const { panels, templating } = dashboardSchema.parse(JSON.parse(text));
    const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
    assert.ok(queries.length >= 40, `${queries.length} queries`);
    const silent: string[] = [];
    for (const { title, expr } of queries) if (!(await answered(expr))) silent.push(`${title}: ${expr}`);
    const surprising = silent.filter(
      (query) => !Object.keys(EMPTY_WHEN_WELL).some((title) => query.startsWith(title)),
    );
    assert.deepEqual(surprising, []);
    for (const { name, definition } of templating.list) {
      const [, series, label] = /^label_values\((.*), (\w+)\)$/.exec(definition ?? "") ?? [];
      if (series === undefined || label === undefined) continue;
      const [found] = await prometheus.query(filledIn(series));
      assert.ok(found?.labels[label], `the variable ${name} has no value`);
    }
  });

  it("has an answer to every query of docs/reference/metrics.md", async () => {
    const silent: string[] = [];
    for (const { query } of Object.values(metricNotes)) if (!(await answered(query))) silent.push(query);
    assert.deepEqual(silent, NOT_SIMULATED);
  });

  it("tell domains with a vGPU from those without", async () => {
    const has = await prometheus.query(
      "instance_domain_uuid:vgpud_domain_has_vgpu:bool * on (instance, domain_uuid) group_left (domain_name) vgpud_domain_info",
    );
    const byName = new Map(has.map(({ labels, value }) => [labels["domain_name"], value]));
    assert.deepEqual([byName.get("a"), byName.get("desk"), byName.get("plain")], [1, 1, 0]);
  });

  async function answered(expression: string): Promise<boolean> {
    const found = await prometheus.query(filledIn(expression));
    return found.some(({ value }) => Number.isFinite(value));
  }
});

/** As Grafana does with everything chosen. */
function filledIn(expression: string): string {
  return expression.replaceAll(/\$(instance|domain)\b/g, ".*").replaceAll("$__rate_interval", "30s");
}

/** Something of everything: domains of both kinds, operations that end well, badly, and not at all. */
async function busyMinute(world: World): Promise<void> {
  await asSomebodyElse(world.host.libvirtSocket, async (libvirt) => {
    for (const xml of [PLAIN, DESK(FOREIGN)]) await libvirt.startDomain(await libvirt.defineDomain(xml));
  });
  await world.create("a");
  await world.create("b");
  await world.stop("b");
  await world.start("b");
  await world.setFaults({ kind: "LIBVIRT_ERROR", target: "domainCreate", message: "no" });
  await assert.rejects(world.create("c"));
  await world.clearFaults();
  await world.setFaults({ kind: "REMOVE_BLOCKS" });
  void world.destroy("b").catch(() => undefined);
  await until("a removal is blocked", async () =>
    /^vgpud_operations_stalled\{reason="VGPU_REMOVE_BLOCKED"\} 1$/m.test(await world.scrape()),
  );
}
