import assert from "node:assert/strict";
import { parseTraceparent } from "../../../agent/core/trace.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

describe("a traceparent", () => {
  it("names trace and span, whether it is sampled or not", () => {
    for (const flags of ["00", "01", "ff"])
      assert.deepEqual(parseTraceparent(`00-${TRACE}-${SPAN}-${flags}`), { traceId: TRACE, spanId: SPAN });
  });

  it("of a later version is read as far as this one goes", () => {
    for (const text of [`01-${TRACE}-${SPAN}-00`, `cc-${TRACE}-${SPAN}-01-what-the-future-brings`])
      assert.deepEqual(parseTraceparent(text), { traceId: TRACE, spanId: SPAN });
  });

  it("that is not one to the letter is as if it had not come", () => {
    const wrong = [
      "",
      TRACE,
      `ff-${TRACE}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}`,
      `00-${TRACE}-${SPAN}-01-more`,
      `01-${TRACE}-${SPAN}-01more`,
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
      `00-${TRACE.slice(1)}-${SPAN}-01`,
      `00-${"0".repeat(32)}-${SPAN}-01`,
      `00-${TRACE}-${"0".repeat(16)}-01`,
      ` 00-${TRACE}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01\n`,
      `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    ];
    for (const text of wrong) assert.equal(parseTraceparent(text), undefined, text);
  });
});
