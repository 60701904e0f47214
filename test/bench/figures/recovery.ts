// How much longer a vgpud takes to start that has claims to take over.
import { OnStop } from "../../../proto/gen/vgpud/v1/claim.ts";
import {
  DomainServiceService as Domains,
  StopDomainRequest,
} from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { Rpc } from "../../e2e/harness/rpc.ts";
import { type } from "../../e2e/harness/requests.ts";
import { BenchHost } from "../bench-host.ts";
import { createDomain, untilLibvirtIsSeen } from "../domains.ts";
import type { Chapter } from "../figure.ts";
import { median } from "../measure.ts";

const CLAIMS = 500;
/** What fits at the same time. */
const AT_ONCE = 5;
const STARTS = 5;
const BAR_MS = 500;

export async function recovery(): Promise<Chapter> {
  await using withNone = await BenchHost.start();
  await using withAll = await BenchHost.start();
  await makeClaims(withAll);
  const times: Readonly<Record<"empty" | "full", number[]>> = { empty: [], full: [] };
  for (let start = 0; start < STARTS; start += 1) {
    times.empty.push(await startMs(withNone));
    times.full.push(await startMs(withAll));
  }
  const [empty, full] = [median(times.empty), median(times.full)];
  return {
    title: "Recovery",
    method:
      `vgpud is started ${STARTS} times on a simulated host without a claim, and in turn with it ${STARTS} times on one with the claims of ${CLAIMS} domains that are defined, off, and without a slice; medians. ` +
      "Told is the time from the start until its list of domains is whole: the ledger is read, every claim is set against what the kernel and libvirt show, and what differs is planned.",
    figures: [
      { what: "start without claims", value: empty, unit: "ms" },
      { what: `start with ${CLAIMS} claims`, value: full, unit: "ms" },
      { what: `recovery of ${CLAIMS} claims`, value: full - empty, unit: "ms", bar: { atMost: BAR_MS } },
    ],
  };
}

async function startMs(host: BenchHost): Promise<number> {
  const begun = performance.now();
  await using agent = await host.agent();
  using rpc = new Rpc(agent.socket);
  await untilLibvirtIsSeen(rpc);
  return performance.now() - begun;
}

/** Of domains that give their slice back when they are off: there are more than slices. */
async function makeClaims(host: BenchHost): Promise<void> {
  await using agent = await host.agent();
  using rpc = new Rpc(agent.socket);
  await untilLibvirtIsSeen(rpc);
  const wanted = { image: host.image, vgpuType: type(8), readonly: true, onStop: OnStop.RELEASE };
  const makeOne = async (): Promise<void> => {
    const domain = { ref: { $case: "claimId", value: await createDomain(rpc, wanted) } } as const;
    const gracePeriod = { seconds: 0n, nanos: 0 };
    await rpc.call(Domains.stopDomain, StopDomainRequest.fromPartial({ domain, gracePeriod }));
  };
  for (let made = 0; made < CLAIMS; made += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, makeOne));
}
