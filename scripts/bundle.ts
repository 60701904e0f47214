// Gathers each compiled program, and the packages it runs on, into a few files: to find, open and link a thousand modules
// takes Node.js longer than all that the programs do at their start.
//
// A program stays where it was compiled, as one line that imports what lies in `bundle` beside its folder. What is gathered
// there is as far below the package as a module that was not, and finds files and other programs by the same relative path.
import { build } from "esbuild";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { BUNDLED_PACKAGES } from "./bundled-packages.ts";
import { programs } from "./programs.ts";

/** Runs in tests only, and is not shipped. */
const testPrograms = { "mortal-agent": "../test/e2e/harness/crash/mortal-agent.js" } as const;

const AGENT = "dist/agent";

/** What packages that are no modules expect, and a module does not have. */
const banner = `import { createRequire } from "node:module";
const require = createRequire(import.meta.url), __dirname = import.meta.dirname;`;

async function bundle(scripts: Readonly<Record<string, string>>, folder: string): Promise<void> {
  const out = path.join(AGENT, folder);
  await rm(out, { recursive: true, force: true });
  const { metafile } = await build({
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
    sourcemap: "linked",
    metafile: true,
    logLevel: "warning",
  });
  for (const [name, script] of Object.entries(scripts)) await leadTo(path.join(out, `${name}.js`), script);
  await writeFile(path.join(out, BUNDLED_PACKAGES), JSON.stringify(packagesOf(Object.keys(metafile.inputs))));
}

/** The folders of the packages that files are from, each once: `node_modules/zod`. */
function packagesOf(files: readonly string[]): readonly string[] {
  const folders = files.map((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}

/** Replaces the compiled program, and keeps its first line, which says how Node.js is to be called. */
async function leadTo(bundled: string, script: string): Promise<void> {
  const file = path.join(AGENT, script);
  const [first = ""] = (await readFile(file, "utf8")).split("\n");
  const lead = `import "./${path.relative(path.dirname(file), bundled)}";\n`;
  await writeFile(file, first.startsWith("#!") ? `${first}\n${lead}` : lead);
  await rm(`${file}.map`);
  // An empty line, so that the source map still fits.
  await writeFile(bundled, (await readFile(bundled, "utf8")).replace(/^#!.*/, ""));
}

await bundle(programs, "bundle");
await bundle(testPrograms, "bundle-for-tests");
// grpc-health-check reads it as it is loaded, at ../../proto from the folder that it takes for its own.
await cp("node_modules/grpc-health-check/proto/health", "dist/proto/health", { recursive: true });
