// What mocha does around every test that has a simulated host; .mocharc.json tells it of them.
import type { Context } from "mocha";
import { endAll, tellFailed } from "./world.ts";

export const mochaHooks = {
  afterEach(this: Context): void {
    tellFailed(this.currentTest);
  },
  async afterAll(): Promise<void> {
    await endAll();
  },
};
