// The agent's own histograms: where it says its time went.

/** The sum of all series of a histogram that have each of the labels, in milliseconds. */
export function scrapedMs(
  scrape: string,
  histogram: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const wanted = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return scrape
    .split("\n")
    .filter((line) => line.startsWith(`${histogram}_sum`) && wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)) * 1000, 0);
}
