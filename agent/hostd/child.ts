// The process beside hostd that performs operations, one after the other: waits for the next that its input describes,
// performs it, says how it went.
import { readSync, writeSync } from "node:fs";
import { performOperation } from "./perform.ts";
import { encodeLine, LineReader } from "./protocol/lines.ts";
import { objectOf } from "./protocol/messages.ts";
import { parseOperation } from "./protocol/parse.ts";

const STDIN = 0;
const STDOUT = 1;
const PIECE_BYTES = 65_536;
/** What ps shows, cut to the length of the words it was started with. */
const WAITS = "vgpud-hostd: waits";

/** Until the input ends: hostd has ended then, or has enough children. */
function* linesOf(input: number): Generator<string> {
  const reader = new LineReader();
  const piece = Buffer.alloc(PIECE_BYTES);
  // Each piece is copied: the reader keeps what is not a whole line yet.
  for (let length = readSync(input, piece); length > 0; length = readSync(input, piece))
    yield* reader.feed(Buffer.from(piece.subarray(0, length)));
}

const [root] = process.argv.slice(2);
if (root === undefined) throw new Error("usage: child ROOT < OPERATIONS");
process.title = WAITS;
for (const line of linesOf(STDIN)) {
  const wanted: unknown = JSON.parse(line);
  const operation = parseOperation(wanted);
  process.title = `vgpud-hostd: ${operation.kind} ${objectOf(operation)}`;
  const result = encodeLine(performOperation(root, operation));
  process.title = WAITS;
  writeSync(STDOUT, result);
}
