// A manual page in roff. Pure.

export interface ManPage {
  readonly name: string;
  readonly section: number;
  readonly summary: string;
  /** Between NAME, which is made from the above, and SEE ALSO. */
  readonly sections: readonly ManSection[];
  /** Such as `vgpuctl(1)`. */
  readonly seeAlso: readonly string[];
}

interface ManSection {
  /** In capitals, as man-pages(7) has them. */
  readonly title: string;
  readonly body: readonly ManBlock[];
}

/** What a section is made of. */
export type ManBlock =
  | { readonly kind: "paragraph"; readonly text: string }
  | { readonly kind: "heading"; readonly text: string }
  /** Lines as they are typed. */
  | { readonly kind: "lines"; readonly lines: readonly string[] }
  /** What can be written, with what it means. */
  | { readonly kind: "terms"; readonly terms: readonly Term[] };

/** The meaning may be empty. */
export type Term = readonly [term: string, meaning: string];

export function manPage(page: ManPage, version: string, date: Date): string {
  const { name, section, summary, sections, seeAlso } = page;
  const day = date.toISOString().slice(0, 10);
  return [
    `.TH ${name.toUpperCase()} ${section} ${day} "vgpud ${version}"`,
    // Neither hyphens in a path nor blanks in a command line that nobody typed.
    ".nh",
    ".ad l",
    ".SH NAME",
    `${escaped(name)} \\- ${escaped(summary)}`,
    ...sections.flatMap(({ title, body }) => [`.SH ${title}`, ...body.flatMap(blockLines)]),
    ".SH SEE ALSO",
    seeAlso.map((other) => `.BR ${escaped(other).replace("(", " (")}`).join(" ,\n"),
    "",
  ].join("\n");
}

function blockLines(block: ManBlock): readonly string[] {
  switch (block.kind) {
    case "paragraph":
      return [".PP", escaped(block.text)];
    case "heading":
      return [`.SS ${escaped(block.text)}`];
    case "lines":
      return [".PP", ".RS 4", ".nf", ...block.lines.map(escaped), ".fi", ".RE"];
    case "terms":
      return block.terms.flatMap(termLines);
  }
}

function termLines([term, meaning]: Term): readonly string[] {
  const shown = `\\fB${escaped(term)}\\fR`;
  return meaning === "" ? [".PP", shown] : [".TP", shown, escaped(meaning)];
}

/** A line that begins with a dot or quote would be a command; `-` would become a hyphen that nobody can paste. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/gm, "\\&$1");
}
