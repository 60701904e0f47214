// What a page must be for everybody, measured in the page itself: sources of functions that run there.
import type { Page } from "playwright-core";

/** A text that is shown, with its contrast to what lies behind it, 1 to 21 (WCAG 2, relative luminance). */
export interface ShownText {
  readonly text: string;
  readonly contrast: number;
}

const contrasts = `(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = (color) => {
    const [r, g, b] = [...color].map((value) => value / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  // No ground of the page is half transparent: the nearest that is painted is the one that is seen.
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
      if (color[3] !== 0) throw new Error("half transparent: " + at.outerHTML.slice(0, 80));
    }
    throw new Error("no ground");
  };
  // Around the letters of a drawing lies a seam of the colour of their part, which keeps the pattern away.
  const pair = (element) => {
    const style = getComputedStyle(element);
    const drawing = element.closest("text");
    if (!drawing) return [rgba(style.color), groundOf(element)];
    if (style.paintOrder !== "stroke" || parseFloat(style.strokeWidth) < 4) throw new Error("no seam: " + element.textContent);
    return [rgba(style.fill), rgba(style.stroke)];
  };
  const contrast = ([a, b]) => {
    const [x, y] = [luminance(a), luminance(b)];
    return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
  };
  const shown = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest("style, script") || !element.checkVisibility()) continue;
    shown.push({ text: walker.currentNode.data.trim(), contrast: contrast(pair(element)) });
  }
  for (const input of document.querySelectorAll("input[placeholder]"))
    shown.push({ text: input.placeholder, contrast: contrast([rgba(getComputedStyle(input, "::placeholder").color), groundOf(input)]) });
  return shown;
})()`;

export async function shownTexts(page: Page): Promise<readonly ShownText[]> {
  return await page.evaluate<ShownText[]>(contrasts);
}

export interface Focused {
  readonly name: string;
  /** Of its place among everything that can be focused, from 0. */
  readonly place: number;
  /** Whether an outline of at least 2 pixels is drawn around it, within the window. */
  readonly marked: boolean;
}

const focused = `(() => {
  const at = document.activeElement;
  const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), [tabindex='0']")].filter((e) => e.checkVisibility());
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  const { top, bottom, left, right } = at.getBoundingClientRect();
  const inside = top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
  return {
    name: (at.getAttribute("aria-label") ?? at.textContent) || at.id,
    place: all.indexOf(at),
    marked: inside && outlineStyle === "solid" && parseFloat(outlineWidth) >= 2,
  };
})()`;

/** What Tab leads to, in order, from the top of the page until it leaves it. */
export async function tabOrder(page: Page): Promise<readonly Focused[]> {
  const order: Focused[] = [];
  for (;;) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate<Focused>(focused);
    if (at.place < 0 || at.place <= (order.at(-1)?.place ?? -1)) return order;
    order.push(at);
  }
}

/** Whatever sticks out of the window to the right, by its markup. Empty boxes do not. */
export async function stickingOut(page: Page): Promise<readonly string[]> {
  return await page.evaluate<string[]>(`[...document.querySelectorAll("body *")]
    .filter((e) => e.checkVisibility() && e.closest("svg svg, .skip, thead") === null && e.getBoundingClientRect().right > innerWidth + 0.5)
    .map((e) => e.outerHTML.slice(0, 120))`);
}

/** Levels of the headings, in order. */
export async function headingLevels(page: Page): Promise<readonly number[]> {
  return await page.evaluate<number[]>(
    `[...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((h) => Number(h.tagName[1]))`,
  );
}

/** What each drawing says in words. */
export async function pictureWords(page: Page): Promise<readonly string[]> {
  return await page.evaluate<string[]>(
    `[...document.querySelectorAll("svg[role=img]")].map((picture) => picture.getAttribute("aria-label") ?? "")`,
  );
}
