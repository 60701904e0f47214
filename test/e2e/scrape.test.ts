// What Prometheus gets while things around vgpud go wrong.
import assert from "node:assert/strict";
import { until } from "./harness/until.ts";
import { World } from "./harness/world.ts";

const CPU = /^vgpud_domain_cpu_seconds_total\{domain_uuid="[-0-9a-f]+"\} ([0-9.e-]+)$/m;
const collected = (source: string, success: 0 | 1): RegExp =>
  new RegExp(`^vgpud_scrape_collector_success\\{collector="${source}"\\} ${success}$`, "m");

describe("a scrape", () => {
  it("shows what a domain has used by then, again at each time", async () => {
    await using world = await World.start();
    await world.create("a");
    await until("the domain's figures are there", async () => CPU.test(await world.scrape()));
    const before = Number(CPU.exec(await world.scrape())?.[1]);
    await until("they have grown", async () => {
      const now = CPU.exec(await world.scrape());
      return now !== null && Number(now[1]) > before;
    });
  });

  it("does not wait for a libvirt that hangs: it shows the last figures, says so, and recovers", async () => {
    await using world = await World.start();
    await world.create("a");
    await until("the domain's figures are there", async () => CPU.test(await world.scrape()));
    await world.setFaults({ kind: "LIBVIRT_HANGS" });
    // The fault ends only after these scrapes, so none of them can have waited for its end.
    const during = await until("the scrape says that libvirt does not answer", async () => {
      const body = await world.scrape();
      return collected("domain_stats", 0).test(body) && body;
    });
    assert.match(during, CPU);
    assert.match(during, collected("gpu", 1));
    assert.match(during, /^vgpud_domain_stats_age_seconds [0-9.]+$/m);
    await world.clearFaults();
    await until("libvirt's figures are fresh again", async () =>
      collected("domain_stats", 1).test(await world.scrape()),
    );
  });

  it("counts what the agent did: ledger, hostd, rounds", async () => {
    await using world = await World.start();
    await world.create("a");
    await world.destroy("a");
    const body = await world.scrape();
    assert.match(body, /^vgpud_hostd_calls_total\{operation="create-mdev",outcome="ok"\} [1-9]/m);
    assert.match(body, /^vgpud_hostd_calls_total\{operation="remove-mdev",outcome="ok"\} [1-9]/m);
    assert.match(body, /^vgpud_ledger_writes_total [1-9]/m);
    assert.match(body, /^vgpud_ledger_write_failures_total 0$/m);
    assert.match(body, /^vgpud_reconcile_runs_total [1-9]/m);
    assert.match(body, /^vgpud_operations_in_flight\{operation="destroy"\} 0$/m);
  });

  it("shows what the drivers measure, without what they do not, and says when one fails", async () => {
    const xe = "{ address: 0000:03:00.0, device: '56c0', driver: xe }";
    await using world = await World.start(`gpus: [{ address: 0000:00:02.0 }, ${xe}]`);
    const well = await world.scrape();
    const igd = 'pci_address="0000:00:02.0"';
    const labels = `${igd},domain="gt0"`;
    assert.ok(well.includes(`\nvgpud_gpu_frequency_hertz{${labels},kind="max"} 1150000000\n`));
    assert.ok(well.includes(`\nvgpud_gpu_rc6_residency_seconds_total{${labels}} 3600\n`));
    assert.ok(well.includes(`\nvgpud_gpu_throttle_reason{${labels},reason="thermal"} 0\n`));
    assert.ok(!well.includes(`vgpud_gpu_temperature_celsius{${igd}`));
    const pkg = 'pci_address="0000:03:00.0",chip="xe",sensor="pkg"';
    assert.ok(well.includes(`\nvgpud_gpu_temperature_celsius{${pkg}} 41\n`));
    assert.match(well, collected("gpu_sensors", 1));
    const target = "sys/devices/pci0000:00/0000:03:00.0/hwmon/hwmon1/temp2_input";
    await world.setFaults({ kind: "FILE_FAILS", target });
    const hurt = await until("the failure is told", async () => {
      const text = await world.scrape();
      return collected("gpu_sensors", 0).test(text) && text;
    });
    assert.ok(!hurt.includes(pkg) && hurt.includes('sensor="vram"} 46'));
  });
});
