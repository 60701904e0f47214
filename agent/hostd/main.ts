#!/usr/bin/env node
// vgpud-hostd: the one process that may write the kernel's files. No network, no configuration, no library of
// others; of their programs perf alone, where there is one.
import { parseArgs } from "node:util";
import { Children } from "./children.ts";
import { EngineCounts } from "./engine-counts.ts";
import { Jobs } from "./protocol/jobs.ts";
import type { ListenAddress } from "./protocol/listen.ts";
import { serveProtocol } from "./protocol/server.ts";

const USAGE = `usage: vgpud-hostd [--socket PATH] [--root DIR]

  --socket PATH  UNIX socket to serve at; systemd's own when it hands one over
  --root DIR     write below DIR instead of / (a copied or simulated tree)
`;
/** The first descriptor that systemd hands over (sd_listen_fds(3)). */
const FIRST_SYSTEMD_FD = 3;
const EXIT_USAGE = 64;

/** systemd's socket when it gave exactly one to this very process, else the one at `--socket`. */
function chooseAddress(path: string | undefined): ListenAddress | undefined {
  const { LISTEN_PID, LISTEN_FDS } = process.env;
  if (LISTEN_PID === String(process.pid) && LISTEN_FDS === "1") return { fd: FIRST_SYSTEMD_FD };
  return path === undefined ? undefined : { path };
}

function readOptions(): { readonly address: ListenAddress; readonly root: string } | undefined {
  try {
    const { values } = parseArgs({
      options: { socket: { type: "string" }, root: { type: "string", default: "/" } },
    });
    const address = chooseAddress(values.socket);
    return address === undefined ? undefined : { address, root: values.root };
  } catch {
    return undefined;
  }
}

async function main(): Promise<void> {
  if (process.argv.includes("--help")) {
    process.stdout.write(USAGE);
    return;
  }
  const options = readOptions();
  if (options === undefined) {
    process.stderr.write(USAGE);
    process.exitCode = EXIT_USAGE;
    return;
  }
  // The socket appears with its mode: a chmod afterwards would leave a moment in which anybody may connect.
  process.umask(0o117);
  const children = new Children(options.root);
  const counts = new EngineCounts(options.root);
  const jobs = new Jobs((operation) =>
    operation.kind === "engine-ticks"
      ? counts.start(operation.gpu)
      : counts.around(operation, (ready) => children.start(operation, ready)),
  );
  const server = await serveProtocol({
    address: options.address,
    program: "vgpud-hostd",
    perform: (request) => jobs.perform(request),
  });
  const stopped = new Promise<unknown>((resolve) => {
    // Disconnected: the agent that started it for a copied tree has ended, however it did.
    process.once("SIGTERM", resolve).once("SIGINT", resolve).once("disconnect", resolve);
  });
  process.stdout.write("ready\n");
  await stopped;
  children.close();
  counts.close();
  await server.close();
  // Not a natural end: a child that the kernel holds would keep the process alive, and it needs nobody to wait for it.
  process.exit();
}

try {
  await main();
} catch (error) {
  process.stderr.write(`vgpud-hostd: ${error instanceof Error ? error.message : String(error)}\n`);
  // Not a natural end here either: the child that waits would wait on.
  process.exit(1);
}
