// One look of top: everything that a frame shows.
import { allPages, PAGE_SIZE, sortedBy } from "../client/pages.ts";
import type { Clock } from "../../core/clock.ts";
import type { Vgpud } from "../client/vgpud.ts";
import type { BusyDomains } from "./busy.ts";
import type { Seen } from "./frame.ts";
import { domainRows } from "./rows.ts";

export async function look(vgpud: Vgpud, busy: BusyDomains, clock: Clock): Promise<Seen> {
  const page = (pageToken: string) => ({ pageSize: PAGE_SIZE, pageToken });
  const [host, gpuPages, vgpuPages, domainPages] = await Promise.all([
    vgpud.getHost({}),
    allPages((token) => vgpud.listGpus(page(token))),
    allPages((token) => vgpud.listVgpus(page(token))),
    allPages((token) => vgpud.listDomains({ ...page(token), withUsage: true })),
  ]);
  const domains = domainPages.flatMap((each) => each.domains);
  const vgpus = vgpuPages.flatMap((each) => each.vgpus);
  return {
    host: host.host,
    gpus: sortedBy(
      gpuPages.flatMap((each) => each.gpus),
      ({ pciAddress }) => pciAddress,
    ),
    rows: domainRows(domains, vgpus, busy.add(domains)),
    at: clock.wall(),
  };
}
