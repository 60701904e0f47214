// What is served over HTTP: the metrics, the probes and the status page.
import { splitAddress } from "../config/forms.ts";
import { systemClock as clock } from "../core/clock.ts";
import { serveHttp, type HttpServer } from "../host/http-server.ts";
import { siteOf } from "../observation/site.ts";
import { lastMinutes } from "../observation/status-page/activity.ts";
import type { StatusSource } from "../observation/status-page/model.ts";
import { statusPage } from "../observation/status-page/page.ts";
import type { AgentOptions } from "./agent-options.ts";
import type { Stages } from "./stages.ts";

export function serveSite(
  { config, version, simulator, log }: AgentOptions,
  { view, ledger, lookout, libvirt, operations, metrics, domainHistory, diagnostician }: Stages,
  { unreadableRecords, cut }: { readonly unreadableRecords: number; readonly cut: AbortSignal },
): Promise<HttpServer> {
  const agent = { version, simulated: simulator !== undefined, unreadableRecords, startedAt: clock.wall() };
  const source = (): StatusSource => {
    const now = clock.wall();
    return {
      ...{ view: view(), agent, libvirt: libvirt.status, ledgerTrouble: ledger.trouble, now },
      diagnosis: diagnostician.latest?.diagnosis,
      stalledBy: ({ operation }) => operation && operations.stalledBy(operation.id),
      history: lastMinutes(domainHistory, now),
    };
  };
  return serveHttp({
    ...splitAddress(config.metrics.listen),
    site: siteOf({
      scrape: (accept) => metrics.render(accept),
      status: (query) => statusPage(source(), query),
      whyNotReady: () => (lookout.current ? undefined : "the first look at the host is not over"),
    }),
    stop: cut,
    onError: (err) => {
      log.error({ err }, "an HTTP page could not be made");
    },
  });
}
