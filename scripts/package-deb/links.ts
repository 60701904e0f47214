// The links of a page that is installed elsewhere than it lies in the project. Pure.
import path from "node:path";

/** Files and folders of the project, to where they lie in the package; the longest that fits holds. */
export type Places = Readonly<Record<string, string>>;

const LINK = /\]\(([^)\s#]+)(#[^)\s]*)?\)/g;
const WITH_SCHEME = /^[a-z][a-z0-9+.-]*:/i;

/**
 * `markdown` with each relative link as it leads from the page's place in the package. `page` is its path in the project.
 * @throws Error for a link to what the package does not have
 */
export function relinked(markdown: string, page: string, places: Places): string {
  const from = path.dirname(placeOf(page, page, places));
  return markdown.replace(LINK, (link, target: string, anchor = "") => {
    if (WITH_SCHEME.test(target)) return link;
    const to = placeOf(path.join(path.dirname(page), target), page, places);
    return `](${path.relative(from, to)}${anchor})`;
  });
}

function placeOf(file: string, page: string, places: Places): string {
  const [known] = Object.keys(places)
    .filter((place) => file === place || file.startsWith(`${place}/`))
    .sort((a, b) => b.length - a.length);
  const place = known === undefined ? undefined : places[known];
  if (known === undefined || place === undefined)
    throw new Error(`${page} links to ${file}, which the package does not have`);
  return path.join(place, path.relative(known, file));
}
