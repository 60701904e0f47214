// Gathers each compiled program, and the packages it runs on, into a few files: to find, open and link a thousand modules
// takes Node.js longer than all that the programs do at their start.
//
// A program stays where it was compiled, as one line that imports what lies in `bundle`. Modules that look for files or other
// programs (import.meta) are to lie in a folder of `agent` that has no folder above it there: from `bundle` the same relative
// paths lead to the same places.
import { build } from "esbuild";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { programs } from "./programs.ts";

/** Runs in tests only, and is not shipped. */
const testPrograms = { "mortal-agent": "../test/e2e/harness/crash/mortal-agent.js" } as const;

const AGENT = "dist/agent";

/** What packages that are no modules expect, and a module does not have. */
const banner = `import { createRequire as requireIn } from "node:module";
const require = requireIn(import.meta.url), __dirname = import.meta.dirname;`;

async function bundle(scripts: Readonly<Record<string, string>>, folder: string): Promise<void> {
  const out = path.join(AGENT, folder);
  await rm(out, { recursive: true, force: true });
  await build({
    entryPoints: Object.fromEntries(
      Object.entries(scripts).map(([name, script]) => [name, path.join(AGENT, script)]),
    ),
    outdir: out,
    bundle: true,
    splitting: true,
    chunkNames: "part-[hash]",
    platform: "node",
    format: "esm",
    target: "node20",
    banner: { js: banner },
    legalComments: "none",
    // What is logged of an error names its class.
    keepNames: true,
    // The same names in comments, and so the same names of files, wherever node_modules lies.
    preserveSymlinks: true,
    sourcemap: "linked",
    logLevel: "warning",
  });
  for (const [name, script] of Object.entries(scripts)) await leadTo(path.join(out, `${name}.js`), script);
}

/** Replaces the compiled program, and keeps its first line, which says how Node.js is to be called. */
async function leadTo(bundled: string, script: string): Promise<void> {
  const file = path.join(AGENT, script);
  const [first = ""] = (await readFile(file, "utf8")).split("\n");
  const relative = path.relative(path.dirname(file), bundled);
  const lead = `import "${relative.startsWith(".") ? relative : `./${relative}`}";\n`;
  await writeFile(file, first.startsWith("#!") ? `${first}\n${lead}` : lead);
  await rm(`${file}.map`);
  // An empty line, so that the source map still fits.
  await writeFile(bundled, (await readFile(bundled, "utf8")).replace(/^#!.*/, ""));
}

await bundle(programs, "bundle");
await bundle(testPrograms, "bundle-for-tests");
