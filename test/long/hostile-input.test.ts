// Five thousand wrong requests to every method: long enough for a leak of little to be seen.
import { hostileInput } from "../e2e/harness/hostile-input.ts";

describe("hostile input, five thousand times", () => {
  hostileInput(5_000);
});
