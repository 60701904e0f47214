// All that runs in the demonstration, and what its steps do there: each is told in the log.
import assert from "node:assert/strict";
import { RealPrometheus } from "../contract/real-prometheus.ts";
import { until } from "../e2e/harness/until.ts";
import type { Published } from "../schedulers/booked-world.ts";
import { startPlacement, type Placement } from "../schedulers/placement.ts";
import { Caller, type Claim, type Ran } from "./caller.ts";
import { KVM_HOST, XEN_HOST, type HostKind } from "./host-kinds.ts";
import { promtool } from "./promtool.ts";
import { promised, SeedBooks } from "./seed-books.ts";
import { CONFIG_FILE, SeedHost } from "./seed-host.ts";
import { CALLER, SeedLog } from "./seed-log.ts";

/** Every second one is to be started with its host. */
const DOMAINS = Object.fromEntries(
  Array.from({ length: 10 }, (_, index) => [`desk-${index + 1}`, { autostart: index % 2 === 0 }] as const),
);
const SCRAPE_SECONDS = 5;
/** Shipped with five minutes. */
const DOWN_AFTER = "20s";
const PATIENCE_MS = 300_000;
/** What must be zero of each host where all is well. */
const AMISS = [
  "vgpud_vgpu_orphans",
  "vgpud_scheduler_bookings_without_domain",
  "vgpud_scheduler_claims_without_booking",
  "vgpud_scheduler_claims_booked_elsewhere",
  "vgpud_scheduler_gpu_overbooked",
  "vgpud_scheduler_vanished_gpus",
  'vgpud_claims{state="failed"}',
];

/** The KVM host, and the Xen host. */
type Hosts = readonly [SeedHost, SeedHost];

export class SeedWorld implements AsyncDisposable {
  readonly log = new SeedLog();
  readonly caller: Caller;
  readonly books: SeedBooks;
  readonly hosts: Hosts;
  readonly #prometheus: RealPrometheus;
  readonly #began: readonly AsyncDisposable[];

  private constructor(
    parts: { caller: Caller; placement: Placement; hosts: Hosts; prometheus: RealPrometheus },
    began: readonly AsyncDisposable[],
  ) {
    this.caller = parts.caller;
    this.books = new SeedBooks(parts.placement);
    this.hosts = parts.hosts;
    this.#prometheus = parts.prometheus;
    this.#began = began;
  }

  static async start(): Promise<SeedWorld> {
    const began: AsyncDisposable[] = [];
    const begun = <T extends AsyncDisposable>(one: T): T => {
      began.push(one);
      return one;
    };
    try {
      const placement = begun(await startPlacement());
      const caller = begun(await Caller.start());
      const placementPort = Number(new URL(placement.url).port);
      const surroundings = { ca: caller.ca, placementPort, domains: Object.keys(DOMAINS) };
      // One after the other: emulated machines that boot at once miss their times.
      const host = async (kind: HostKind): Promise<SeedHost> =>
        begun(await SeedHost.start(kind, surroundings));
      const hosts: Hosts = [await host(KVM_HOST), await host(XEN_HOST)];
      await caller.knows(placement.url, hosts, DOMAINS);
      const targets = hosts.map(({ name: instance, metricsAddress: address }) => ({ address, instance }));
      const alertsAfter = { VgpudDown: DOWN_AFTER };
      const prometheus = begun(
        await RealPrometheus.start({ targets, everySeconds: SCRAPE_SECONDS, alertsAfter }),
      );
      return new SeedWorld({ caller, placement, hosts, prometheus }, began);
    } catch (error) {
      await endAll(began);
      throw error;
    }
  }

  /** How the hosts and the caller are set up. */
  async tellFiles(): Promise<void> {
    for (const host of this.hosts) await this.log.on(host, `cat ${CONFIG_FILE}`);
    for (const [name, written] of Object.entries(await this.caller.files()))
      this.log.tell(CALLER, `cat ${name}`, written);
  }

  startsByItself(name: string): boolean {
    return DOMAINS[name]?.autostart === true;
  }

  /** The providers of both hosts' GPUs, once Placement has them. */
  async gpus(): Promise<readonly Published[]> {
    const gpuOf = (host: SeedHost): Promise<Published> =>
      until(`Placement has ${host.name}`, () => this.books.gpuOf(host), PATIENCE_MS);
    return await Promise.all(this.hosts.map(gpuOf));
  }

  async create(name: string, flavor: string): Promise<Ran> {
    const ran = await this.caller.create(name, flavor);
    this.log.ran(ran);
    return ran;
  }

  /** Where it came to. */
  async created(name: string, flavor: string): Promise<SeedHost> {
    const ran = await this.create(name, flavor);
    assert.equal(ran.exitCode, 0, `${ran.stdout}${ran.stderr}`);
    return await this.hostOf(name);
  }

