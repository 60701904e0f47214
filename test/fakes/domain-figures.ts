// What a hypervisor may say of a domain, and a hypervisor that says it, refuses, or is silent.
import { parseDomainId, type DomainId } from "../../agent/core/ids.ts";
import type { DomainFigures, DomainStatsSource } from "../../agent/observation/domain-stats.ts";

export function numberedDomain(n: number): DomainId {
  const id = parseDomainId(`d0000000-0000-4000-8000-${n.toString().padStart(12, "0")}`);
  if (id === undefined) throw new TypeError(`no domain id can be made of ${n}`);
  return id;
}

/** A domain with a disk and an interface that has used `n` of everything. */
export function figures(n: number, change: Partial<DomainFigures> = {}): DomainFigures {
  const traffic = { bytes: n * 100, packets: n, errors: 0, drops: 0 };
  return {
    id: numberedDomain(n),
    cpuSeconds: n,
    memory: { maximum: 1 << 30, current: 1 << 29, resident: n << 20 },
    disks: [
      { device: "vda", readBytes: n * 512, readRequests: n, writeBytes: n * 1024, writeRequests: 2 * n },
    ],
    interfaces: [{ device: `vnet${n}`, received: traffic, sent: { ...traffic, bytes: n * 200 } }],
    ...change,
  };
}

export class FakeStatsSource implements DomainStatsSource {
  /** What is answered; undefined: nothing, until the question is given up. */
  answer: readonly DomainFigures[] | Error | undefined = [];
  asked = 0;
  readonly givenUp: unknown[] = [];

  domainFigures(signal: AbortSignal): Promise<readonly DomainFigures[]> {
    this.asked += 1;
    if (this.answer instanceof Error) return Promise.reject(this.answer);
    if (this.answer) return Promise.resolve(this.answer);
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        this.givenUp.push(signal.reason);
        reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
      });
    });
  }
}
