// Lists that come in pages, read to their end.
import { CliError } from "../errors/cli-error.ts";

/** The largest page that the contract serves. */
export const PAGE_SIZE = 1000;

/** Every page, the first one first; `next` is asked with the token of the page before, the empty one at first. */
export async function allPages<Page extends { readonly nextPageToken: string }>(
  next: (pageToken: string) => Promise<Page>,
): Promise<readonly [first: Page, ...rest: Page[]]> {
  const first = await next("");
  const rest: Page[] = [];
  const seen = new Set<string>();
  for (let token = first.nextPageToken; token !== "";) {
    // A server that repeats itself must not keep us for ever.
    if (seen.has(token)) throw new CliError("failure", "vgpud gave the same page token twice");
    seen.add(token);
    const page = await next(token);
    rest.push(page);
    token = page.nextPageToken;
  }
  return [first, ...rest];
}

/** In the order of a text that each item has; equal ones keep their order. */
export function sortedBy<Item>(items: readonly Item[], key: (item: Item) => string): readonly Item[] {
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...items].sort((a, b) => compare(key(a), key(b)));
}
