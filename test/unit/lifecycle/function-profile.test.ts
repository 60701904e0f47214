// What a driver made of a profile is said in the units in which it was asked for.
import assert from "node:assert/strict";
import { profileWarnings } from "../../../agent/lifecycle/function-profile.ts";

const MIB = 1024 * 1024;

describe("what a driver made otherwise of a profile", () => {
  it("is said in the units in which it was asked for, in bytes only where they come out uneven", () => {
    const asked = { execQuantumMs: 9, preemptTimeoutUs: 9, vramBytes: 3 * MIB, ggttBytes: MIB };
    const written = [
      { share: "execQuantumMs", value: 8 },
      { share: "preemptTimeoutUs", value: 8 },
      { share: "vramBytes", value: 4 * MIB },
      { share: "ggttBytes", unit: "gt0", value: MIB + 4096 },
    ] as const;
    assert.deepEqual(profileWarnings(asked, { written, notOffered: [] }), [
      "exec quantum: asked for 9 ms, the driver has 8 ms",
      "preempt timeout: asked for 9 µs, the driver has 8 µs",
      "local memory: asked for 3 MiB, the driver has 4 MiB",
      "graphics address space of gt0: asked for 1 MiB, the driver has 1052672 bytes",
    ]);
  });
});
