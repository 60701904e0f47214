// What is served over HTTP: the metrics, the probes and the status page.
import { splitAddress } from "../config/forms.ts";
import { systemClock as clock } from "../core/clock.ts";
import { serveHttp, type HttpServer } from "../host/http-server.ts";
import { siteOf } from "../observation/site.ts";
import type { StatusSource } from "../observation/status-page/model.ts";
import { statusPage } from "../observation/status-page/page.ts";
import type { AgentOptions } from "./agent-options.ts";
import type { Stages } from "./stages.ts";

export function serveSite(
  { config, version, simulator, log }: AgentOptions,
  { view, lookout, libvirt, operations, metrics }: Stages,
  { unreadableRecords, cut }: { readonly unreadableRecords: number; readonly cut: AbortSignal },
): Promise<HttpServer> {
  const agent = { version, simulated: simulator !== undefined, unreadableRecords, startedAt: clock.wall() };
  const source = (): StatusSource => ({
    ...{ view: view(), agent, libvirt: libvirt.status, now: clock.wall() },
    stalledBy: ({ operation }) => operations.stalledBy(operation.id),
    history: { spanMs: 600_000, readings: [] },
  });
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
