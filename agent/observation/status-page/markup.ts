// HTML by construction: text from anywhere becomes markup in this file alone, escaped for the place where it stands.

/** What a template may hold. Absent values and empty strings show nothing. */
export type Content = string | number | Html | readonly Html[] | undefined;

/** Markup that is safe to send. Only this file makes any. */
export class Html {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  static markup(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
    const spot = new Spot();
    const pieces = strings.map((fixed, index) => {
      spot.pass(fixed);
      return fixed + (index < values.length ? spot.fill(values[index]) : "");
    });
    return new Html(pieces.join(""));
  }

  /** A style or a script of ours. Throws for one that would end its element early. */
  static source(tag: "style" | "script", text: string): Html {
    if (/<[/!]/.test(text)) throw new TypeError(`a ${tag} must hold neither "</" nor "<!"`);
    return new Html(`<${tag}>${text}</${tag}>`);
  }

  toString(): string {
    return this.#text;
  }
}

/** A template whose values are escaped. Values may stand in text and in quoted attributes, and nowhere else. */
export const markup = (strings: TemplateStringsArray, ...values: readonly Content[]): Html =>
  Html.markup(strings, ...values);

/** Where in the markup a template has come to. */
class Spot {
  #at: "text" | "tag" | "value" = "text";

  /** Goes over a fixed part of the template. */
  pass(fixed: string): void {
    for (const character of fixed) {
      if (this.#at === "text" && character === "<") this.#at = "tag";
      else if (this.#at === "tag" && character === ">") this.#at = "text";
      else if (character === '"' && this.#at !== "text") this.#at = this.#at === "tag" ? "value" : "tag";
    }
  }

  /** The value as it may stand here. */
  fill(value: Content): string {
    if (value === undefined) return "";
    if (typeof value === "string" || typeof value === "number") {
      // Beside a quoted value text could add attributes of its own.
      if (this.#at === "tag" && value !== "") throw new TypeError("text within a tag must be quoted");
      return escape(String(value));
    }
    // Markup has quotes of its own, which would end the attribute.
    if (this.#at === "value") throw new TypeError("an attribute's value must be text");
    return [value].flat().join("");
  }
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Control characters, which HTML forbids even as references, and halves of surrogate pairs become U+FFFD. */
function escape(text: string): string {
  return text
    .replaceAll(/[\p{Surrogate}\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/gu, "\ufffd")
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
}
