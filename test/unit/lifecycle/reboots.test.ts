// What a reboot of the host leaves of a domain, and what is made again.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import { claimId, domainId } from "../../fakes/ids.ts";
import type { FakeNode } from "../../fakes/node.ts";
import { createRequest, patient, reserveRequest } from "../../fakes/requests.ts";
import { nodeWithDomain, start, stop } from "./one-domain.ts";

describe("a reboot of the host", () => {
  it("stops the domain and its slice is made again", async () => {
    const { node, claim } = await nodeWithDomain();
    node.host.reboot();
    node.restart();
    await node.converge();
    assert.equal(node.ledger.get(claim.vgpuId)?.state, "stopped");
    assert.deepEqual(node.host.vgpuIds, [claim.vgpuId]);
    assert.equal((await start(node)).claim.state, "active");
  });

  it("starts again what has autostart, once, whether it ran before or not", async () => {
    const { node, claim } = await nodeWithDomain({ domain: { autostart: true, onStop: "release" } });
    const reboot = async (): Promise<void> => {
      node.host.reboot();
      node.restart();
      await node.converge();
    };
    const states = (): unknown[] => [node.ledger.get(claim.vgpuId)?.state, node.host.domains[0]?.state];
    await reboot();
    assert.deepEqual(states(), ["active", "running"]);
    await stop(node);
    node.restart();
    await node.converge();
    assert.deepEqual(states(), ["stopped", "shut-off"]);
    await reboot();
    assert.deepEqual(states(), ["active", "running"]);
  });

  it("leaves a domain off that cannot be started, and it can be started later", async () => {
    const { node, claim } = await nodeWithDomain({ domain: { autostart: true } });
    node.host.reboot();
    node.restart();
    node.host.refuse("start-domain", new AgentError("LIBVIRT_REFUSED", "no network 'default'"));
    await node.converge();
    const { state, goal, operation } = node.ledger.get(claim.vgpuId) ?? claim;
    assert.deepEqual([state, goal, operation], ["stopped", "stopped", claim.operation]);
    assert.equal((await start(node)).claim.state, "active");
  });

  describe("of a domain with autostart that released its slice", () => {
    const released = { domain: { autostart: true, onStop: "release" } } as const;

    async function reboot(node: FakeNode): Promise<void> {
      node.host.reboot();
      node.restart();
      await node.converge();
    }

    /** Why it was not started, each time that it was tried. */
    const refusals = (node: FakeNode): string[] =>
      node.events.flatMap((event) =>
        event.kind === "step-failed" && event.step === "autostart" ? [event.error.reason] : [],
      );

    it("leaves it off when others have its room, tries once, and takes nothing from them", async () => {
      const { node, claim } = await nodeWithDomain(released);
      await stop(node);
      const reservation = claimId("claim-2");
      await node.clock.until(node.reservations.create(reserveRequest(2), patient));
      await reboot(node);
      await node.converge();
      const { state, goal } = node.ledger.get(claim.vgpuId) ?? claim;
      assert.deepEqual([state, goal, refusals(node)], ["stopped", "stopped", ["APERTURE_EXHAUSTED"]]);
      assert.deepEqual([node.host.vgpuIds, node.host.domain(domainId(1))?.state], [[], "shut-off"]);
      const bound = await node.clock.until(node.service.create(createRequest(3, { reservation }), patient));
      assert.ok("claim" in bound && bound.claim.state === "active");
    });

    it("leaves it off when its GPU or the host is drained, until the next boot or somebody starts it", async () => {
      const { node } = await nodeWithDomain(released);
      await stop(node);
      await node.drains.drainHost("fan");
      await reboot(node);
      assert.deepEqual([node.host.vgpuIds, refusals(node)], [[], ["HOST_DRAINED"]]);
      await node.drains.undrainHost();
      await node.converge();
      assert.equal(node.host.domain(domainId(1))?.state, "shut-off");
      assert.equal((await start(node)).claim.state, "active");
    });

    it("is tried once also while the ledger cannot be written", async () => {
      const { node } = await nodeWithDomain(released);
      await stop(node);
      await node.drains.drainHost("fan");
      node.host.reboot();
      node.restart();
      node.store.breakDown();
      await node.converge();
      await node.converge();
      assert.deepEqual(refusals(node), ["HOST_DRAINED"]);
    });

    it("starts it also on a drained host when it ran before, since its room was never given back", async () => {
      const { node, claim } = await nodeWithDomain(released);
      await node.drains.drainHost("fan");
      await reboot(node);
      assert.equal(node.ledger.get(claim.vgpuId)?.state, "active");
      assert.deepEqual(refusals(node), []);
    });
  });
});
