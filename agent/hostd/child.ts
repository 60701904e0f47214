// The short-lived process: waits for the one operation that its input describes, performs it, says how it went, ends.
import { readFileSync, writeSync } from "node:fs";
import { performOperation } from "./perform.ts";
import { objectOf } from "./protocol/messages.ts";
import { parseOperation } from "./protocol/parse.ts";
import { encodeLine } from "./protocol/lines.ts";

const STDIN = 0;
const STDOUT = 1;

const [root] = process.argv.slice(2);
if (root === undefined) throw new Error("usage: child ROOT < OPERATION");
// What ps shows, cut to the length of the words it was started with.
process.title = "vgpud-hostd: waits";
const input = readFileSync(STDIN, "utf8");
// Without an operation hostd has ended, and needs no child.
if (input !== "") {
  const wanted: unknown = JSON.parse(input);
  const operation = parseOperation(wanted);
  process.title = `vgpud-hostd: ${operation.kind} ${objectOf(operation)}`;
  writeSync(STDOUT, encodeLine(performOperation(root, operation)));
}
