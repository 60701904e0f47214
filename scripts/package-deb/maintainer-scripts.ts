// The package manager's scripts: the templates in debian/ with the names of the units filled in.
import { readFile } from "node:fs/promises";
import path from "node:path";

const SCRIPTS = ["postinst", "prerm", "postrm"] as const;

/** Script name to its text; `units` are the names of every unit in the package. */
export async function maintainerScripts(
  templates: string,
  units: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const texts = SCRIPTS.map(async (name) => {
    const text = await readFile(path.join(templates, name), "utf8");
    return [name, fillIn(text, units)] as const;
  });
  return Object.fromEntries(await Promise.all(texts));
}

/** `@SOCKETS@` and `@SERVICES@` become the units' names, separated by blanks. */
export function fillIn(template: string, units: readonly string[]): string {
  const ending = (suffix: string): string => units.filter((unit) => unit.endsWith(suffix)).join(" ");
  return template.replaceAll("@SOCKETS@", ending(".socket")).replaceAll("@SERVICES@", ending(".service"));
}
