// Preloaded into a vgpud on a simulated host (`node --import`): each SIGUSR2 moves its clocks forward, so that the last
// minutes of the status page need not be waited for. Timers are left alone: what is due stays due when it was.
import { STEP_MS } from "./host-time.ts";

let aheadMs = 0;
const [now, wall] = [performance.now.bind(performance), Date.now];
performance.now = () => now() + aheadMs;
Date.now = () => wall() + aheadMs;
process.on("SIGUSR2", () => {
  aheadMs += STEP_MS;
});
