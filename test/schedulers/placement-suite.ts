// What suites with a Placement in front of hosts have in common: it is one for all their tests, and hosts end with the test.
import { BookedWorld, type BookedSetting } from "./booked-world.ts";
import { startPlacement, type Placement } from "./placement.ts";

export interface PlacementSuite {
  /** Of the whole suite. */
  readonly placement: Placement;
  begin(setting?: BookedSetting): Promise<BookedWorld>;
}

/** To be called in a `describe`. */
export function placementSuite(): PlacementSuite {
  let placement: Placement | undefined;
  const used: BookedWorld[] = [];
  const running = (): Placement => {
    if (!placement) throw new Error("Placement runs while the tests of its suite do");
    return placement;
  };
  before(async () => {
    placement = await startPlacement();
  });
  afterEach(async () => {
    for (const each of used.splice(0)) await each[Symbol.asyncDispose]();
  });
  after(async () => {
    await placement?.stop();
  });
  return {
    get placement() {
      return running();
    },
    begin: async (setting = {}) => {
      const world = await BookedWorld.start(running(), setting);
      used.push(world);
      return world;
    },
  };
}
