// Domains with and without a vGPU side by side: what they did in the last minutes, in lines and in numbers. Pure.
import { groupCharts, measureNames, measures, rowCharts, type Chart, type Line } from "./charts.ts";
import {
  isRunning,
  type DomainGroup,
  type DomainRow,
  type GroupName,
  type ListChoice,
} from "./domain-groups.ts";
import { chartDrawing } from "./drawing.ts";
import { markup, type Html } from "./markup.ts";
import type { History } from "./model.ts";
import { count, duration, plural } from "./units.ts";

const everybody = { with: "all with a vGPU", without: "all without a vGPU" } as const satisfies Record<
  GroupName,
  string
>;
const titles = { with: "With a vGPU", without: "Without a vGPU" } as const satisfies Record<
  GroupName,
  string
>;

export interface DomainSectionParts {
  readonly groups: readonly DomainGroup[];
  readonly choice: ListChoice;
  readonly history: History;
  readonly now: number;
  /** False: libvirt does not answer, and what it knows is not known here. */
  readonly known: boolean;
}

export function domainSection(parts: DomainSectionParts): Html {
  const { groups, choice, history, now, known } = parts;
  const times = history.readings.map(({ at }) => Math.min(1, Math.max(0, 1 - (now - at) / history.spanMs)));
  const together = groupCharts(
    groups.map(({ members }) => members),
    history,
  );
  const rows = rowCharts(
    groups.flatMap((group) => group.rows),
    history,
  );
  const span = duration(history.spanMs);
  const halves = groups.map((group, index) => {
    const title = `group-${group.name}`;
    return markup`<section class="card group" aria-labelledby="${title}"><header><h3 id="${title}">${titles[group.name]}</h3><p class="facts">${plural(group.members.length, "domain")}${known ? ` · ${count(group.running)} running` : ""}</p></header>
${group.running > 0 && times.length > 0 ? tiles(together[index] ?? [], `${everybody[group.name]}, last ${span}`, times) : undefined}
${domainTable(group, { rows, times, known })}${pager(group, choice)}</section>`;
  });
  const unknown = markup`<p class="empty">libvirt does not answer: only the domains of claims are listed, and their states are unknown.</p>`;
  return markup`<section aria-labelledby="domains"><h2 id="domains">Domains</h2>
${known ? undefined : unknown}
<div class="tools"><p class="facts">${times.length === 0 ? "No readings of what domains do yet." : `The last ${span}.`} CPU: full height is all of a domain's processors. Memory: its size. Disk and network: one scale for all rows. Solid: CPU, memory, read, in. Dashed: write, out.</p>${searchForm(choice)}</div>
<div class="halves">${halves}</div></section>`;
}

function searchForm(choice: ListChoice): Html {
  const { search, reload } = choice;
  const all =
    search === "" ? undefined : markup`<a href="${addressOf({ ...choice, search: "" })}">Show all</a>`;
  const kept = reload ? markup`<input type="hidden" name="reload" value="yes" />` : undefined;
  return markup`<form role="search" action="/" method="get">${kept}<label for="q">Find a domain</label> <input id="q" name="q" type="search" maxlength="256" placeholder="name or UUID" value="${search}" /> <button type="submit">Find</button> ${all}</form>`;
}

function tiles(charts: readonly Chart[], whose: string, times: readonly number[]): Html {
  const each = charts.map((chart) => {
    const name = measureNames[chart.measure];
    return markup`<div class="tile"><dt>${name}</dt><dd>${valuesOf(chart)}${chartDrawing(chart, `${name} of ${whose}`, times)}</dd></div>`;
  });
  return markup`<dl class="tiles">${each}</dl>`;
}

interface TableParts {
  readonly rows: ReadonlyMap<DomainRow, readonly Chart[]>;
  readonly times: readonly number[];
  readonly known: boolean;
}

function domainTable({ name, rows, found, members }: DomainGroup, parts: TableParts): Html {
  if (rows.length === 0) {
    const none = parts.known ? "None." : "Unknown while libvirt does not answer.";
    return markup`<p class="empty">${members.length === 0 ? none : "None is found by that name."}</p>`;
  }
  const heads = measures.map((measure) => markup`<th scope="col">${measureNames[measure]}</th>`);
  const caption = `${titles[name]}: ${plural(found, "domain")}${found > rows.length ? `, ${rows.length} on this page` : ""}`;
  return markup`<table id="domains-${name}" class="stack activity"><caption>${caption}</caption>
<thead><tr><th scope="col">Domain</th>${heads}</tr></thead>
<tbody>${rows.map((row) => domainRow(row, parts))}</tbody></table>`;
}

function domainRow(row: DomainRow, { rows, times, known }: TableParts): Html {
  const { view, vgpus } = row;
  const charts = rows.get(row) ?? [];
  const state =
    view.claim && view.domain === undefined ? view.claim.state : (view.domain?.state ?? "unknown");
  const slices = vgpus.map(
    ({ type, gpu }) =>
      markup`<br /><span class="id">${type === "" ? "vGPU" : type}</span> <span class="id">on ${gpu}</span>`,
  );
  // Whose a domain without a slice is says nothing here: vgpud makes none.
  const owner = view.ownership === "own" || vgpus.length === 0 ? undefined : markup` · ${view.ownership}`;
  const alive = isRunning(row);
  const drawn = charts.map((chart) => {
    const name = measureNames[chart.measure];
    return markup`<td data-label="${name}">${valuesOf(chart)}${chartDrawing(chart, `${name} of ${view.name}`, times)}</td>`;
  });
  const instead = (words: string): Html =>
    markup`<td class="none" colspan="${measures.length}">${words}</td>`;
  const silent = known ? "does not run" : "unknown while libvirt does not answer";
  const cells = !alive ? instead(silent) : times.length === 0 ? instead("no readings yet") : drawn;
  return markup`<tr id="domain-${view.id}"><th scope="row"><bdi class="domain-name">${view.name}</bdi><br /><span class="state ${alive ? "on" : "off"}">${state}${owner}</span>${slices}</th>${cells}</tr>`;
}

function valuesOf({ lines, say }: Chart): Html {
  const value = ({ name, values }: Line): Html => {
    const last = values.at(-1);
    const label = name === "" ? undefined : markup`<small>${name}</small> `;
    return markup`<span class="value">${label}${last === undefined ? "–" : say(last)}</span>`;
  };
  return markup`<span class="values">${lines.map(value)}</span>`;
}

function pager(
  { name, page, pages, offset, rows, found }: DomainGroup,
  choice: ListChoice,
): Html | undefined {
  if (pages === 1) return undefined;
  const link = (to: number, words: string): Html =>
    to < 1 || to > pages
      ? markup`<span class="none">${words}</span>`
      : markup`<a href="${addressOf({ ...choice, page: { ...choice.page, [name]: to } })}">${words}</a>`;
  return markup`<nav class="pager" aria-label="Pages: ${titles[name]}">${link(page - 1, "Previous")}<span>${count(offset + 1)} to ${count(offset + rows.length)} of ${count(found)}</span>${link(page + 1, "Next")}</nav>`;
}

/** Where the page with this choice is. */
export function addressOf({ search, page, reload }: ListChoice): string {
  const query = new URLSearchParams();
  if (search !== "") query.set("q", search);
  for (const [name, at] of Object.entries(page)) if (at > 1) query.set(name, String(at));
  if (reload) query.set("reload", "yes");
  const text = query.toString();
  return text === "" ? "/" : `/?${text}`;
}
