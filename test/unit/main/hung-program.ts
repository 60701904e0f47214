// Reads a file that gives no answer, a FIFO without a writer; for signals.test.ts.
import { open } from "node:fs/promises";
import { openLog } from "../../../agent/host/journal.ts";
import { stopSignal } from "../../../agent/main/signals.ts";

const [fifo = ""] = process.argv.slice(2);
stopSignal(openLog(false));
void open(fifo, "r");
// The read has its thread by now: there is nobody else who asks for one.
setImmediate(() => {
  process.stdout.write("ready\n");
});