  /** Where a domain's claim is booked. */
  async hostOf(name: string): Promise<SeedHost> {
    return this.#hostCalled((await this.claimsBy()).get(name)?.host);
  }

  async destroy(what: string): Promise<Ran> {
    const ran = await this.caller.destroy(what);
    this.log.ran(ran);
    return ran;
  }

  /** Where it was. */
  async destroyed(name: string): Promise<SeedHost> {
    const claim = (await this.claimsBy()).get(name);
    const ran = await this.destroy(name);
    assert.equal(ran.exitCode, 0, `${ran.stdout}${ran.stderr}`);
    assert.equal(await this.books.isBooked(claim?.claim_id ?? ""), false);
    return this.#hostCalled(claim?.host);
  }

  /** What is booked, by the domain's name. */
  async claimsBy(): Promise<ReadonlyMap<string, Claim>> {
    const claims = await this.caller.claims();
    return new Map(claims.map((claim) => [claim.domain ?? claim.claim_id, claim]));
  }

  /** Resolves when Placement would name exactly these hosts for the smallest slice; in its order. */
  async room(...wanted: readonly SeedHost[]): Promise<readonly SeedHost[]> {
    const names = wanted.map(({ name }) => name).join(" and ");
    return await until(
      `Placement knows of room on ${names}`,
      async () => {
        const found = await this.books.candidates(this.hosts);
        return found.length === wanted.length && wanted.every((host) => found.includes(host)) && found;
      },
      PATIENCE_MS,
    );
  }

  async cutPower(host: SeedHost): Promise<void> {
    await host.cutPower();
    this.log.tell("world", `cut the power of ${host.name}`, "");
  }

  async powerOn(host: SeedHost): Promise<void> {
    this.log.tell("world", `power for ${host.name} again`, "");
    await host.powerOn();
  }

  /** Resolves when the alert fires for these hosts and no others. */
  async alerted(alert: string, hosts: readonly SeedHost[]): Promise<void> {
    const expression = `ALERTS{alertname="${alert}", alertstate="firing"}`;
    const wanted = hosts.map(({ name }) => name).sort();
    await until(
      `${alert} fires for ${wanted.join(" and ") || "nobody"}`,
      async () => {
        const found = await this.#prometheus.query(expression);
        return String(found.map(({ labels }) => labels["instance"]).sort()) === String(wanted);
      },
      PATIENCE_MS,
    );
    await this.asked('up{job="vgpud"}');
    await this.asked(expression);
  }

  /** Told as an operator asks it. */
  async asked(expression: string): Promise<void> {
    const { line, output } = await promtool(this.#prometheus.url, expression);
    this.log.tell("monitoring", line, output);
  }

  /** Ledger and Placement have the same of each host. */
  async assertBooksAgree(): Promise<void> {
    for (const host of this.hosts) assert.deepEqual(await this.books.booked(host), await promised(host));
  }

  /** Both hosts are scraped, say that all is well between them and Placement, and no alert fires. */
  async assertNothingAmiss(): Promise<void> {
    const healed = "round(time() - vgpud_scheduler_last_success_timestamp_seconds)";
    const well = String(this.hosts.map(({ name }) => `${name} 0`).sort());
    for (const expression of AMISS)
      // Of the books nothing is told before they were first compared.
      await until(
        `nothing is amiss by ${expression}`,
        async () => {
          const found = await this.#prometheus.query(`sum by (instance) (${expression})`);
          const values = found.map(({ labels, value }) => `${labels["instance"] ?? ""} ${value}`);
          return String(values.sort()) === well;
        },
        PATIENCE_MS,
      );
    assert.deepEqual(await this.#prometheus.query('ALERTS{alertstate="firing"}'), []);
    await this.asked("vgpud_scheduler_up");
    await this.asked(healed);
  }

  /** What each host shows past vgpud. */
  async tellHosts(hosts: readonly SeedHost[] = this.hosts): Promise<void> {
    for (const host of hosts) {
      await this.log.on(host, `virsh -q -c ${host.kind.libvirtUri} list --all`);
      await this.log.on(host, host.kind.slices);
    }
  }

  /** For whom a step has failed. */
  async complain(): Promise<void> {
    for (const { name, bed } of this.hosts) {
      const units = "-u vgpud -u vgpud-hostd -u vgpud-restore";
      const { stdout } = await bed.run(
        `virsh list --all; journalctl --no-pager -b ${units} -n 60 -o short-precise | cut -c1-400`,
      );
      console.error(`--- ${name}\n${stdout}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.log.write();
    await endAll(this.#began);
  }

  #hostCalled(name: string | undefined): SeedHost {
    const host = this.hosts.find((each) => each.name === name);
    assert.ok(host, `no host is called ${name ?? "nothing"}`);
    return host;
  }
}

async function endAll(began: readonly AsyncDisposable[]): Promise<void> {
  for (const one of began.toReversed()) await one[Symbol.asyncDispose]();
}
