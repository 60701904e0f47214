// The whole status page: an answer with headers that let it load nothing and run nothing but its own. Pure.
import { createHash } from "node:crypto";
import type { GpuView } from "../../lifecycle/views.ts";
import type { HostFacts, Inventory } from "../../inventory/model.ts";
import type { PageAnswer } from "../site.ts";
import { domainGroups, listChoice, type ListChoice } from "./domain-groups.ts";
import { addressOf, domainSection } from "./domain-section.ts";
import { patterns } from "./drawing.ts";
import { slicesOf } from "./gpu-bars.ts";
import { gpuSection, roomInWords } from "./gpu-section.ts";
import { liveScript } from "./live-script.ts";
import { Html, markup } from "./markup.ts";
import type { Notice, SliceView, StatusSource } from "./model.ts";
import { noticesOf } from "./notices.ts";
import { styleSheet } from "./style-sheet.ts";
import { clockTime, duration, iso, plural, utc } from "./units.ts";

const hashOf = (text: string): string => createHash("sha256").update(text).digest("base64");

/** Nothing is allowed but this page's own style and script, its own refresh and its own search. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${hashOf(styleSheet)}'`,
  `script-src 'sha256-${hashOf(liveScript)}'`,
  "connect-src 'self'",
  "img-src data:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  // The script turns no text into markup, and no later change to it may.
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS = {
  "Content-Security-Policy": POLICY,
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
} as const;

/** Changes with style and script, so that a page that stays open over an upgrade loads itself anew. */
const EDITION = hashOf(styleSheet + liveScript).slice(0, 12);

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath fill='%23256f8f' d='M1 3h4v10H1zM6 3h3v10H6z'/%3E%3Cpath fill='%23c98a1b' d='M10 3h5v10h-5z'/%3E%3C/svg%3E";

export function statusPage(source: StatusSource, query: URLSearchParams): PageAnswer {
  const { inventory } = source.view;
  const choice = listChoice(query);
  const body = inventory ? seen(source, inventory, choice) : unseen(source, choice);
  return {
    status: 200,
    contentType: "text/html; charset=utf-8",
    body: `<!doctype html>\n${documentOf(inventory?.host.hostname, body, choice).toString()}\n`,
    headers: HEADERS,
  };
}

/** Only who asks for it gets a page that loads itself anew: it takes away place and focus. */
const RELOAD_SECONDS = 15;

function documentOf(hostname: string | undefined, body: Html, { reload }: ListChoice): Html {
  const again = markup`<noscript><meta http-equiv="refresh" content="${RELOAD_SECONDS}" /></noscript>`;
  return markup`<html lang="en" data-edition="${EDITION}"><head><meta charset="utf-8" />
<title>${hostname === undefined ? "vgpud" : `${hostname} · vgpud`}</title>
<meta name="viewport" content="width=device-width, initial-scale=1" /><meta name="color-scheme" content="light dark" /><meta name="robots" content="noindex" />
<link rel="icon" href="${ICON}" />${reload ? again : undefined}
${Html.source("style", styleSheet)}</head>
<body><a class="skip" href="#main">Skip to the content</a>
${body}
${Html.source("script", liveScript)}</body></html>`;
}

function unseen({ agent, now }: StatusSource, choice: ListChoice): Html {
  return markup`<div id="page"><header class="top"><div><p class="brand">vgpud ${agent.version}</p><h1>Starting</h1></div>${linkBox(choice, now)}</header>
<main id="main" tabindex="-1"><p class="empty">The first look at the kernel and the ledger is not over yet.</p></main></div>`;
}

function seen(source: StatusSource, inventory: Inventory, choice: ListChoice): Html {
  const { view, now, history } = source;
  const slicesOn = new Map<string, readonly SliceView[]>(
    view.gpus.map((gpu) => [gpu.gpu.address, slicesOf(gpu, view.vgpus, source.stalledBy)]),
  );
  const groups = domainGroups(view, choice);
  const known = inventory.domains.known;
  return markup`<div id="page">${top(source, inventory, choice)}
<main id="main" tabindex="-1">${summary(source, inventory, view.gpus)}
${conditions(noticesOf(source, inventory, slicesOn))}
${gpuSection(view.gpus, slicesOn)}
${domainSection({ groups, choice, history, now, known })}</main>
<footer><p>Read only. <a href="/metrics">Metrics</a> · <a href="/healthz">Health</a> · <a href="/readyz">Readiness</a> · <code>vgpuctl</code> shows the same and more.</p></footer>${patterns}</div>`;
}

