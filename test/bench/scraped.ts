// The agent's own histograms: where it says its time went.

type Labels = Readonly<Record<string, string>>;

/** The sum of all series of a histogram that have each of the labels, in milliseconds. */
export function scrapedMs(scrape: string, histogram: string, labels: Labels = {}): number {
  return sumOf(scrape, `${histogram}_sum`, labels) * 1000;
}

/** How often all series of a histogram together were observed. */
export function scrapedCount(scrape: string, histogram: string): number {
  return sumOf(scrape, `${histogram}_count`, {});
}

function sumOf(scrape: string, name: string, labels: Labels): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return scrape
    .split("\n")
    .filter((line) => line.startsWith(name) && wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}
