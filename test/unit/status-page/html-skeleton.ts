// What a browser would make of markup, as far as escaping is concerned: its tags with the names of their attributes, and its text.

export interface Skeleton {
  /** `div class id`, `/div`, in order. */
  readonly tags: readonly string[];
  /** Character references resolved. */
  readonly text: string;
  readonly values: readonly string[];
}

const references: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/** Reads markup as the HTML standard's tokenizer does, outside of style and script. Throws for what ends in a tag. */
export function skeleton(html: string): Skeleton {
  const tags: string[] = [];
  const values: string[] = [];
  let text = "";
  let rest = html.replaceAll(/<(style|script)>.*?<\/\1>/gs, "").replaceAll(/<!doctype html>/g, "");
  while (rest !== "") {
    const tag = /^<(\/?[a-z][^\s/>]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/i.exec(rest);
    if (tag) {
      const attributes = [
        ...(tag[2] ?? "").matchAll(/([^\s=/"'>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g),
      ];
      tags.push([tag[1] ?? "", ...attributes.map(([, name]) => name ?? "")].join(" "));
      values.push(
        ...attributes.map(([, , quoted, single, bare]) => resolved(quoted ?? single ?? bare ?? "")),
      );
      rest = rest.slice(tag[0].length);
    } else if (/^<[a-z/!?]/i.test(rest)) throw new Error(`a tag without an end: ${rest.slice(0, 80)}`);
    else {
      const end = /(?!^)</.exec(rest)?.index ?? rest.length;
      text += resolved(rest.slice(0, end));
      rest = rest.slice(end);
    }
  }
  return { tags, text, values };
}

function resolved(text: string): string {
  return text.replaceAll(/&([a-z]+|#\d+);/g, (whole, name: string) => references[name] ?? whole);
}