const hypervisors = {
  kvm: "KVM",
  xen: "Xen (dom0)",
  "xen-guest": "Xen guest",
  none: "no hypervisor",
} as const satisfies Record<HostFacts["hypervisor"], string>;

function top({ agent, view, now }: StatusSource, { host }: Inventory, choice: ListChoice): Html {
  const simulated = agent.simulated ? markup` <span class="badge">simulated host</span>` : undefined;
  const drained = view.drains.host ? markup` <span class="badge">drained</span>` : undefined;
  return markup`<header class="top"><div><p class="brand">vgpud ${agent.version}${simulated}${drained}</p><h1><bdi>${host.hostname}</bdi></h1>
<p class="facts">${hypervisors[host.hypervisor]} · Linux ${host.kernelRelease}</p></div>${linkBox(choice, now)}</header>`;
}

/** Whether what is shown is fresh. The script takes it over; without it there are the links. */
function linkBox(choice: ListChoice, now: number): Html {
  const { reload } = choice;
  const state = reload ? `Loads anew every ${RELOAD_SECONDS} seconds` : "Not live without JavaScript";
  const other = markup`<a href="${addressOf({ ...choice, reload: !reload })}">${reload ? "Stop" : `Reload every ${RELOAD_SECONDS} seconds`}</a>`;
  return markup`<div class="link"><p data-keep="" id="link"><span id="link-state" role="status">${state}</span> <span id="reload"><a href="${addressOf(choice)}">Reload</a> ${other}</span><button id="pause" type="button" hidden="">Pause</button></p>
<p class="facts">As of <time id="as-of" datetime="${iso(now)}" title="${utc(now)}">${clockTime(now)}</time><span id="age"></span></p></div>`;
}

function summary(
  { agent, libvirt, view, now }: StatusSource,
  { domains, observedAt }: Inventory,
  gpus: readonly GpuView[],
): Html {
  const version = libvirt.version === undefined ? "" : ` ${libvirt.version}`;
  const since = duration(now - libvirt.since);
  const used = gpus.reduce((sum, { budget }) => sum + (budget?.used.instances ?? 0), 0);
  const living = view.claims.filter(({ state }) => state !== "gone").length;
  const all = domains.known ? plural(view.domains.length, "domain") : "domains unknown";
  return markup`<dl class="summary"><div><dt>GPUs</dt><dd>${plural(gpus.length, "GPU")}, ${plural(used, "vGPU")} <span class="facts">${roomInWords(gpus)}</span></dd></div>
<div><dt>libvirt</dt><dd>${libvirt.connected ? `answers${version}` : "does not answer"} <span class="facts">${libvirt.uri}, for ${since}</span></dd></div>
<div><dt>Domains</dt><dd>${all} <span class="facts">${plural(living, "claim")} in the ledger</span></dd></div>
<div><dt>Agent</dt><dd>runs for ${duration(now - agent.startedAt)} <span class="facts">last look ${duration(now - observedAt)} ago</span></dd></div></dl>`;
}

const marks = { error: "✕", warning: "!", information: "i" } as const satisfies Record<
  Notice["severity"],
  string
>;

function conditions(notices: readonly Notice[]): Html {
  const items = notices.map(
    ({ severity, reason, about, message, remedy }) =>
      markup`<li class="${severity}"><span class="mark" aria-hidden="true">${marks[severity]}</span><div><p><strong>${severity}</strong> <bdi class="mono">${about}</bdi> ${reason === undefined ? undefined : markup`<code>${reason}</code>`}</p><p>${message}</p>${remedy === undefined ? undefined : markup`<p class="facts">${remedy}</p>`}</div></li>`,
  );
  const none = markup`<p class="fine"><span class="mark" aria-hidden="true">✓</span> Nothing to report: the kernel, libvirt and the ledger agree.</p>`;
  return markup`<section aria-labelledby="conditions"><h2 id="conditions">Conditions</h2>${notices.length === 0 ? none : markup`<ul class="notices">${items}</ul>`}</section>`;
}
