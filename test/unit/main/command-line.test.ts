// What vgpud takes on its command line, and what it says of the rest.
import assert from "node:assert/strict";
import { readCommand, UsageError } from "../../../agent/main/command-line.ts";

function refusal(...argv: string[]): string {
  try {
    readCommand(argv);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "";
}

describe("vgpud's command line", () => {
  it("names a flag that there is not, and the nearest one", () => {
    const cases: Record<string, string> = {
      "--check-confg": "there is no flag --check-confg; did you mean --check-config?",
      "--sokcet=/run/a": "there is no flag --sokcet; did you mean --socket?",
      "--simulat": "there is no flag --simulat; did you mean --simulate?",
      "--colour": "there is no flag --colour",
      "-x": "there is no flag -x",
    };
    for (const [flag, message] of Object.entries(cases)) assert.equal(refusal(flag), message);
  });

  it("is read where it is right", () => {
    assert.equal(readCommand(["-h"]).action, "help");
    assert.equal(readCommand(["--simulate", "host.yaml"]).simulate, "host.yaml");
    assert.deepEqual(
      readCommand(["--socket", "/run/a"]).sources.flags.map(({ path, value }) => [path, value]),
      [["socket", "/run/a"]],
    );
  });

  it("is refused for a value that is missing and a word too many", () => {
    assert.match(refusal("--socket"), /--socket/);
    assert.match(refusal("--simulate", "a", "b"), /unexpected argument b/);
  });

  it("is refused when it asks for two things at once", () => {
    const both = "--check-config and --show-config exclude each other";
    assert.equal(refusal("--check-config", "--show-config"), both);
    assert.equal(refusal("--show-config", "--check-config"), both);
    assert.equal(readCommand(["--restore", "--help"]).action, "help");
  });
});
