// Whether everybody can use the status page: by keyboard, by ear, in light and dark, on a telephone and on a wide screen.
import assert from "node:assert/strict";
import type { BrowserContextOptions } from "playwright-core";
import type { World } from "../e2e/harness/world.ts";
import { until } from "../e2e/harness/until.ts";
import { headingLevels, pictureWords, shownTexts, stickingOut, tabOrder } from "./page-checks.ts";
import { RealBrowser, whyNoBrowser } from "./real-browser.ts";
import { statusPageHost } from "./status-page-host.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const TELEPHONE = { width: 360, height: 740 };
const WIDE = { width: 1600, height: 1000 };

describe("the status page for everybody", function () {
  let world: World;
  let browser: RealBrowser;
  let url: string;
  const open = (options: BrowserContextOptions) => browser.open(url, options);

  before(async function () {
    unlessImpossible(this, whyNoBrowser());
    [world, browser] = await Promise.all([statusPageHost(), RealBrowser.start()]);
    await world.create("stuck", ({ vgpu }) => {
      vgpu.want = { $case: "type", value: "i915-GVTg_V5_8" };
    });
    // A condition, and a slice on its way out.
    await world.setFaults({ kind: "REMOVE_BLOCKS" });
    void world.destroy("stuck").catch(() => undefined);
    url = new URL("/", world.metricsUrl).href;
    await until("the removal is blocked", async () =>
      (await (await fetch(url)).text()).includes("VGPU_REMOVE_BLOCKED"),
    );
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  for (const colorScheme of ["light", "dark"] as const)
    it(`has a contrast of at least 4.5 in all text, ${colorScheme}`, async () => {
      await using opened = await open({ colorScheme, viewport: WIDE });
      const texts = await shownTexts(opened.page);
      assert.deepEqual(
        texts.filter(({ contrast }) => contrast < 4.5),
        [],
      );
      for (const part of ["host", "cad-1", "VGPU_REMOVE_BLOCKED", "see conditions", "name or UUID", "free"])
        assert.ok(
          texts.some(({ text }) => text === part),
          part,
        );
      const ground = await opened.page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
      assert.match(ground, colorScheme === "light" ? /^rgb\(2\d\d, 2/ : /^rgb\(\d\d?, \d\d?,/);
      assert.deepEqual(opened.complaints, []);
    });

  it("leads Tab to everything in the order of the page, each time with a mark that is seen", async () => {
    await using opened = await open({ viewport: TELEPHONE });
    const order = await tabOrder(opened.page);
    assert.deepEqual(
      order.map(({ place }) => place),
      order.map((_, index) => index),
    );
    assert.deepEqual(
      order.filter(({ marked }) => !marked),
      [],
    );
    const names = order.map(({ name }) => name.trim());
    assert.deepEqual(names, [
      ...["Skip to the content", "Pause", "see conditions", "q", "Find"],
      ...["Metrics", "Health", "Readiness"],
    ]);
  });

  it("lets the keyboard skip to the content, pause and search", async () => {
    await using opened = await open({});
    const { page } = opened;
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate("document.activeElement.id"), "main");
    await page.getByRole("button", { name: "Pause" }).press("Space");
    await page.getByRole("button", { name: "Resume" }).waitFor();
    await page.getByLabel("Find a domain").fill("CAD");
    await page.getByLabel("Find a domain").press("Enter");
    await page.getByText("With a vGPU: 1 domain", { exact: true }).waitFor();
    assert.match(page.url(), /\?q=CAD$/);
    await page.getByRole("link", { name: "Show all" }).press("Enter");
    await page.getByText(/^With a vGPU: \d domains$/).waitFor();
    assert.deepEqual(opened.complaints, []);
  });

  it("needs no sideways scrolling on a telephone, a tablet and a wide screen", async () => {
    await using opened = await open({});
    for (const viewport of [TELEPHONE, { width: 768, height: 1024 }, WIDE]) {
      await opened.page.setViewportSize(viewport);
      assert.deepEqual(await stickingOut(opened.page), []);
      assert.equal(await opened.page.evaluate("document.documentElement.scrollWidth"), viewport.width);
    }
  });

  it("uses a wide screen: GPUs stand beside each other", async () => {
    await using opened = await open({ viewport: WIDE });
    const [first, second] = await Promise.all(
      [0, 1].map((n) => opened.page.getByRole("article").nth(n).boundingBox()),
    );
    assert.ok(first && second && first.y === second.y && first.x + first.width < second.x);
    assert.ok(second.x + second.width > WIDE.width - 60);
  });

  for (const viewport of [TELEPHONE, WIDE])
    it(`tells assistive technology its structure, at ${viewport.width} pixels`, async () => {
      await using opened = await open({ viewport });
      const { page } = opened;
      assert.equal(await page.locator("html").getAttribute("lang"), "en");
      for (const role of ["banner", "main", "contentinfo", "search"] as const)
        assert.equal(await page.getByRole(role).count(), 1, role);
      const levels = await headingLevels(page);
      assert.ok(levels.length >= 8 && levels[0] === 1);
      for (const [index, level] of levels.slice(1).entries())
        assert.ok(level > 1 && level - (levels[index] ?? 0) <= 1, levels.join());
      for (const name of ["Conditions", "GPUs", "Domains", "With a vGPU", "Without a vGPU"])
        assert.equal(await page.getByRole("region", { name, exact: true }).count(), 1, name);
      // Tables stay tables where the style lays them out as lists.
      for (const name of ["vGPUs on this GPU", /^What more fits/]) {
        const table = page.getByRole("table", { name }).first();
        assert.ok((await table.getByRole("columnheader").count()) >= 5);
        assert.ok((await table.getByRole("rowheader").count()) >= 1);
      }
      const pictures = await pictureWords(page);
      assert.ok(pictures.length >= 6 && pictures.every((words) => words.length > 20), pictures.join("\n"));
      assert.equal(
        await page.locator("svg:not([role=img] *):not([role=img]):not([aria-hidden=true])").count(),
        0,
      );
    });

  it("moves nothing for who asks for less motion", async () => {
    const durations = async (reducedMotion: "reduce" | "no-preference"): Promise<string> => {
      await using opened = await open({ reducedMotion });
      return await opened.page.evaluate(
        "getComputedStyle(document.querySelector('.part')).transitionDuration",
      );
    };
    assert.match(await durations("no-preference"), /0\.4s/);
    assert.equal(await durations("reduce"), "0s");
  });
});
