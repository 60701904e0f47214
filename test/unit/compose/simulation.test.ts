import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { composeSimulation } from "../../../agent/compose/simulation.ts";

describe("a simulator that is away", () => {
  it("is UNAVAILABLE to whoever asks SimulatorService, and no fault of vgpud", async () => {
    const dir = await mkdtemp(path.join(tmpdir(), "vgpud-simulation-"));
    try {
      const simulation = composeSimulation(path.join(dir, "nobody.sock"), () => Promise.resolve());
      const { signal } = new AbortController();
      await assert.rejects(simulation.show(signal), { reason: "SIMULATOR_UNAVAILABLE", kind: "unavailable" });
      await assert.rejects(simulation.reboot(signal), { reason: "SIMULATOR_UNAVAILABLE" });
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
