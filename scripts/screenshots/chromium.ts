// A headless Chromium with a fresh profile that speaks to nobody but the page it is given.
import { chromium, type Browser } from "playwright-core";

export const PROGRAM = "/usr/bin/chromium";

/** Chromium by itself looks for updates, experiments and accounts. */
const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"],
];

export async function launchChromium(): Promise<Browser> {
  return await chromium.launch({ executablePath: PROGRAM, headless: true, args: FLAGS });
}
