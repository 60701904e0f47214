// A domain whose claim has ended and that is defined again, and who asks once more for its end.
import assert from "node:assert/strict";
import type { DomainClaim } from "../../../agent/lifecycle/claim.ts";
import type { Domain } from "../../../agent/inventory/model.ts";
import { domainOf, foreignDomain } from "../../fakes/claims.ts";
import { domainId, ownVgpuId } from "../../fakes/ids.ts";
import type { FakeNode } from "../../fakes/node.ts";
import { destroy, nodeWithDomain } from "./one-domain.ts";

/** Its claim has ended; it is defined again, a moment later. */
async function returned(given: Partial<Domain> = {}): Promise<{ node: FakeNode; claim: DomainClaim }> {
  const { node } = await nodeWithDomain();
  const { claim } = await destroy(node);
  assert.equal(claim.state, "gone");
  await node.clock.advance(1000);
  node.host.put(domainOf(claim, { state: "shut-off", ...given }));
  return { node, claim };
}

describe("a domain that is defined again after its claim has ended", () => {
  it("is undefined when its end is asked for once more, and the answer is the same", async () => {
    const { node, claim } = await returned();
    const again = await destroy(node);
    assert.deepEqual(again.claim, claim);
    assert.equal(again.operation.id, claim.operation.id);
    assert.deepEqual([node.host.domains, node.ledger.all()], [[], [claim]]);
  });

  it("goes once where many ask, whatever has its UUID after that", async () => {
    const { node } = await returned();
    // The UUID is another's as soon as it is free.
    node.host.after = (what) => {
      if (what === "undefine-domain") node.host.put(foreignDomain(1));
      return Promise.resolve();
    };
    await Promise.all([destroy(node), destroy(node)]);
    assert.deepEqual(node.host.domains, [foreignDomain(1)]);
  });

  it("is left alone while it is on, which is said", async () => {
    const { node } = await returned({ state: "running" });
    await assert.rejects(destroy(node), {
      reason: "CLAIM_STATE",
      message:
        /^domain guest-1 \(.*\) was started by somebody else after claim .* had ended: it is left alone/,
    });
    assert.equal(node.host.domain(domainId(1))?.state, "running");
  });

  it("is left alone where its mark is of another claim, or of another domain", async () => {
    for (const change of [{ vgpuId: ownVgpuId(77) }, { claimId: "another" }, { domainId: domainId(5) }]) {
      const { node, claim } = await returned();
      const { mark } = domainOf(claim);
      assert.ok(mark);
      const other = domainOf(claim, { state: "shut-off", mark: { ...mark, ...change } });
      node.host.put(other);
      await destroy(node).catch(() => undefined);
      assert.deepEqual(node.host.domains, [other]);
    }
  });

  it("stays where libvirt does not say that it has undefined it, which is no answer to a destroy", async () => {
    const { node } = await returned();
    node.host.before = (what) =>
      what === "undefine-domain" ? Promise.reject(new Error("libvirt went away")) : Promise.resolve();
    await assert.rejects(destroy(node), /libvirt went away/);
    assert.equal(node.host.domains.length, 1);
  });

  it("is not undefined a second time for a retry, when its owner has defined it again since, also by the next vgpud", async () => {
    const { node, claim } = await returned();
    const request = { requestId: "r-2" };
    const defineAgain = async (): Promise<void> => {
      await node.clock.advance(1000);
      node.host.put(domainOf(claim, { state: "shut-off" }));
    };
    await destroy(node, request);
    assert.deepEqual(node.host.domains, []);
    await defineAgain();
    const again = await destroy(node, request);
    assert.equal(again.operation.id, claim.operation.id);
    node.restart();
    await destroy(node, request);
    assert.equal(node.host.domains.length, 1);
    await destroy(node, { requestId: "r-3" });
    assert.deepEqual(node.host.domains, [], "who asks anew has it undefined");
  });

  it("is not undefined a second time for a retry that came before the first try was over", async () => {
    const { node, claim } = await returned();
    const request = { requestId: "r-2" };
    node.host.after = (what) => {
      if (what === "undefine-domain") node.host.put(domainOf(claim, { state: "shut-off" }));
      return Promise.resolve();
    };
    await Promise.all([destroy(node, request), destroy(node, request)]);
    assert.equal(node.host.domains.length, 1);
  });

  it("is tried again for a retry where it could not be undefined", async () => {
    const { node } = await returned();
    const request = { requestId: "r-2" };
    node.host.before = (what) =>
      what === "undefine-domain" ? Promise.reject(new Error("libvirt went away")) : Promise.resolve();
    await assert.rejects(destroy(node, request), /libvirt went away/);
    node.host.before = () => Promise.resolve();
    await destroy(node, request);
    assert.deepEqual(node.host.domains, []);
  });

  it("is waited for by an orderly stop while it is being undefined", async () => {
    const { node } = await returned();
    const order: string[] = [];
    const goOn = new Promise<() => void>((begun) => {
      node.host.before = (what) =>
        what === "undefine-domain"
          ? new Promise((resolve) => {
              begun(resolve);
            })
          : Promise.resolve();
    });
    const destroyed = destroy(node, { requestId: "r-2" }).then(() => order.push("answered"));
    const release = await goOn;
    const drained = node.driver.drain().then(() => {
      const remembered = node.ledger.byRequest("r-2");
      order.push(
        `drained with ${node.host.domains.length} domains, remembered: ${String(remembered !== undefined)}`,
      );
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(order.length, 0);
    release();
    await Promise.all([drained, destroyed]);
    assert.ok(order.includes("drained with 0 domains, remembered: true"), order.join());
  });

  it("is not undefined for the retry of the request that ended its claim", async () => {
    const { node } = await nodeWithDomain();
    const request = { requestId: "r-1" };
    const { claim } = await destroy(node, request);
    await node.clock.advance(1000);
    node.host.put(domainOf(claim, { state: "shut-off" }));
    await destroy(node, request);
    assert.equal(node.host.domains.length, 1);
  });
});
