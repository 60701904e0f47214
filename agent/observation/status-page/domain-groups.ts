// Domains with a vGPU and domains without, in the order they are shown, a bounded piece of each. Pure.
import type { DomainId } from "../../core/ids.ts";
import { isAlive } from "../../inventory/model.ts";
import type { DomainView } from "../../lifecycle/views.ts";
import type { MetricsView } from "../view.ts";

/** Rows of each group on one page. */
const PAGE_SIZE = 25;
/** More than any name libvirt takes; what the address bar brings is not kept longer. */
const MAX_SEARCH = 256;

/** What the address says about the lists, and about the page as a whole. */
export interface ListChoice {
  /** Part of a name, or the beginning of a UUID; empty: every domain. */
  readonly search: string;
  /** Pages from 1. */
  readonly page: Readonly<Record<GroupName, number>>;
  /** Whether a browser without JavaScript is to load the page again by itself. */
  readonly reload: boolean;
}

export type GroupName = "with" | "without";

export interface DomainRow {
  readonly view: DomainView;
  /** Its slices: type and GPU. */
  readonly vgpus: readonly { readonly type: string; readonly gpu: string }[];
}

export interface DomainGroup {
  readonly name: GroupName;
  /** All of the group, shown or not. */
  readonly members: readonly DomainRow[];
  readonly running: number;
  /** How many the search leaves. */
  readonly found: number;
  readonly rows: readonly DomainRow[];
  /** Index of the first row shown, from 0. */
  readonly offset: number;
  readonly page: number;
  readonly pages: number;
}

/** Anything that the address bar may hold; what means nothing is the first page. */
export function listChoice(query: URLSearchParams): ListChoice {
  const page = (name: GroupName): number => {
    const text = query.get(name) ?? "";
    return /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 1;
  };
  return {
    search: (query.get("q") ?? "").trim().slice(0, MAX_SEARCH),
    page: { with: page("with"), without: page("without") },
    reload: query.get("reload") === "yes",
  };
}

export function domainGroups({ domains, vgpus }: MetricsView, choice: ListChoice): DomainGroup[] {
  const slices = new Map<DomainId, { type: string; gpu: string }[]>();
  for (const { domain, claim, type, gpu } of vgpus) {
    const id = domain?.id ?? claim?.domain?.id;
    if (id !== undefined) slices.set(id, [...(slices.get(id) ?? []), { type, gpu }]);
  }
  const rows = domains.map((view) => ({ view, vgpus: slices.get(view.id) ?? [] })).sort(inOrder);
  return [
    groupOf(
      "with",
      rows.filter((row) => row.vgpus.length > 0),
      choice,
    ),
    groupOf(
      "without",
      rows.filter((row) => row.vgpus.length === 0),
      choice,
    ),
  ];
}

function groupOf(name: GroupName, members: readonly DomainRow[], { search, page }: ListChoice): DomainGroup {
  const found = members.filter(({ view }) => matches(view, search.toLowerCase()));
  const pages = Math.max(1, Math.ceil(found.length / PAGE_SIZE));
  const shown = Math.min(page[name], pages);
  const offset = (shown - 1) * PAGE_SIZE;
  return {
    ...{ name, members, offset, pages, page: shown },
    running: members.filter(isRunning).length,
    found: found.length,
    rows: found.slice(offset, offset + PAGE_SIZE),
  };
}

function matches({ id, name }: DomainView, search: string): boolean {
  return search === "" || name.toLowerCase().includes(search) || id.startsWith(search);
}

export function isRunning({ view: { domain } }: DomainRow): boolean {
  return domain !== undefined && isAlive(domain.state);
}

/** `web-2` before `web-10`. */
const byName = new Intl.Collator("en", { numeric: true });

/** Running ones first, then by name: where there is something to see, and at the same place at every look. */
function inOrder(a: DomainRow, b: DomainRow): number {
  return (
    Number(isRunning(b)) - Number(isRunning(a)) ||
    byName.compare(a.view.name, b.view.name) ||
    compare(a.view.id, b.view.id)
  );
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
