// What a scheduler is told of a host whose libvirt is there, is away, and was never seen.
import assert from "node:assert/strict";
import type { Quantities } from "../../../agent/capacity/quantities.ts";
import type { PciAddress } from "../../../agent/core/ids.ts";
import type { Mode } from "../../../agent/core/modes.ts";
import type { Code } from "../../../agent/diagnosis/condition.ts";
import type { Claim } from "../../../agent/lifecycle/claim.ts";
import type { DrainRecord } from "../../../agent/lifecycle/drains.ts";
import { Ledger } from "../../../agent/lifecycle/ledger.ts";
import { gpuViews, vgpuViews } from "../../../agent/lifecycle/views.ts";
import { PATIENCE_MS, patientSupply } from "../../../agent/schedulers/patient-supply.ts";
import { supplyOf, type GpuSupply, type Seen } from "../../../agent/schedulers/supply.ts";
import { claim } from "../../fakes/claims.ts";
import { FakeClock } from "../../fakes/clock.ts";
import { FakeHost } from "../../fakes/fake-host.ts";
import { FakeGpu, typeName } from "../../fakes/fake-kernel.ts";
import { foreignVgpuId, pciAddress } from "../../fakes/ids.ts";
import { MemoryStore } from "../../fakes/memory-store.ts";
import { plainTerms } from "../../fakes/stock.ts";

const LARGE: Quantities = { slices: 1, lowGmMib: 128, highGmMib: 512, fences: 4 };
const nothingSeen: Seen = { inventory: undefined, gpus: [], vgpus: [], claims: [], impossible: new Map() };

describe("what a scheduler is told of the host", () => {
  let gpu: FakeGpu;
  let host: FakeHost;
  let drains: DrainRecord;
  beforeEach(() => {
    gpu = new FakeGpu(pciAddress(), 1024);
    host = new FakeHost({ gpus: [gpu], wall: () => 0 });
    ({ drains } = plainTerms);
  });

  const seen = async (...claims: readonly Claim[]): Promise<Seen> => {
    const inventory = { ...(await host.look()), revision: 1 };
    const ledger = new Ledger(new MemoryStore(), claims);
    const gpus = gpuViews(inventory, ledger, { ...plainTerms, drains });
    const vgpus = vgpuViews(inventory, ledger, plainTerms.modes);
    return { inventory, gpus, vgpus, claims, impossible: new Map() };
  };

  it("is nothing before the first look", () => {
    assert.equal(supplyOf(nothingSeen), undefined);
  });

  it("is while libvirt is away that nothing more is given out of what there is, and what claims take", async () => {
    gpu.make(foreignVgpuId(3), typeName("4"));
    const there = supplyOf(await seen(claim(1)));
    assert.deepEqual([there?.domainsKnown, there?.gpus[0]?.closed], [true, false]);
    assert.deepEqual(
      there?.gpus[0]?.held.map(({ claimId, takes }) => [claimId, takes]),
      [
        [claim(1).claimId, LARGE],
        [undefined, LARGE],
      ],
    );
    host.libvirtAway = "connection refused";
    const away = supplyOf(await seen(claim(1)));
    const [before, now] = [there.gpus[0], away?.gpus[0]];
    assert.deepEqual([away?.domainsKnown, now?.closed, now?.drained], [false, true, false]);
    assert.deepEqual([now?.offers, now?.types, now?.mode], [before.offers, before.types, before.mode]);
    assert.deepEqual(now?.held, [{ claimId: claim(1).claimId, takes: LARGE }]);
    assert.deepEqual(away?.living, there.living);
  });

  it("is a drain, whether or not libvirt is there", async () => {
    drains = { host: { note: "libvirt is broken", since: 0 }, gpus: new Map() };
    for (const libvirtAway of [undefined, "connection refused"]) {
      host.libvirtAway = libvirtAway;
      assert.equal(supplyOf(await seen())?.gpus[0]?.drained, true);
    }
  });

  it("is of a GPU whose mode is impossible that it is closed, and why, whatever other modes and GPUs are", async () => {
    const all = await seen(claim(1));
    const [before] = supplyOf(all)?.gpus ?? [];
    assert.deepEqual([before?.closed, before?.closedBy], [false, []]);
    const closedBy: readonly Code[] = ["DEVICE_MODEL_MISSING"];
    const asOf = (address: PciAddress, mode: Mode): GpuSupply | undefined =>
      supplyOf({ ...all, impossible: new Map([[address, new Map([[mode, closedBy]])]]) })?.gpus[0];
    assert.deepEqual(asOf(gpu.address, "gvt-g"), { ...before, closed: true, closedBy });
    assert.deepEqual(asOf(gpu.address, "sriov"), before);
    assert.deepEqual(asOf(pciAddress(9), "gvt-g"), before);
  });

  it("is of a GPU that offers nothing no reason why", async () => {
    const all = await seen();
    const bare = { ...all, gpus: all.gpus.map((view) => ({ ...view, budget: undefined, types: [] })) };
    const impossible = new Map([[gpu.address, new Map([["gvt-g", ["GVT_UNSUPPORTED_PLATFORM"]] as const])]]);
    const [told] = supplyOf({ ...bare, impossible })?.gpus ?? [];
    assert.deepEqual([told?.offers.size, told?.closed, told?.closedBy], [0, false, []]);
  });

  /** What was last looked at, and who is told of each look. */
  const patient = (clock: FakeClock) => {
    let now = nothingSeen;
    const listeners: (() => void)[] = [];
    const lookout = {
      get current() {
        return now.inventory;
      },
      onView: (listener: () => void) => void listeners.push(listener),
    };
    return {
      supply: patientSupply({ seen: () => now, lookout, clock }),
      look: async (): Promise<void> => {
        now = await seen();
        for (const listener of listeners) listener();
      },
    };
  };

  it("waits for a libvirt that has only just gone or is not reached yet, each time anew", async () => {
    const clock = new FakeClock();
    const { supply, look } = patient(clock);
    assert.equal(supply(), undefined);
    await clock.advance(PATIENCE_MS);
    for (let time = 1; time <= 2; time += 1) {
      host.libvirtAway = "connection refused";
      await look();
      assert.equal(supply(), undefined);
      await clock.advance(PATIENCE_MS - 1);
      await look();
      assert.equal(supply(), undefined);
      await clock.advance(1);
      assert.equal(supply()?.domainsKnown, false);
      host.libvirtAway = undefined;
      await look();
      assert.equal(supply()?.domainsKnown, true);
    }
  });

  it("waits anew for a libvirt that was back while nobody asked", async () => {
    const clock = new FakeClock();
    const { supply, look } = patient(clock);
    host.libvirtAway = "connection refused";
    await look();
    assert.equal(supply(), undefined);
    await clock.advance(PATIENCE_MS);
    host.libvirtAway = undefined;
    await look();
    host.libvirtAway = "connection refused";
    await look();
    assert.equal(supply(), undefined);
  });
});
