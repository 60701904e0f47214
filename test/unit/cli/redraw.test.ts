// A table that is drawn again in its place on a terminal.
import assert from "node:assert/strict";
import { redrawer } from "../../../agent/cli/terminal/redraw.ts";

describe("redrawer", () => {
  it("counts the lines that the terminal has wrapped, whatever their colours", () => {
    const draw = redrawer(() => ({ columns: 10, rows: 24 }));
    assert.equal(
      draw("\u001b[32m1234567890\u001b[0m12\nb\n"),
      "\u001b[J\u001b[32m1234567890\u001b[0m12\nb\n",
    );
    assert.equal(draw("c\n"), "\u001b[3F\u001b[Jc\n");
  });

  it("shows as much as the screen holds, and says how much is missing", () => {
    const draw = redrawer(() => ({ columns: 20, rows: 5 }));
    const drawn = draw("1\n2\n3\n4\n5\n6\n");
    assert.equal(drawn, "\u001b[J1\n2\n3\n… 3 more lines\n");
    assert.equal(draw("1\n"), "\u001b[4F\u001b[J1\n");
  });

  it("makes room for a notice, however the terminal wraps it", () => {
    const draw = redrawer(() => ({ columns: 20, rows: 6 }));
    const notice = "vgpud does not answer";
    assert.equal(draw("1\n2\n3\n4\n", notice), `\u001b[J1\n2\n… 2 more lines\n${notice}\n`);
    assert.equal(draw("1\n"), "\u001b[5F\u001b[J1\n");
  });
});
