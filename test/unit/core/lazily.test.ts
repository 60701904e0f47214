import assert from "node:assert/strict";
import { lazily } from "../../../agent/core/lazily.ts";

describe("what is made lazily", () => {
  it("is made when somebody asks, once for all who ask", async () => {
    let made = 0;
    const value = lazily(() => Promise.resolve((made += 1)));
    assert.equal(made, 0);
    assert.deepEqual(await Promise.all([value(), value()]), [1, 1]);
    assert.equal(await value(), 1);
  });

  it("is tried again for the next when it could not be made", async () => {
    let tries = 0;
    const value = lazily(() => {
      tries += 1;
      return tries === 1 ? Promise.reject(new Error("not yet")) : Promise.resolve("there");
    });
    await assert.rejects(value(), /not yet/);
    assert.equal(await value(), "there");
  });
});
