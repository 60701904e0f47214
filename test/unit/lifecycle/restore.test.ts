import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import type { Claim } from "../../../agent/lifecycle/claim.ts";
import type { Slice } from "../../../agent/lifecycle/ports.ts";
import { outlivesReboot, restoreSlices } from "../../../agent/lifecycle/restore.ts";
import { claim, reservation, sliceShare, vgpuClaim } from "../../fakes/claims.ts";
import { FakeClock } from "../../fakes/clock.ts";

/** A kernel whose creates fail with what is planned for them, first to last, and succeed afterwards. */
class BootingKernel {
  readonly made: string[] = [];
  readonly #refusals: AgentError[];

  constructor(...refusals: readonly AgentError[]) {
    this.#refusals = [...refusals];
  }

  async create({ vgpuId }: Slice): Promise<void> {
    const refusal = this.#refusals.shift();
    await Promise.resolve();
    if (refusal) throw refusal;
    this.made.push(vgpuId);
  }
}

const driverMissing = new AgentError("KERNEL_REFUSED", "no such file", { details: { errno: "ENOENT" } });
const late = new AgentError("KERNEL_TIMEOUT", "no answer yet");
const noRoom = new AgentError("KERNEL_REPORTS_NO_ROOM", "no room");

describe("restoreSlices", () => {
  const clock = new FakeClock();
  let told: [string, string | undefined][];

  beforeEach(() => {
    told = [];
  });

  function restore(
    claims: readonly Claim[],
    slices: BootingKernel,
    stop = new AbortController(),
  ): Promise<number> {
    const onEnd = ({ claimId }: Claim, failure: AgentError | undefined): void => {
      told.push([claimId, failure?.reason]);
    };
    return restoreSlices({ claims, slices, clock, stop: stop.signal, onEnd });
  }

  it("makes the slices of claims that were on, and of those that were off and hold theirs", async () => {
    const release = { ...claim(3).domain, onStop: "release" as const };
    const claims = [
      claim(1),
      claim(2, { state: "stopped", goal: "stopped" }),
      claim(3, { domain: release }),
      claim(4, { state: "stopped", goal: "stopped", domain: release }),
      claim(5, { state: "deleting", goal: "absent" }),
      claim(6, { state: "gone", goal: "absent" }),
      claim(7, { state: "failed", goal: "running" }),
      claim(8, { state: "creating" }),
      vgpuClaim(9),
      vgpuClaim(10, { state: "deleting", goal: "absent" }),
      reservation(11),
    ];
    const kernel = new BootingKernel();
    assert.equal(await restore(claims, kernel), 0);
    assert.deepEqual(
      kernel.made,
      [1, 3, 9, 2].map((n) => claim(n).vgpuId),
    );
    assert.deepEqual(claims.filter(outlivesReboot).length, 4);
  });

  it("makes the largest first, and of equal ones those that may be started with the host, the oldest first", async () => {
    const large = sliceShare("4");
    const small = sliceShare("8");
    const off = { state: "stopped", goal: "stopped" } as const;
    const kernel = new BootingKernel();
    await restore(
      [
        claim(1, { ...off, share: small, createdAt: 1 }),
        claim(2, { share: small, createdAt: 3 }),
        claim(3, { ...off, share: small, createdAt: 2, domain: { ...claim(3).domain, autostart: true } }),
        vgpuClaim(4, { share: small, createdAt: 4 }),
        claim(5, { ...off, share: large, createdAt: 6 }),
        claim(6, { share: large, createdAt: 7 }),
      ],
      kernel,
    );
    assert.deepEqual(
      kernel.made,
      [6, 5, 3, 2, 4, 1].map((n) => claim(n).vgpuId),
    );
  });

  it("waits for a driver that is still on its way", async () => {
    const kernel = new BootingKernel(driverMissing, driverMissing);
    assert.equal(await clock.until(restore([claim(1)], kernel)), 0);
    assert.deepEqual(kernel.made, [claim(1).vgpuId]);
  });

  it("waits for a driver that gives functions to guests and is still to be loaded", async () => {
    const kernel = new BootingKernel(
      new AgentError("XEN_PCIBACK_MISSING", "not loaded"),
      new AgentError("VFIO_NOT_LOADED", "not loaded"),
    );
    assert.equal(await clock.until(restore([claim(1)], kernel)), 0);
    assert.deepEqual(kernel.made, [claim(1).vgpuId]);
  });

  it("asks again where no answer came in time, as while hostd still starts", async () => {
    const kernel = new BootingKernel(late);
    assert.equal(await clock.until(restore([claim(1)], kernel)), 0);
    assert.deepEqual(told, [["claim-1", undefined]]);
  });

  it("goes on with the next claim when the kernel says no for good", async () => {
    const kernel = new BootingKernel(noRoom);
    assert.equal(await restore([claim(1), claim(2)], kernel), 1);
    assert.deepEqual(kernel.made, [claim(2).vgpuId]);
    assert.deepEqual(told, [
      ["claim-1", "KERNEL_REPORTS_NO_ROOM"],
      ["claim-2", undefined],
    ]);
  });

  it("gives up when its time is over, and says what is missing", async () => {
    const stop = new AbortController();
    const slices = new BootingKernel(...Array.from({ length: 100 }, () => driverMissing));
    const ended = restore([claim(1)], slices, stop);
    await clock.advance(2_000);
    stop.abort();
    assert.equal(await clock.until(ended), 1);
    assert.deepEqual(told, [["claim-1", "KERNEL_REFUSED"]]);
  });
});
