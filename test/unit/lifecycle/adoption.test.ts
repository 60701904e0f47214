// vGPUs of others are taken over and given up; in between and at every crash nothing but the domain's mark is changed.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import type { Domain } from "../../../agent/inventory/model.ts";
import type { AdoptRequest } from "../../../agent/lifecycle/adoption.ts";
import type { SliceClaim } from "../../../agent/lifecycle/claim.ts";
import { foreignDomain } from "../../fakes/claims.ts";
import { typeName } from "../../fakes/fake-kernel.ts";
import { claimId, domainId, foreignVgpuId } from "../../fakes/ids.ts";
import { FakeNode } from "../../fakes/node.ts";
import { createRequest, patient, stopRequest } from "../../fakes/requests.ts";

const THEIRS = foreignVgpuId(1);

function adoption(given: Partial<AdoptRequest> = {}): AdoptRequest {
  const { withDomain = true } = given;
  return {
    ...{ vgpuId: THEIRS, claimId: claimId("adopted"), withDomain, validateOnly: false },
    ...{ requestId: undefined, method: "AdoptVgpu", digest: `adopt ${withDomain}` },
    ...given,
  };
}

const refusedFor = (reason: string) => (error: unknown) =>
  error instanceof AgentError && error.reason === reason;

describe("a vGPU of others", () => {
  let node: FakeNode;
  beforeEach(() => {
    node = new FakeNode(1024);
    node.host.gpus[0]?.make(THEIRS, typeName("4"));
    node.host.put(foreignDomain(1, { vgpuIds: [THEIRS] }));
  });

  const adopt = (given: Partial<AdoptRequest> = {}): Promise<SliceClaim | undefined> =>
    node.clock.until(node.adoption.adopt(adoption(given), patient));
  const release = (): Promise<SliceClaim> =>
    node.clock.until(
      node.adoption.release(
        { vgpu: { by: "id", id: THEIRS }, requestId: undefined, method: "ReleaseVgpu", digest: "release" },
        patient,
      ),
    );
  const domain = (): Domain | undefined => node.host.domain(domainId(1));
  const states = (): string[] => node.ledger.all().map(({ kind, state }) => `${kind} ${state}`);

  it("is taken over with its domain, which is managed like any other then", async () => {
    const before = domain();
    const claim = await adopt();
    assert.deepEqual([claim?.kind, claim?.state, claim?.domain?.name], ["domain", "active", "foreign-1"]);
    assert.deepEqual({ ...domain(), mark: undefined }, before);
    assert.equal(domain()?.mark?.claimId, "adopted");
    await node.converge();
    assert.deepEqual(states(), ["domain active"]);
    await node.clock.until(node.service.stop(stopRequest(1), patient));
    await node.clock.until(node.service.destroy(stopRequest(1), patient));
    assert.deepEqual([node.host.domains, node.host.vgpuIds], [[], []]);
  });

  it("is taken over alone, and its domain is nobody's business", async () => {
    const before = domain();
    const claim = await adopt({ withDomain: false });
    assert.deepEqual([claim?.kind, claim?.state], ["vgpu", "active"]);
    await node.converge();
    assert.deepEqual([domain(), states()], [before, ["vgpu active"]]);
  });

  it("counts once, before and after", async () => {
    const { holdingsOf } = await import("../../../agent/lifecycle/holdings.ts");
    const count = async (): Promise<number> => holdingsOf(node.ledger, await node.lookout.fresh()).length;
    assert.equal(await count(), 1);
    await adopt();
    assert.equal(await count(), 1);
  });

  it("is only looked at by a request that validates", async () => {
    assert.equal(await adopt({ validateOnly: true }), undefined);
    assert.deepEqual([node.ledger.all(), domain()?.mark], [[], undefined]);
  });

  it("is given to a repeated request again, and to no other", async () => {
    const first = await adopt();
    assert.deepEqual(await adopt(), first);
    await assert.rejects(adopt({ withDomain: false }), refusedFor("CLAIM_REUSED"));
    await assert.rejects(adopt({ claimId: claimId("other") }), refusedFor("CLAIM_STATE"));
  });

  it("is not taken over with a domain that is not its alone, has others, or would be forgotten", async () => {
    node.host.put(foreignDomain(2, { vgpuIds: [THEIRS], state: "shut-off" }));
    await assert.rejects(adopt(), refusedFor("DOMAIN_NOT_ADOPTABLE"));
    node.host.forget(domainId(2));
    node.host.put(foreignDomain(1, { vgpuIds: [THEIRS], persistent: false }));
    await assert.rejects(adopt(), refusedFor("DOMAIN_NOT_ADOPTABLE"));
    node.host.put(foreignDomain(1, { vgpuIds: [THEIRS, foreignVgpuId(2)] }));
    await assert.rejects(adopt(), refusedFor("DOMAIN_NOT_ADOPTABLE"));
    node.host.put(foreignDomain(1));
    await assert.rejects(adopt(), refusedFor("DOMAIN_NOT_FOUND"));
    await assert.rejects(adopt({ vgpuId: foreignVgpuId(5) }), refusedFor("VGPU_NOT_FOUND"));
    assert.deepEqual(node.ledger.all(), []);
  });

  it("stays with others when the ledger cannot be written, or libvirt refuses the mark", async () => {
    const before = domain();
    node.store.breakDown();
    await assert.rejects(adopt(), refusedFor("LEDGER_UNAVAILABLE"));
    node.store.heal();
    node.host.refuse("mark-domain", new AgentError("LIBVIRT_REFUSED", "no"));
    await assert.rejects(adopt(), refusedFor("LIBVIRT_REFUSED"));
    assert.deepEqual([domain(), node.ledger.all()], [before, []]);
    assert.equal((await adopt())?.kind, "domain");
  });

  it("is gone on with after a crash or a lost answer, by the mark or by the same request", async () => {
    // The mark was not written: the slice alone is own, and the request goes on.
    node.host.refuse("mark-domain", new AgentError("LIBVIRT_TIMEOUT", "no answer"));
    await assert.rejects(adopt(), refusedFor("LIBVIRT_TIMEOUT"));
    node.restart();
    await node.converge();
    assert.deepEqual(states(), ["vgpu active"]);
    assert.equal((await adopt())?.kind, "domain");
    await release();
    // It was written, and the answer was lost.
    node.host.after = (call) =>
      call === "mark-domain"
        ? Promise.reject(new AgentError("LIBVIRT_TIMEOUT", "no answer"))
        : Promise.resolve();
    await assert.rejects(adopt({ claimId: claimId("again") }), refusedFor("LIBVIRT_TIMEOUT"));
    node.restart();
    await node.converge();
    assert.deepEqual(states(), ["domain active"]);
  });

  it("is rebuilt with its domain from the mark when the ledger is lost", async () => {
    await adopt();
    await node.store.erase(THEIRS);
    node.restart();
    await node.converge();
    const [claim] = node.ledger.all();
    assert.deepEqual([claim?.claimId, claim?.kind, claim?.state], ["adopted", "domain", "active"]);
  });

  it("is given up as it is, and stays so", async () => {
    const before = domain();
    await adopt();
    assert.equal((await release()).state, "gone");
    await node.converge();
    node.restart();
    await node.converge();
    assert.deepEqual([domain(), node.host.vgpuIds, states()], [before, [THEIRS], ["domain gone"]]);
    assert.equal((await release()).state, "gone");
    await assert.rejects(
      node.clock.until(node.service.destroy(stopRequest(1), patient)),
      refusedFor("DOMAIN_FOREIGN"),
    );
  });

  it("is given up for good when a crash comes between the mark and the ledger", async () => {
    const before = domain();
    await adopt();
    node.host.after = (call) =>
      call === "unmark-domain"
        ? Promise.reject(new AgentError("LIBVIRT_TIMEOUT", "no answer"))
        : Promise.resolve();
    await assert.rejects(release(), refusedFor("LIBVIRT_TIMEOUT"));
    node.restart();
    await node.converge();
    assert.deepEqual([domain(), node.host.vgpuIds, states()], [before, [THEIRS], ["domain gone"]]);
    assert.equal((await release()).state, "gone");
  });

  it("leaves no mark when it is given up half adopted, so that nobody takes it over again", async () => {
    const before = domain();
    node.host.after = (call) =>
      call === "mark-domain"
        ? Promise.reject(new AgentError("LIBVIRT_TIMEOUT", "no answer"))
        : Promise.resolve();
    await assert.rejects(adopt(), refusedFor("LIBVIRT_TIMEOUT"));
    assert.equal(domain()?.mark?.claimId, "adopted");
    await release();
    assert.deepEqual([domain(), states()], [before, ["vgpu gone"]]);
  });

  it("leaves no mark when it is deleted while its domain is marked", async () => {
    const before = domain();
    node.host.after = async (call) => {
      if (call !== "mark-domain") return;
      const now = node.ledger.get(THEIRS);
      if (now?.kind === "vgpu") await node.ledger.put({ ...now, state: "deleting", goal: "absent" });
    };
    await assert.rejects(adopt(), refusedFor("SUPERSEDED"));
    assert.deepEqual(domain(), before);
  });

  it("is not removed by a destroy that it is given up before", async () => {
    await adopt();
    let destroyed: Promise<unknown> = Promise.resolve();
    node.host.after = (call) => {
      if (call === "unmark-domain")
        destroyed = node.service.destroy(stopRequest(1), patient).catch((error: unknown) => error);
      return Promise.resolve();
    };
    await release().catch(() => undefined);
    await node.clock.until(destroyed);
    await node.converge();
    const [claim] = node.ledger.all();
    assert.equal(claim?.state, "gone");
    // Whoever came last has it: it was given up, or it is gone whole.
    assert.equal(node.host.vgpuIds.length, node.host.domains.length);
  });

  it("is as it was when libvirt refuses to take the mark off", async () => {
    await adopt();
    node.host.refuse("unmark-domain", new AgentError("LIBVIRT_REFUSED", "no"));
    await assert.rejects(release(), refusedFor("LIBVIRT_REFUSED"));
    // Somebody defines the domain anew: nobody has given it up.
    const shown = domain();
    assert.ok(shown);
    node.host.put({ ...shown, mark: undefined });
    await node.converge();
    assert.deepEqual(
      node.ledger.all().map(({ state, failure }) => [state, failure?.reason]),
      [["failed", "DOMAIN_VANISHED"]],
    );
  });

  it("is not given up while it is on its way, or when it is nobody's", async () => {
    await assert.rejects(release(), refusedFor("CLAIM_STATE"));
    await adopt();
    node.store.breakDown();
    await assert.rejects(release(), refusedFor("LEDGER_UNAVAILABLE"));
    assert.equal(domain()?.mark?.claimId, "adopted");
    node.store.heal();
    node.host.gpus[0]?.unmake(THEIRS);
    await assert.rejects(release(), refusedFor("CLAIM_STATE"));
  });

  it("may be one that vgpud made, and be taken back", async () => {
    await node.clock.until(node.service.create(createRequest(3), patient));
    const own = node.ledger.byClaimId(claimId("claim-3"));
    assert.ok(own);
    const identity = { requestId: undefined, method: "ReleaseVgpu", digest: "release" };
    const wanted = { vgpu: { by: "claim", claimId: own.claimId }, ...identity } as const;
    await node.clock.until(node.adoption.release(wanted, patient));
    assert.equal(node.host.domain(domainId(3))?.mark, undefined);
    await assert.rejects(
      node.clock.until(node.service.create(createRequest(3), patient)),
      refusedFor("CLAIM_ENDED"),
    );
    const again = await adopt({ vgpuId: own.vgpuId, claimId: claimId("back") });
    assert.deepEqual([again?.kind, again?.claimId], ["domain", "back"]);
  });
});
