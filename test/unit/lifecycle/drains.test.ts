// What is taken out of service gets no new vGPUs, and what exists there goes on.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import { Drains, nothingDrained, type DrainRecord } from "../../../agent/lifecycle/drains.ts";
import { gpuViews } from "../../../agent/lifecycle/views.ts";
import { domainId, pciAddress } from "../../fakes/ids.ts";
import { FakeNode } from "../../fakes/node.ts";
import { createRequest, patient, stopRequest } from "../../fakes/requests.ts";
import { plainTerms } from "../../fakes/stock.ts";

const refusedFor = (reason: string) => (error: unknown) =>
  error instanceof AgentError && error.reason === reason;

describe("what is drained", () => {
  interface Setting {
    readonly drains: Drains;
    readonly written: DrainRecord[];
    readonly told: (readonly [string | undefined, string | undefined])[];
    /** So many writes reach the disk and fail all the same, as when the folder of a renamed file cannot be synced. */
    failures: number;
    now: number;
  }

  function setting(): Setting {
    const made = { written: [], told: [], failures: 0, now: 10 } as Omit<Setting, "drains">;
    const drains = new Drains({
      record: nothingDrained,
      store: {
        write: (record) => {
          made.written.push(record);
          made.failures -= 1;
          return made.failures < 0 ? Promise.resolve() : Promise.reject(new Error("input/output error"));
        },
      },
      wall: () => made.now,
    });
    drains.onChange((drain, gpu) => {
      made.told.push([gpu, drain?.note]);
    });
    return Object.assign(made, { drains });
  }

  it("is in force once it is written, the last note of those since the first", async () => {
    const made = setting();
    await made.drains.drainHost("fan");
    made.now = 20;
    await made.drains.drainHost("fan and disk");
    await made.drains.drainGpu(pciAddress(1), "");
    assert.deepEqual(made.drains.current, {
      host: { note: "fan and disk", since: 10 },
      gpus: new Map([[pciAddress(1), { note: "", since: 20 }]]),
    });
    assert.equal(made.written.at(-1), made.drains.current);
    await made.drains.undrainHost();
    assert.deepEqual([...made.drains.current.gpus.keys()], [pciAddress(1)]);
    assert.deepEqual(made.told, [
      [undefined, "fan"],
      [undefined, "fan and disk"],
      [pciAddress(1), ""],
      [undefined, undefined],
    ]);
  });

  it("is not written again when nothing changes", async () => {
    const made = setting();
    await made.drains.undrainGpu(pciAddress());
    await made.drains.drainHost("fan");
    await made.drains.drainHost("fan");
    await made.drains.drainHost("");
    assert.equal(made.written.length, 1);
    assert.equal(made.drains.current.host?.note, "fan");
  });

  it("is as before when it cannot be written", async () => {
    const made = setting();
    await made.drains.drainHost("fan");
    made.failures = Infinity;
    await assert.rejects(made.drains.undrainHost(), refusedFor("LEDGER_UNAVAILABLE"));
    await assert.rejects(made.drains.drainGpu(pciAddress(), ""), refusedFor("LEDGER_UNAVAILABLE"));
    assert.deepEqual(made.drains.current, { ...nothingDrained, host: { note: "fan", since: 10 } });
    assert.equal(made.told.length, 1);
  });

  it("is as before for the next start, too, when a refused change had reached the disk", async () => {
    const made = setting();
    await made.drains.drainHost("fan");
    made.failures = 1;
    await assert.rejects(made.drains.undrainHost(), refusedFor("LEDGER_UNAVAILABLE"));
    assert.equal(made.written.at(-1), made.drains.current);
    assert.equal(made.drains.inDoubt, false);
  });

  it("is in doubt on a disk that takes nothing, until it is settled", async () => {
    const made = setting();
    await made.drains.drainHost("fan");
    made.failures = 3;
    await assert.rejects(made.drains.undrainHost());
    await assert.rejects(made.drains.settle());
    assert.equal(made.drains.inDoubt, true);
    await made.drains.settle();
    assert.equal(made.written.at(-1), made.drains.current);
    assert.equal(made.drains.inDoubt, false);
    const { length } = made.written;
    await made.drains.settle();
    assert.equal(made.written.length, length);
  });

  it("is written when it is said again in doubt, since the disk may have it otherwise", async () => {
    const made = setting();
    await made.drains.drainHost("fan");
    made.failures = 4;
    await assert.rejects(made.drains.undrainHost());
    await assert.rejects(made.drains.drainHost("fan"), refusedFor("LEDGER_UNAVAILABLE"));
    await made.drains.drainHost("fan");
    assert.deepEqual(made.written.at(-1)?.host, { note: "fan", since: 10 });
    assert.deepEqual([made.drains.inDoubt, made.told.length], [false, 1]);
  });

  it("keeps what two ask for at the same time", async () => {
    const made = setting();
    await Promise.all([0, 1, 2].map((n) => made.drains.drainGpu(pciAddress(n), "")));
    assert.equal(made.drains.current.gpus.size, 3);
  });
});

