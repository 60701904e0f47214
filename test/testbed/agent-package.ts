// The built agent as one archive: a guest unpacks it faster than it opens its files through the share.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { programFiles } from "../../scripts/programs.ts";

const run = promisify(execFile);
/** Below the project, and so below /share in the guest. */
const archive = "dist/testbed-agent.tar";
/** The agent that ends where it is told to. */
const forTests = "dist/agent/bundle-for-tests";
/** Below the folder that `unpackAgent` fills. */
export const mortalAgent = `${forTests}/mortal-agent.js`;

let packed: Promise<unknown> | undefined;

/** A command that unpacks the agent into a folder of the guest; the archive is made once per run. */
export async function unpackAgent(folder: string): Promise<string> {
  packed ??= run("tar", ["-cf", archive, "--exclude=*.map", ...programFiles, forTests, "package.json"]);
  await packed;
  return `mkdir -p ${folder} && tar -xf /share/${archive} -C ${folder} --no-same-owner`;
}
