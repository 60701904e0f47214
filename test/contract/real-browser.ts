// A headless Chromium of our own with a fresh profile, in whose pages every complaint and every request is heard.
import { existsSync } from "node:fs";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchChromium, PROGRAM } from "../../scripts/screenshots/chromium.ts";

export function whyNoBrowser(): string | undefined {
  return existsSync(PROGRAM) ? undefined : "chromium not installed";
}

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors and warnings of the console, what the policy refused, exceptions, and requests to anywhere else. */
  readonly complaints: readonly string[];
}

export class RealBrowser implements AsyncDisposable {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async start(): Promise<RealBrowser> {
    return new RealBrowser(await launchChromium());
  }

  /** A page that nobody else's cookies or cache touch; its clock can be moved forward by `page.clock`. */
  async open(url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
    const context = await this.#browser.newContext(options);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type()))
        complaints.push(`${message.type()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith("data:"))
        complaints.push(`request: ${request.method()} ${request.url()}`);
    });
    if (options.javaScriptEnabled !== false) await page.clock.install();
    await page.goto(url);
    return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
