// What is said of a function that has not got its driver.
import assert from "node:assert/strict";
import { boundOrThrow } from "../../../agent/lifecycle/bound.ts";

const WHAT = "GPU 0000:00:02.0 cannot be taken from the host";
const holders = [{ pid: 4711, command: "qemu-system-x86", domain: "desk" }];

describe("a function without its driver", () => {
  it("is said to be in use where somebody holds it, named or not", () => {
    const held = (who: typeof holders) => () => {
      boundOrThrow(WHAT, { kind: "held", holders: who });
    };
    assert.throws(held(holders), { reason: "VGPU_IN_USE", message: /host: it is used by qemu-system-x86/ });
    const unnamed = `${WHAT}: it is in use, by whom was not found`;
    assert.throws(held([]), { reason: "VGPU_IN_USE", message: unnamed });
  });

  it("is not said to be in use where the kernel is slow and nobody was found", () => {
    const blocked = (who: typeof holders) => () => {
      boundOrThrow(WHAT, { kind: "blocked", holders: who });
    };
    assert.throws(blocked([]), {
      reason: "KERNEL_TIMEOUT",
      message: `${WHAT} yet: the kernel has not answered`,
    });
    assert.throws(blocked(holders), { message: /has not answered \(it is used by qemu-system-x86.*\)$/ });
  });
});
