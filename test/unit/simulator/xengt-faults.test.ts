// What goes wrong with slices of XenGT on a simulated host, for whoever writes to the driver: hostd, a device model, somebody else.
import assert from "node:assert/strict";
import { parseHost } from "../../../agent/simulator/host-yaml.ts";
import { SimulatedClock } from "../../../agent/simulator/clock.ts";
import { FaultBoard } from "../../../agent/simulator/faults/board.ts";
import { faultSchema, type FaultFields } from "../../../agent/simulator/faults/fault.ts";
import { SimulatedKernel } from "../../../agent/simulator/kernel.ts";
import { VgtCalls } from "../../../agent/simulator/xengt/calls.ts";

const HOST = `{ hypervisor: xen, kvmgt: false, gpus: [{ address: "0000:00:02.0", device: "1912" }] }`;
const LINE = "7,128,384,4,-1,0";

class Host {
  readonly clock = new SimulatedClock();
  readonly faults = new FaultBoard(this.clock, []);
  readonly kernel: SimulatedKernel;
  readonly calls: VgtCalls;
  #boots = 0;

  constructor(generation: "2015" | "2017" = "2017") {
    const yaml = HOST.replace("{", `{ xengt: ${generation}, `);
    this.kernel = new SimulatedKernel(parseHost(yaml, "test"), () => `boot-${(this.#boots += 1)}`);
    this.calls = new VgtCalls(this.kernel, this.faults, (domid) => (domid === 7 ? ["desk"] : []));
  }

  set(...faults: readonly FaultFields[]): void {
    this.faults.set(faults.map((fault) => faultSchema.parse(fault)));
  }

  get domids(): readonly number[] {
    return (this.kernel.vgt?.slices ?? []).map(({ domid }) => domid);
  }
}

/** Whether it has settled by now. */
async function isOver(work: Promise<unknown>): Promise<boolean> {
  const waits = Symbol("waits");
  const turn = new Promise((resolve) => setImmediate(resolve, waits));
  return (await Promise.race([work, turn])) !== waits;
}

describe("a slice of XenGT with a fault", () => {
  it("is refused with the fault's errno, as often as the fault says", async () => {
    const host = new Host();
    host.set({ kind: "CREATE_FAILS", errno: "ENOMEM", times: 1 });
    assert.equal(await host.calls.write(LINE), "ENOMEM");
    assert.deepEqual(host.domids, []);
    assert.equal(await host.calls.write(LINE), undefined);
    host.set({ kind: "REMOVE_FAILS", errno: "EIO", times: 1 });
    assert.equal(await host.calls.write("-7"), "EIO");
    assert.deepEqual(host.domids, [7]);
    assert.equal(await host.calls.write("-7"), undefined);
  });

  it("is struck by its own name, its domain's, and that which a device model has for a guest that is new", async () => {
    const host = new Host();
    for (const object of ["vm7", "desk"]) {
      host.set({ kind: "CREATE_FAILS", object });
      assert.equal(await host.calls.write("8,64,64,4"), undefined);
      assert.equal(await host.calls.write(LINE), "ENOSPC", object);
      await host.calls.write("-8");
    }
    host.set({ kind: "CREATE_FAILS", object: "new" });
    assert.equal(await host.calls.write("9,64,64,4", ["new"]), "ENOSPC");
    assert.equal(await host.calls.write("9,64,64,4"), undefined);
  });

  it("is said to be made and is not there", async () => {
    const host = new Host();
    host.set({ kind: "CREATE_SHOWS_NOTHING", times: 1 });
    assert.equal(await host.calls.write(LINE), undefined);
    assert.deepEqual(host.domids, []);
  });

  it("is made and removed when what hung in the kernel goes on, and never after a boot", async () => {
    const host = new Host();
    host.set({ kind: "CREATE_LATE", delay_ms: 3_600_000 });
    const make = host.calls.write(LINE);
    assert.equal(await isOver(make), false);
    host.faults.clear();
    assert.equal(await make, undefined);
    assert.deepEqual(host.domids, [7]);

    host.set({ kind: "REMOVE_BLOCKS" });
    const removal = host.calls.write("-7");
    assert.equal(await isOver(removal), false);
    assert.deepEqual(host.domids, [7]);
    host.faults.clear();
    assert.equal(await removal, undefined);
    assert.deepEqual(host.domids, []);

    host.set({ kind: "CREATE_LATE", delay_ms: 3_600_000 });
    const lost = host.calls.write(LINE);
    host.kernel.reboot();
    host.faults.clear();
    assert.equal(await lost, "EIO");
    assert.deepEqual(host.domids, []);
  });

  it("is gone behind everybody's back, at once or later, whether it was there before or comes after", async () => {
    const host = new Host();
    await host.calls.write(LINE);
    host.set({ kind: "VGPU_VANISHES", times: 1 });
    await isOver(Promise.resolve());
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(host.domids, []);
    host.set({ kind: "VGPU_VANISHES", object: "vm8", delay_ms: 60_000 });
    for (const line of [LINE, "8,64,64,4"]) await host.calls.write(line);
    assert.deepEqual(host.domids, [7, 8]);
    host.clock.advance(60_000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(host.domids, [7]);
  });

  it("finds no piece of the aperture above 64 MiB, with the errno of each generation", async () => {
    for (const [generation, errno] of [
      ["2015", "ENOMEM"],
      ["2017", "EINVAL"],
    ] as const) {
      const host = new Host(generation);
      host.set({ kind: "GM_FRAGMENTED" });
      assert.equal(await host.calls.write(LINE), errno);
      assert.equal(await host.calls.write("7,64,384,4"), undefined);
    }
  });

  it("is no wish of a line that says nothing, nor of a host without the driver", async () => {
    const host = new Host();
    host.set({ kind: "CREATE_FAILS", errno: "ENOMEM" });
    assert.equal(await host.calls.write("7"), "EINVAL");
    const other = new SimulatedKernel(parseHost("hypervisor: xen", "test"), () => "boot");
    assert.equal(await new VgtCalls(other, new FaultBoard(host.clock, [])).write(LINE), "ENOENT");
  });
});
