// A manual page in roff: text of ours and what the program itself prints as its usage. Pure.

export interface ManPage {
  readonly name: string;
  readonly section: number;
  readonly summary: string;
  /** Paragraphs. */
  readonly description: readonly string[];
  /** What `--help` prints. */
  readonly usage: string;
  /** Path to its meaning. */
  readonly files: Readonly<Record<string, string>>;
  /** Such as `vgpuctl(1)`. */
  readonly seeAlso: readonly string[];
}

export function manPage(page: ManPage, version: string, date: Date): string {
  const { name, section, summary, description, usage, files, seeAlso } = page;
  const day = date.toISOString().slice(0, 10);
  return [
    `.TH ${name.toUpperCase()} ${section} ${day} "vgpud ${version}"`,
    ".SH NAME",
    `${escaped(name)} \\- ${escaped(summary)}`,
    ".SH DESCRIPTION",
    ...description.flatMap((paragraph) => [".PP", escaped(paragraph)]),
    ".SH USAGE",
    ".nf",
    escaped(usage.trim()),
    ".fi",
    ".SH FILES",
    ...Object.entries(files).flatMap(([file, meaning]) => [".TP", `.I ${escaped(file)}`, escaped(meaning)]),
    ".SH SEE ALSO",
    seeAlso.map((other) => `.BR ${escaped(other).replace("(", " (")}`).join(" ,\n"),
    "",
  ].join("\n");
}

/** A line that begins with a dot or quote would be a command; `-` would become a hyphen that nobody can paste. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/gm, "\\&$1");
}