describe("a node that is drained", () => {
  const start = { domainId: domainId(1), requestId: undefined, method: "s", digest: "s" };

  it("makes no new slices, and what exists goes on", async () => {
    const node = new FakeNode(1024);
    await node.clock.until(node.service.create(createRequest(1), patient));
    await node.drains.drainHost("");
    const another = node.clock.until(node.service.create(createRequest(2), patient));
    await assert.rejects(another, refusedFor("HOST_DRAINED"));
    await node.clock.until(node.service.stop(stopRequest(1), patient));
    assert.equal(node.host.vgpuIds.length, 1);
    const { claim } = await node.clock.until(node.service.start(start, patient));
    assert.equal(claim.state, "active");
    await node.clock.until(node.service.destroy(stopRequest(1), patient));
    assert.deepEqual(node.host.vgpuIds, []);
  });

  it("makes none for a domain that gave its slice back either", async () => {
    const node = new FakeNode(1024);
    const releasing = createRequest(1, { domain: { onStop: "release" } });
    await node.clock.until(node.service.create(releasing, patient));
    await node.clock.until(node.service.stop(stopRequest(1), patient));
    await node.drains.drainGpu(pciAddress(), "");
    await assert.rejects(node.clock.until(node.service.start(start, patient)), refusedFor("GPU_DRAINED"));
    await node.drains.undrainGpu(pciAddress());
    await node.clock.until(node.service.start(start, patient));
    assert.equal(node.host.vgpuIds.length, 1);
  });

  it("makes again after a reboot what was there, and is drained still", async () => {
    const node = new FakeNode(1024);
    await node.clock.until(node.service.create(createRequest(1), patient));
    await node.clock.until(node.service.stop(stopRequest(1), patient));
    await node.drains.drainGpu(pciAddress(), "");
    node.host.reboot();
    node.restart();
    await node.converge();
    assert.equal(node.host.vgpuIds.length, 1);
    await assert.rejects(
      node.clock.until(node.service.create(createRequest(2), patient)),
      refusedFor("GPU_DRAINED"),
    );
  });

  it("shows no room, of each GPU whether it is drained itself, and what is free as it is", async () => {
    const node = new FakeNode(1024, 1024);
    const room = async (): Promise<unknown> => {
      const inventory = await node.lookout.fresh();
      return gpuViews(inventory, node.ledger, { ...plainTerms, drains: node.drains.current }).map(
        ({ drain, types, budget }) => [
          drain?.note,
          Math.max(...types.map(({ allocatable }) => allocatable)),
          budget?.free.instances,
        ],
      );
    };
    await node.drains.drainGpu(pciAddress(1), "fan");
    assert.deepEqual(await room(), [
      [undefined, 7, 7],
      ["fan", 0, 7],
    ]);
    await node.drains.drainHost("all");
    assert.deepEqual(await room(), [
      [undefined, 0, 7],
      ["fan", 0, 7],
    ]);
  });
});
