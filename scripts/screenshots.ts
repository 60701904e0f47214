// Takes the pictures of docs/status-page.md: a real vgpud on a simulated host, seen by a real browser.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { launchChromium } from "./screenshots/chromium.ts";
import { withPalette } from "./screenshots/palette-png.ts";
import { SimulatedVgpud } from "./screenshots/simulated-vgpud.ts";
import { stuckSlice, HOST, SETTINGS, tenMinutes } from "./screenshots/story.ts";

const folder = fileURLToPath(new URL("../../docs/images/", import.meta.url));

interface Picture {
  readonly name: string;
  readonly options: BrowserContextOptions;
  /** Pixels from the top; without it the whole page. */
  readonly height?: number;
}

const desktop = { width: 1280, height: 900 };
const telephone = { width: 360, height: 740 };

async function take(browser: Browser, url: string, { name, options, height }: Picture): Promise<void> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(url);
  const width = page.viewportSize()?.width ?? desktop.width;
  const png = await page.screenshot({
    fullPage: true,
    ...(height !== undefined && { clip: { x: 0, y: 0, width, height } }),
  });
  await context.close();
  await writeFile(`${folder}status-page-${name}.png`, withPalette(png));
}

await mkdir(folder, { recursive: true });
await using vgpud = await SimulatedVgpud.start(HOST, SETTINGS);
await using browser = await launchChromium();
await tenMinutes(vgpud);
await take(browser, vgpud.url, { name: "light", options: { viewport: desktop, colorScheme: "light" } });
await take(browser, vgpud.url, {
  ...{ name: "narrow", options: { viewport: telephone, colorScheme: "light" } },
  height: 1400,
});
await stuckSlice(vgpud);
await take(browser, vgpud.url, { name: "dark", options: { viewport: desktop, colorScheme: "dark" } });
