// The most vGPUs that callers may have, whatever room there is: what counts, and what is not taken from them.
import assert from "node:assert/strict";
import { claimId, foreignVgpuId } from "../../fakes/ids.ts";
import { typeName } from "../../fakes/fake-kernel.ts";
import { FakeNode } from "../../fakes/node.ts";
import { createRequest, patient, reserveRequest, stopRequest } from "../../fakes/requests.ts";

const R = claimId("claim-1");
const reserve = (node: FakeNode, n: number): Promise<unknown> =>
  node.clock.until(node.reservations.create(reserveRequest(n), patient));

describe("callers who may have two vGPUs", () => {
  const limited = (): FakeNode => {
    const node = new FakeNode();
    node.maxVgpus = 2;
    node.restart();
    return node;
  };

  it("have no third, be it reserved, bound or made for others, until one is given back", async () => {
    const node = limited();
    await reserve(node, 1);
    const made = await node.clock.until(node.service.create(createRequest(2), patient));
    assert.ok("claim" in made);
    const refused = { reason: "CALLERS_LIMIT_REACHED", message: /have 2 vGPUs.* may have 2: give one back/ };
    await assert.rejects(reserve(node, 3), refused);
    await assert.rejects(node.clock.until(node.service.create(createRequest(3), patient)), refused);
    // What was promised passes over, and takes no more.
    await node.clock.until(node.service.create(createRequest(4, { reservation: R }), patient));
    await node.clock.until(node.service.destroy(stopRequest(2, { graceMs: 0 }), patient));
    await reserve(node, 3);
  });

  it("keep more than that when they have it, and what others have is none of theirs", async () => {
    const node = new FakeNode();
    for (const n of [1, 2, 3]) await reserve(node, n);
    node.maxVgpus = 1;
    node.restart();
    assert.equal(node.reservations.list().length, 3);
    const beside = limited();
    for (const n of [1, 2]) beside.host.gpus[0]?.make(foreignVgpuId(n), typeName("8"));
    await reserve(beside, 1);
  });
});
