// The procedures that ask one domain for one figure: the same figures as in the bulk statistics.
import { uuidText } from "../../node-libvirt/domain-ref.ts";
import type { Domain as WireDomain, TypedParam } from "../../node-libvirt/remote.gen.ts";
import type { Handlers } from "../../node-libvirt/server.ts";
import type { SimulatedClock } from "../clock.ts";
import { cpuTime, statsOf } from "./domain-stats.ts";
import type { Domain, Running } from "./domain.ts";
import type { Domains } from "./domains.ts";
import { refuseUncounted } from "./xen-driver.ts";
import { notInThisState, unknownDisk, unknownInterface } from "./refusals.ts";

/** virDomainMemoryStatTags. */
const ACTUAL_BALLOON = 6;
const RSS = 7;
const AVAILABLE = 5;
/** virVcpuState: running. */
const VCPU_RUNNING = 1;
const NO_JOB = {
  ...{ type: 0, timeElapsed: 0n, timeRemaining: 0n, dataTotal: 0n, dataProcessed: 0n, dataRemaining: 0n },
  ...{
    memTotal: 0n,
    memProcessed: 0n,
    memRemaining: 0n,
    fileTotal: 0n,
    fileProcessed: 0n,
    fileRemaining: 0n,
  },
} as const;

export function figureHandlers(domains: Domains, clock: SimulatedClock): Handlers {
  const active = (dom: WireDomain): Domain & { readonly running: Running } => {
    const domain = domains.referred(uuidText(dom.uuid), dom.name);
    const { running } = domain;
    if (running === undefined) throw notInThisState("domain is not running");
    return { ...domain, running };
  };
  const figures = (domain: Domain): Figures => new Figures(statsOf(domain, clock, 0));
  return {
    domainMemoryStats: ({ dom, maxStats }) => {
      const domain = active(dom);
      const of = figures(domain);
      // A guest of Xen has no process that could occupy anything (libxlDomainMemoryStats).
      const beside = domains.isOnXen
        ? { tag: AVAILABLE, val: of.number("balloon.maximum") }
        : { tag: RSS, val: of.number("balloon.rss") };
      const stats = [{ tag: ACTUAL_BALLOON, val: of.number("balloon.current") }, beside];
      return { stats: stats.slice(0, maxStats) };
    },
    domainBlockStats: ({ dom, path }) => {
      const domain = active(dom);
      if (domains.isOnXen) refuseUncounted(domain.running.definition, path);
      const of = figures(domain);
      const at = of.indexOf("block", ["name", "path"], path);
      if (at === undefined) throw unknownDisk(path);
      const [rdReq, rdBytes, wrReq, wrBytes] = ["rd.reqs", "rd.bytes", "wr.reqs", "wr.bytes"].map((name) =>
        of.number(`block.${at}.${name}`),
      );
      return {
        ...{ rdReq: rdReq ?? 0n, rdBytes: rdBytes ?? 0n, wrReq: wrReq ?? 0n, wrBytes: wrBytes ?? 0n },
        errs: -1n,
      };
    },
    domainInterfaceStats: ({ dom, device }) => {
      const of = figures(active(dom));
      const at = of.indexOf("net", ["name"], device);
      if (at === undefined) throw unknownInterface(device);
      const count = (name: string): bigint => of.number(`net.${at}.${name}`);
      return {
        ...{ rxBytes: count("rx.bytes"), rxPackets: count("rx.pkts") },
        ...{ rxErrs: count("rx.errs"), rxDrop: count("rx.drop") },
        ...{ txBytes: count("tx.bytes"), txPackets: count("tx.pkts") },
        ...{ txErrs: count("tx.errs"), txDrop: count("tx.drop") },
      };
    },
    domainGetVcpus: ({ dom, maxinfo, maplen }) => {
      const domain = active(dom);
      const { vcpus } = domain.running.definition;
      const asked = Math.min(vcpus, maxinfo);
      const info = Array.from({ length: asked }, (_, number) => ({
        ...{ number, state: VCPU_RUNNING, cpu: number },
        cpuTime: cpuTime(domain, clock) / BigInt(vcpus),
      }));
      // On any processor of the host.
      return { info, cpumaps: new Uint8Array(asked * maplen).fill(0xff) };
    },
    domainGetJobInfo: ({ dom }) => {
      active(dom);
      return NO_JOB;
    },
    domainGetControlInfo: ({ dom }) => {
      active(dom);
      return { state: 0, details: 0, stateTime: 0n };
    },
    domainReset: ({ dom }) => {
      domains.reset(active(dom).uuid);
    },
  };
}

/** Statistics by name. */
class Figures {
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(params: readonly TypedParam[]) {
    this.#values = new Map(params.map(({ field, value }) => [field, value.value]));
  }

  number(name: string): bigint {
    const value = this.#values.get(name);
    return typeof value === "bigint" ? value : 0n;
  }

  /** Of the item of a group that bears the name in one of the fields. */
  indexOf(group: string, fields: readonly string[], name: string): number | undefined {
    const count = Number(this.#values.get(`${group}.count`) ?? 0);
    const indices = Array.from({ length: count }, (_, index) => index);
    return indices.find((index) =>
      fields.some((field) => this.#values.get(`${group}.${index}.${field}`) === name),
    );
  }
}
