// The built agent with the packages it runs on, as one archive: started through the share it would read thousands of
// small files anew each time, which takes most of a start.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Below the project, and so below /share in the guest. */
const archive = "dist/testbed-agent.tar";
const ours = ["dist/agent", "dist/proto", "proto/gen/descriptor.binpb", "package.json"];
const unread = ["*.d.ts", "*.map", "*.md", "test", "tests"].map((name) => `--exclude=${name}`);

let packed: Promise<void> | undefined;

/** A command that unpacks the agent into a folder of the guest; the archive is made once per run. */
export async function unpackAgent(folder: string): Promise<string> {
  packed ??= pack();
  await packed;
  return `mkdir -p ${folder} && tar -xf /share/${archive} -C ${folder} --no-same-owner`;
}

async function pack(): Promise<void> {
  await run("tar", ["-chf", archive, ...unread, ...ours, ...(await productionPackages())]);
}

async function productionPackages(): Promise<string[]> {
  const lock: unknown = JSON.parse(await readFile("package-lock.json", "utf8"));
  if (typeof lock !== "object" || lock === null || !("packages" in lock)) throw new Error("no packages");
  return Object.entries(Object(lock.packages) as Readonly<Record<string, object>>).flatMap(
    ([folder, about]) => (folder === "" || "dev" in about || "optional" in about ? [] : [folder]),
  );
}
