// The short-lived process: performs the one operation its argument describes, says how it went, ends.
import { writeSync } from "node:fs";
import { performOperation } from "./perform.ts";
import { parseOperation } from "./protocol/parse.ts";
import { encodeLine } from "./protocol/lines.ts";

const [root, operation] = process.argv.slice(2);
if (root === undefined || operation === undefined) throw new Error("usage: child ROOT OPERATION");
const wanted: unknown = JSON.parse(operation);
writeSync(1, encodeLine(performOperation(root, parseOperation(wanted))));
