// The terminal's own part: what of it there is, keys, the screen that is given back, and a question.
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { keyStrokes } from "../../../agent/cli/terminal/key-strokes.ts";
import { Terminal } from "../../../agent/cli/terminal/terminal.ts";
import { fakeTerminal, type FakeTerminal } from "./fake-terminal.ts";

const ENTERED = "\u001b[?1049h\u001b[?25l";
const LEFT = "\u001b[?25h\u001b[?1049l";

function opened(terminal: FakeTerminal) {
  const run = new AbortController();
  return { run, parts: new Terminal(terminal, run).parts() };
}

describe("keyStrokes", () => {
  it("takes apart what comes in one piece", () => {
    assert.deepEqual(keyStrokes("jj\u001b[B\u001bOA\u001b[6~q\u0003"), [
      ...["j", "j", "\u001b[B", "\u001bOA", "\u001b[6~", "q", "\u0003"],
    ]);
    assert.deepEqual(keyStrokes("é😀\n"), ["é", "😀", "\n"]);
  });

  it("loses no Ctrl-C in a sequence that has no end", () => {
    for (const begun of ["\u001b", "\u001b[", "\u001b[5", "\u001bO"])
      assert.equal(keyStrokes(`${begun}\u0003`).at(-1), "\u0003");
  });
});

describe("Terminal", () => {
  it("offers what each stream can do, and asks only where question and answer meet a person", () => {
    const names = (attached: Parameters<typeof fakeTerminal>[0]) =>
      Object.keys(opened(fakeTerminal(attached)).parts);
    assert.deepEqual(names({}), ["screen", "keys", "ask", "status"]);
    assert.deepEqual(names({ stdout: false }), ["keys", "ask", "status"]);
    assert.deepEqual(names({ stdin: false }), ["screen", "status"]);
    assert.deepEqual(names({ stderr: false }), ["screen", "keys"]);
    assert.deepEqual(names({ stdin: false, stdout: false, stderr: false }), []);
  });

  it("knows the size, also after a change, and takes the usual one where the terminal says 0", () => {
    const terminal = fakeTerminal();
    const { screen } = opened(terminal).parts;
    let changes = 0;
    const held = screen?.onResize(() => (changes += 1));
    assert.deepEqual(screen?.size(), { columns: 100, rows: 30 });
    terminal.resize(0, 0);
    assert.deepEqual(screen.size(), { columns: 80, rows: 24 });
    held?.[Symbol.dispose]();
    terminal.resize(50, 10);
    assert.deepEqual(screen.size(), { columns: 50, rows: 10 });
    assert.equal(changes, 1);
  });

  it("gives the screen back when it is disposed, and listens to nothing any more", async () => {
    const terminal = fakeTerminal();
    const held = opened(terminal).parts.screen?.takeOver();
    held?.[Symbol.dispose]();
    await turn();
    assert.equal(terminal.shown.stdout, `${ENTERED}${LEFT}`);
    for (const event of ["exit", "SIGTERM", "SIGHUP"]) assert.equal(terminal.listenerCount(event), 0);
  });

  it("gives the screen back when the process ends", async () => {
    const terminal = fakeTerminal();
    opened(terminal).parts.screen?.takeOver();
    terminal.emit("exit");
    await turn();
    assert.equal(terminal.shown.stdout, `${ENTERED}${LEFT}`);
  });

  for (const signal of ["SIGTERM", "SIGHUP"])
    it(`ends the run at ${signal} while it has the screen`, () => {
      const terminal = fakeTerminal();
      const { run, parts } = opened(terminal);
      parts.screen?.takeOver();
      terminal.emit(signal);
      assert.ok(run.signal.aborted);
    });

  it("tells every key, though several come at once, and hears Ctrl-C among them", async () => {
    const terminal = fakeTerminal();
    const { run, parts } = opened(terminal);
    const keys: string[] = [];
    const held = parts.keys?.((key) => keys.push(key));
    assert.ok(terminal.isRaw());
    terminal.type("jj\u001b[B");
    await turn();
    assert.deepEqual([keys, run.signal.aborted], [["j", "j", "\u001b[B"], false]);
    terminal.type("j\u0003");
    await turn();
    assert.ok(run.signal.aborted);
    held?.[Symbol.dispose]();
    assert.ok(!terminal.isRaw());
  });

  it("shows a line of status that fits, over the one before it", async () => {
    const terminal = fakeTerminal();
    const { status } = opened(terminal).parts;
    status?.("x".repeat(200));
    status?.("");
    await turn();
    assert.equal(terminal.shown.stderr, `\r\u001b[K${"x".repeat(99)}\r\u001b[K`);
  });
});

describe("a question at the terminal", () => {
  const asking = async () => {
    const terminal = fakeTerminal();
    const { run, parts } = opened(terminal);
    const answer = parts.ask?.("sure? ");
    await turn();
    assert.ok(terminal.isRaw());
    assert.match(terminal.shown.stderr, /sure\? /);
    return { terminal, run, answer };
  };

  it("gives the line that is typed", async () => {
    const { terminal, answer } = await asking();
    terminal.type("yes\r");
    assert.equal(await answer, "yes");
  });

  it("ends without an answer at the end of input, at Ctrl-C, and when the run ends", async () => {
    const eof = await asking();
    eof.terminal.type("\u0004");
    assert.deepEqual([await eof.answer, eof.run.signal.aborted], ["", false]);
    const interrupted = await asking();
    interrupted.terminal.type("\u0003");
    assert.deepEqual([await interrupted.answer, interrupted.run.signal.aborted], ["", true]);
    const ended = await asking();
    ended.run.abort();
    assert.equal(await ended.answer, "");
    assert.ok(!ended.terminal.isRaw());
  });
});
