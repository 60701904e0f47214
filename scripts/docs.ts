// Writes the pages of docs/reference from the tables in the code; with --check it only says which are stale.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { referencePages } from "./reference-pages.ts";

const folder = fileURLToPath(new URL("../../docs/reference/", import.meta.url));
const check = process.argv.includes("--check");

await mkdir(folder, { recursive: true });
for (const [name, text] of Object.entries(referencePages())) {
  const file = `${folder}${name}`;
  const before = await readFile(file, "utf8").catch(() => undefined);
  if (before === text) continue;
  if (check) {
    console.error(`docs/reference/${name} is stale; run: npm run docs`);
    process.exitCode = 1;
  } else await writeFile(file, text);
}
