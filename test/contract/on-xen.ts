// A hostd over a tree of its own on what it takes for a host of Xen: a terminal with a xenstored behind it is its way to xenstore.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { HostdClient } from "../../agent/host/hostd-client.ts";
import { StartedProcess } from "../fakes/process.ts";

const hostdProgram = fileURLToPath(import.meta.resolve("../../agent/hostd/main.js"));
/** Tests run from the root of the repository. */
const XENSTORED = "test/contract/xenstored.py";

interface XenHost {
  readonly root: string;
  readonly client: HostdClient;
  readonly xenstored: ChildProcess;
}

/** Runs with a hostd over a tree of its own, and a xenstored at `bus` that has these nodes. */
export async function onXen(
  bus: string,
  nodes: Readonly<Record<string, string>>,
  run: (xen: XenHost) => Promise<void>,
): Promise<void> {
  const root = await mkdtemp(path.join(tmpdir(), "xen-"));
  const [file, socket] = [path.join(root, bus), path.join(root, "hostd.sock")];
  const client = new HostdClient({ socketPath: socket, deadlineMs: 30_000 });
  try {
    await writeFile(path.join(root, "nodes.json"), JSON.stringify(nodes));
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, "");
    await using store = await StartedProcess.start(["python3", XENSTORED, path.join(root, "nodes.json")]);
    const terminal = store.ready.slice("ready ".length);
    const mounted = ["unshare", "--mount", "sh", "-c", `mount --bind ${terminal} ${file} && exec "$@"`, "sh"];
    const hostd = [process.execPath, hostdProgram, "--socket", socket, "--root", root];
    await using started = await StartedProcess.start([...mounted, ...hostd]);
    assert.equal(started.ready, "ready");
    await run({ root, client, xenstored: store.child });
  } finally {
    client.close();
    await rm(root, { recursive: true });
  }
}

/** Why there can be none; undefined where there can. */
export function unlessRoot(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "a file is put in place by mount(8)";
}
