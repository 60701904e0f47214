// The status page of a real vgpud on a simulated host, as a real browser shows it.
import assert from "node:assert/strict";
import path from "node:path";
import type { Page } from "playwright-core";
import type { ResourceAmounts, SliceSizes } from "../../proto/gen/vgpud/v1/gpu.ts";
import { passTime } from "../../scripts/screenshots/host-time.ts";
import { until } from "../e2e/harness/until.ts";
import { present, type World } from "../e2e/harness/world.ts";
import { RealBrowser, whyNoBrowser } from "./real-browser.ts";
import { ODD_NAMES, startForeign, statusPageHost } from "./status-page-host.ts";
import { unlessImpossible } from "./unless-impossible.ts";

/** The pause between two looks of the page's script. */
const LOOK_MS = 5_000;

describe("the status page in a browser", function () {
  let world: World;
  let browser: RealBrowser;
  let url: string;

  before(async function () {
    unlessImpossible(this, whyNoBrowser());
    [world, browser] = await Promise.all([statusPageHost(), RealBrowser.start()]);
    url = new URL("/", world.metricsUrl).href;
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  it("loads without a complaint, and asks nobody else for anything", async () => {
    await using opened = await browser.open(url);
    const looked = opened.page.waitForResponse(url);
    await opened.page.clock.fastForward(LOOK_MS);
    await looked;
    await opened.page.getByText("Live, every 5 seconds").waitFor();
    assert.deepEqual(opened.complaints, []);
  });

  it("draws every slice to scale, for aperture, high GM and fences", async () => {
    await using opened = await browser.open(url);
    const drawn = await segmentsOn(opened.page);
    const vgpus = await world.vgpus();
    let compared = 0;
    for (const { pciAddress, budget } of await world.gpus()) {
      const { total, host, free } = present(budget);
      for (const [index, key] of (["lowGmMib", "highGmMib", "fences"] as const).entries()) {
        const bar = present(drawn.find(({ gpu, at }) => gpu === pciAddress && at === index));
        const slices = vgpus.filter(({ gpu }) => gpu === pciAddress).map(({ sizes }) => present(sizes));
        const whole = present(total)[key];
        const expected = [present(host), ...slices, present(free)].map(
          (of: ResourceAmounts | SliceSizes) => of[key],
        );
        assert.equal(
          expected.reduce((a, b) => a + b),
          whole,
        );
        const widths = expected.filter((amount) => amount > 0).map((amount) => (amount / whole) * bar.width);
        // Which slice stands first is the page's to say.
        const inOrder = (values: readonly number[]) => [...values].sort((a, b) => a - b);
        const [wanted, seen] = [inOrder(widths), inOrder(bar.parts)];
        assert.equal(seen.length, wanted.length);
        for (const [n, width] of seen.entries())
          assert.ok(
            Math.abs(width - (wanted[n] ?? 0)) <= 1,
            `${pciAddress} ${key}: ${seen.join()} for ${wanted.join()}`,
          );
        compared += seen.length;
      }
    }
    assert.ok(compared >= 24, `${compared} parts`);
  });

  it("shows domains with and without a vGPU beside each other, with what they did", async () => {
    const { controlSocket, signal } = {
      controlSocket: path.join(world.host.directory, "control.sock"),
      signal: () => {
        world.agent.signal("SIGUSR2");
      },
    };
    const spent = async (): Promise<number> => {
      const { domainUuid } = await world.named("cad-1").then(({ uuid }) => ({ domainUuid: uuid }));
      const series = new RegExp(
        `^vgpud_domain_cpu_seconds_total\\{domain_uuid="${domainUuid}"\\} (.*)$`,
        "m",
      );
      return Number(series.exec(await world.scrape())?.[1]);
    };
    await passTime({ controlSocket, url, signal });
    const before = await spent();
    await passTime({ controlSocket, url, signal });
    const cores = ((await spent()) - before) / 15;
    await using opened = await browser.open(url);
    const { page } = opened;
    const [withVgpu, without] = await Promise.all(
      ["With a vGPU", "Without a vGPU"].map((name) =>
        page.getByRole("region", { name, exact: true }).boundingBox(),
      ),
    );
    assert.ok(withVgpu && without && withVgpu.y === without.y && withVgpu.x + withVgpu.width <= without.x);
    const row = page
      .getByRole("region", { name: "With a vGPU", exact: true })
      .getByRole("row", { name: "cad-1" });
    const shown = /^([\d.]+) %/.exec((await row.getByRole("cell").first().innerText()).trim())?.[1];
    // Two processors; between the readings lies a little more than the step.
    assert.ok(Math.abs(Number(shown) - (cores / 2) * 100) < 2, `${shown ?? "nothing"} % for ${cores} cores`);
    assert.match(
      (await row.getByRole("img").first().getAttribute("aria-label")) ?? "",
      /^CPU of cad-1: now .* %, lowest/,
    );
    assert.deepEqual(opened.complaints, []);
  });

  it("shows a domain that is made meanwhile without being loaded anew, and keeps what the reader does", async () => {
    await using opened = await browser.open(url);
    const { page } = opened;
    await page.getByLabel("Find a domain").fill("half a na");
    const loaded = await page.evaluate<number>("performance.timeOrigin");
    await world.create("desk-2");
    const row = page.getByRole("row", { name: "desk-2" });
    assert.equal(await row.count(), 0);
    await page.clock.fastForward(LOOK_MS);
    await row.first().waitFor();
    assert.equal(await row.count(), 2, "in the table of its GPU and in that of domains");
    assert.equal(await page.getByLabel("Find a domain").inputValue(), "half a na");
    assert.equal(await page.evaluate("document.activeElement.id"), "q");
    assert.equal(await page.evaluate("performance.timeOrigin"), loaded);
    assert.deepEqual(opened.complaints, []);
  });

  it("stands still while it is paused", async () => {
    await using opened = await browser.open(url);
    const { page } = opened;
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("status").getByText("Paused").waitFor();
    await startForeign(world, [{ name: "late", uuid: "d0000000-0000-4000-8000-000000000099" }]);
    await until("vgpud shows it", async () => (await (await fetch(url)).text()).includes(">late<"));
    await page.clock.fastForward(10 * LOOK_MS);
    assert.equal(await page.getByRole("row", { name: "late" }).count(), 0);
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("row", { name: "late" }).waitFor();
  });

  it("shows odd names as the text they are", async () => {
    await using opened = await browser.open(url);
    for (const name of ODD_NAMES) await opened.page.getByText(name, { exact: true }).first().waitFor();
    assert.equal(await opened.page.title(), "gvt-7 · vgpud");
    assert.equal(await opened.page.locator("img").count(), 0);
    assert.deepEqual(opened.complaints, []);
  });

  it("has everything without JavaScript, and links to load it again once or by itself", async () => {
    await using opened = await browser.open(url, { javaScriptEnabled: false });
    const { page } = opened;
    for (const name of ["cad-1", "desk-1", "nova-1"])
      assert.equal(await page.getByRole("row", { name }).count(), 2, name);
    assert.equal(await page.locator("svg.bar").count(), 6);
    await page.getByText("Not live without JavaScript").waitFor();
    assert.equal(await page.getByRole("button", { name: "Pause" }).isVisible(), false);
    assert.equal(await page.locator("meta[http-equiv]").count(), 0);
    await page.getByRole("link", { name: "Reload every" }).click();
    await page.getByText("Loads anew every 15 seconds").waitFor();
    assert.equal(await page.locator("meta[http-equiv=refresh]").getAttribute("content"), "15");
    await page.getByLabel("Find a domain").fill("cad");
    await page.getByRole("button", { name: "Find" }).click();
    await page
      .getByText("Without a vGPU: 0 domains")
      .or(page.getByText("None is found by that name."))
      .first()
      .waitFor();
    assert.match(page.url(), /\/\?reload=yes&q=cad$/);
    await page.getByRole("link", { name: "Stop" }).click();
    await page.getByText("Not live without JavaScript").waitFor();
    assert.deepEqual(opened.complaints, []);
  });

  it("says that vgpud is gone and how old it is what is shown, and finds it when it is back", async () => {
    await using opened = await browser.open(url);
    const { page } = opened;
    await world.agent.end();
    await page.clock.fastForward(12 * LOOK_MS);
    await page.getByRole("status").getByText("Connection lost").waitFor();
    await page.getByText(/, 6\d seconds old$/).waitFor();
    assert.ok(await page.getByRole("row", { name: "cad-1" }).first().isVisible());
    await world.startAgain(["--metrics", new URL(url).host]);
    await page.clock.fastForward(LOOK_MS);
    await page.getByRole("status").getByText("Live, every 5 seconds").waitFor();
    assert.equal(await page.getByText(/seconds old$/).count(), 0);
  });
});

interface DrawnBar {
  readonly gpu: string;
  /** Which of the GPU's bars. */
  readonly at: number;
  /** Pixels. */
  readonly width: number;
  readonly parts: readonly number[];
}

/** The bars as they are drawn. */
async function segmentsOn(page: Page): Promise<readonly DrawnBar[]> {
  return await page.evaluate<DrawnBar[]>(`[...document.querySelectorAll("article")].flatMap((article) =>
    [...article.querySelectorAll("svg.bar")].map((bar, at) => ({
      gpu: article.querySelector("h3").textContent,
      at,
      width: bar.getBoundingClientRect().width,
      parts: [...bar.querySelectorAll(".part > .ground")].map((ground) => ground.getBBox().width * ground.getScreenCTM().a),
    })))`);
}
