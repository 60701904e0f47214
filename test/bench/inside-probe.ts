// Preloaded into a vgpud (`node --import`): measures how late its event loop is and counts what it syncs to the disk. At each
// SIGUSR2 it writes down what was since the last one.
import { renameSync, writeFileSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { INSIDE_FILE_VARIABLE, PROBE_MS, type Told } from "./inside.ts";

/** What every open file has its `sync` from. */
async function prototypeOfFiles(): Promise<Pick<FileHandle, "sync">> {
  await using file = await open("/dev/null");
  return Object.getPrototypeOf(file) as FileHandle;
}

async function probe(file: string): Promise<void> {
  let fsyncs = 0;
  const files = await prototypeOfFiles();
  const sync = Reflect.get(files, "sync");
  files.sync = function (this: FileHandle) {
    fsyncs += 1;
    return sync.call(this);
  };
  const delays = monitorEventLoopDelay({ resolution: PROBE_MS });
  delays.enable();
  process.on("SIGUSR2", () => {
    const told: Told = { maxMs: delays.max / 1e6, p99Ms: delays.percentile(99) / 1e6, fsyncs };
    // Whoever waits for the file finds it whole.
    writeFileSync(`${file}.tmp`, JSON.stringify(told));
    renameSync(`${file}.tmp`, file);
    delays.reset();
    fsyncs = 0;
  });
}

const file = process.env[INSIDE_FILE_VARIABLE];
if (file !== undefined) await probe(file);
