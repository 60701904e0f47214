// As many wrong requests as half a minute has room for; test/long sends ten times as many.
import { hostileInput } from "./harness/hostile-input.ts";

describe("hostile input", function () {
  this.timeout(120_000);
  hostileInput(500);
});
