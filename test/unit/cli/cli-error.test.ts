// A failure that is told otherwise, or with more.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { CliError, type CliErrorOptions } from "../../../agent/cli/errors/cli-error.ts";

const details = { reason: "R", metadata: {}, fields: [], retryMs: undefined, decision: undefined };
/** Every one there is: a new one does not compile without a value here. */
const options: Required<Omit<CliErrorOptions, "cause">> = {
  ...{ reason: "R", kind: "placement", lines: ["  line"], hints: ["hint"], look: ["host"] },
  call: { code: status.UNAVAILABLE, details, outcomeUnknown: true },
  target: ["--socket", "/a.sock"],
  instead: { flag: "size", value: "1", replaces: ["type"], said: "with a size" },
  switches: ["yes"],
  ...{ inFile: true, quiet: true, late: { ms: 200, isUsers: true } },
};

function toldOf(error: CliError): unknown {
  return Object.fromEntries(Object.keys(options).map((key) => [key, error[key as keyof typeof options]]));
}

describe("a failure that is told otherwise", () => {
  it("keeps whatever is not given, however often, and has the one before as its cause", () => {
    const first = new CliError("failure", "no", options);
    const second = first.with({ message: "host: no" });
    const third = second.with({ ending: "unreachable", call: undefined });
    assert.deepEqual([second.message, second.ending, toldOf(second)], ["host: no", "failure", options]);
    assert.deepEqual(toldOf(third), { ...options, call: undefined });
    assert.deepEqual([third.message, third.ending], ["host: no", "unreachable"]);
    assert.deepEqual([second.cause, third.cause], [first, second]);
  });
});
