import assert from "node:assert/strict";
import { prefersOpenMetrics, openFamilies } from "../../../agent/observation/exposition.ts";

describe("the choice of the scrape's format", () => {
  const prometheus3 =
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5," +
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

  for (const accept of [
    prometheus3,
    "application/openmetrics-text",
    "Application/OpenMetrics-Text; version=1.0.0",
  ])
    it(`is OpenMetrics for ${accept}`, () => {
      assert.equal(prefersOpenMetrics(accept), true);
    });

  for (const accept of [
    undefined,
    "",
    "*/*",
    "text/plain;version=0.0.4",
    "application/openmetrics-text;version=0.0.1",
    "application/openmetrics-text;q=0",
    "application/openmetrics-text;q=0.2,text/plain",
    "application/openmetrics-text;q=nonsense",
    ";;=,,;q",
  ])
    it(`is the older format for ${String(accept)}`, () => {
      assert.equal(prefersOpenMetrics(accept), false);
    });
});

describe("a scrape in OpenMetrics", () => {
  it("names counters without, their series with the suffix", () => {
    const text = '# HELP a_total What "a" is.\n# TYPE a_total counter\na_total{x="# TYPE"} 1\n';
    assert.equal(openFamilies(text), '# HELP a What \\"a\\" is.\n# TYPE a counter\na_total{x="# TYPE"} 1\n');
  });

  it("leaves alone a gauge that is named like a counter", () => {
    const text = "# HELP handles_total Handles.\n# TYPE handles_total gauge\nhandles_total 3\n";
    assert.equal(openFamilies(text), text);
  });

  it("writes the bounds of a histogram as floats", () => {
    const text = '# HELP h H.\n# TYPE h histogram\nh_bucket{le="10",m="x"} 1\nh_bucket{le="+Inf",m="x"} 1\n';
    assert.match(openFamilies(text), /\{le="10\.0",m="x"\} 1\nh_bucket\{le="\+Inf"/);
  });

  it("has no empty line", () => {
    const text = "# HELP a A.\n# TYPE a gauge\n\n# HELP b B.\n# TYPE b gauge\nb 1\n";
    assert.equal(openFamilies(text), "# HELP a A.\n# TYPE a gauge\n# HELP b B.\n# TYPE b gauge\nb 1\n");
  });
});
