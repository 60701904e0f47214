// CreateDomain from the request to the host and back, on a fake host.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import { typeOf } from "../../../agent/inventory/share.ts";
import type { DomainResult } from "../../../agent/lifecycle/domain-service.ts";
import { FakeNode } from "../../fakes/node.ts";
import { createRequest, patient, stopRequest } from "../../fakes/requests.ts";
import { typeName } from "../../fakes/fake-kernel.ts";
import { domainId, foreignVgpuId, pciAddress } from "../../fakes/ids.ts";
import { foreignDomain, disk } from "../../fakes/claims.ts";

type Request = ReturnType<typeof createRequest>;

async function create(node: FakeNode, request: Request): Promise<DomainResult> {
  const result = await node.clock.until(node.service.create(request, patient));
  assert.ok("operation" in result, "a create answers with its claim");
  return result;
}

function nothingIsLeft(node: FakeNode): void {
  assert.deepEqual(node.host.vgpuIds, []);
  assert.deepEqual(node.host.domains, []);
  assert.deepEqual(node.store.records, []);
  assert.deepEqual(node.ledger.all(), []);
}

describe("creating a domain", () => {
  it("makes the slice, defines and starts the domain, and answers with what it placed where", async () => {
    const node = new FakeNode();
    const { claim, operation } = await create(node, createRequest(1));
    assert.equal(claim.state, "active");
    assert.equal(operation.ended?.failure, undefined);
    assert.deepEqual(node.host.vgpuIds, [claim.vgpuId]);
    assert.equal(node.host.domain(domainId(1))?.state, "running");
    assert.deepEqual(node.host.domain(domainId(1))?.vgpuIds, [claim.vgpuId]);
    assert.equal(claim.placement?.gpu, pciAddress());
    assert.deepEqual(node.store.records, [claim]);
  });

  it("answers when the view shows the host as the create left it, not as it was on the way", async () => {
    const node = new FakeNode();
    const answered = node.service.create(createRequest(1), patient).then(() => node.lookout.current?.domains);
    const domains = await node.clock.until(answered);
    assert.ok(domains?.known);
    assert.equal(domains.value.get(domainId(1))?.state, "running");
  });

  it("does nothing but place when it shall only validate", async () => {
    const node = new FakeNode();
    const placed = await node.clock.until(
      node.service.create(createRequest(1, { validateOnly: true }), patient),
    );
    assert.ok(!("claim" in placed));
    assert.equal(placed.gpu, pciAddress());
    nothingIsLeft(node);
  });

  it("tells of each decision once, whatever came of it, and of none for a retry", async () => {
    const node = new FakeNode(256);
    await create(node, createRequest(1));
    await create(node, createRequest(1));
    await node.clock
      .until(node.service.create(createRequest(2, { validateOnly: true }), patient))
      .catch(() => 0);
    const told = node.placements.map(({ decision, claimId, domainName, validateOnly }) => [
      decision.ok ? decision.gpu : decision.reason,
      ...[claimId, domainName === "" ? "unnamed" : "named", validateOnly],
    ]);
    assert.deepEqual(told, [
      [pciAddress(), "claim-1", "named", false],
      ["APERTURE_EXHAUSTED", "claim-2", "named", true],
    ]);
  });

  it("refuses a path outside the storage roots and leaves nothing", async () => {
    const node = new FakeNode();
    await assert.rejects(create(node, createRequest(1, { domain: { disks: [disk("/etc/shadow")] } })), {
      reason: "PATH_NOT_ALLOWED",
    });
    nothingIsLeft(node);
  });

  it("refuses the UUID or the name of a domain that somebody else made", async () => {
    const node = new FakeNode();
    node.host.put(foreignDomain(1, { name: "web" }));
    await assert.rejects(create(node, createRequest(1)), { reason: "DOMAIN_UUID_EXISTS" });
    await assert.rejects(create(node, createRequest(2, { domain: { name: "web" } })), {
      reason: "DOMAIN_NAME_EXISTS",
    });
    assert.deepEqual(node.host.domains, [foreignDomain(1, { name: "web" })]);
    assert.deepEqual(node.store.records, []);
  });

  it("names what is missing when there is no room", async () => {
    const node = new FakeNode(256);
    await create(node, createRequest(1));
    await assert.rejects(create(node, createRequest(2)), { reason: "APERTURE_EXHAUSTED", kind: "no-room" });
  });

  it("counts a slice that somebody else made", async () => {
    const node = new FakeNode(256);
    node.host.gpus[0]?.make(foreignVgpuId(1), typeName("4"));
    await assert.rejects(create(node, createRequest(1)), { reason: "APERTURE_EXHAUSTED" });
    assert.deepEqual(node.host.vgpuIds, [foreignVgpuId(1)]);
  });

  it("writes nothing while libvirt is away", async () => {
    const node = new FakeNode();
    node.host.libvirtAway = "connection refused";
    await assert.rejects(create(node, createRequest(1)), {
      reason: "LIBVIRT_UNAVAILABLE",
      kind: "unavailable",
    });
    nothingIsLeft(node);
  });

  it("does nothing when the claim cannot be written down", async () => {
    const node = new FakeNode();
    node.store.breakDown();
    await assert.rejects(create(node, createRequest(1)), { reason: "LEDGER_UNAVAILABLE" });
    nothingIsLeft(node);
  });

  it("tells a retry that joined it that the claim cannot be written down", async () => {
    const node = new FakeNode();
    let breaks: () => void = () => undefined;
    const disk = new Promise<never>((_resolve, reject) => {
      breaks = () => {
        reject(new Error("no space left on device"));
      };
    });
    node.store.before = () => disk;
    const first = node.service.create(createRequest(1), patient);
    while (node.ledger.all().length === 0) await Promise.resolve();
    const joined = node.service.create(createRequest(1), patient);
    breaks();
    await assert.rejects(first, { reason: "LEDGER_UNAVAILABLE" });
    await assert.rejects(node.clock.until(joined), { reason: "LEDGER_UNAVAILABLE" });
    nothingIsLeft(node);
  });

  it("lets exactly one of two have the last room", async () => {
    const node = new FakeNode(256);
    const both = Promise.allSettled([create(node, createRequest(1)), create(node, createRequest(2))]);
    const [first, second] = await both;
    assert.equal(first.status, "fulfilled");
    assert.ok(second.status === "rejected" && second.reason instanceof AgentError);
    assert.equal(second.reason.kind, "no-room");
    assert.equal(node.host.vgpuIds.length, 1);
    assert.equal(node.ledger.all().length, 1);
  });

  it("lets exactly one of two have a name", async () => {
    const node = new FakeNode(1024);
    const named = (n: number): Request => createRequest(n, { domain: { name: "web" } });
    const results = await Promise.allSettled([create(node, named(1)), create(node, named(2))]);
    assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    assert.equal(node.host.domains.length, 1);
  });
});

describe("a create that fails", () => {
  const failures = [
    { call: "create-vgpu", reason: "GM_FRAGMENTED" },
    { call: "create-vgpu", reason: "KERNEL_REFUSED" },
    { call: "define-domain", reason: "LIBVIRT_REFUSED" },
    { call: "start-domain", reason: "LIBVIRT_REFUSED" },
  ] as const;
  for (const { call, reason } of failures)
    it(`at ${call} with ${reason} is undone and forgotten, and the same claim id may try again`, async () => {
      const node = new FakeNode();
      node.host.refuse(call, new AgentError(reason, "no"));
      await assert.rejects(create(node, createRequest(1)), { reason });
      nothingIsLeft(node);
      assert.equal((await create(node, createRequest(1))).claim.state, "active");
    });

  it("because the kernel did not answer leaves no slice when the kernel makes it after all", async () => {
    const node = new FakeNode();
    node.host.before = (call) => {
      if (call === "create-vgpu")
        return Promise.reject(new AgentError("KERNEL_TIMEOUT", "no answer in 10 s"));
      const [late] = node.ledger.all();
      if (call === "remove-vgpu" && late) node.host.gpus[0]?.make(late.vgpuId, typeOf(late.share));
      return Promise.resolve();
    };
    await assert.rejects(create(node, createRequest(1)), { reason: "KERNEL_TIMEOUT" });
    assert.ok(node.events.some((event) => event.kind === "step-done" && event.step === "remove-vgpu"));
    nothingIsLeft(node);
  });

  it("because libvirt does not come back is undone once it is there again", async () => {
    const node = new FakeNode();
    node.host.before = (call) => {
      if (call === "define-domain") node.host.libvirtAway = "connection refused";
      return Promise.resolve();
    };
    await assert.rejects(create(node, createRequest(1)), {
      reason: "LIBVIRT_UNAVAILABLE",
      message: /libvirt does not answer: connection refused/,
    });
    node.host.before = () => Promise.resolve();
    node.host.libvirtAway = undefined;
    await node.converge();
    nothingIsLeft(node);
  });

  it("because libvirt was away for a moment is tried again instead", async () => {
    const node = new FakeNode();
    node.host.refuse("define-domain", new AgentError("LIBVIRT_TIMEOUT", "no answer in 30 s"), 2);
    assert.equal((await create(node, createRequest(1))).claim.state, "active");
  });

  it("after libvirt did it but lost the answer finds it done", async () => {
    const node = new FakeNode();
    let lost = false;
    node.host.after = (call) => {
      if (call !== "start-domain" || lost) return Promise.resolve();
      lost = true;
      return Promise.reject(new AgentError("LIBVIRT_TIMEOUT", "no answer in 30 s"));
    };
    assert.equal((await create(node, createRequest(1))).claim.state, "active");
  });

  it("is joined by a retry that comes while it is being undone, and tells it why", async () => {
    const node = new FakeNode();
    let retry: Promise<DomainResult> | undefined;
    node.host.refuse("start-domain", new AgentError("LIBVIRT_REFUSED", "no"));
    node.host.after = (call) => {
      if (call === "remove-vgpu") retry = create(node, createRequest(1));
      return Promise.resolve();
    };
    await assert.rejects(create(node, createRequest(1)), { reason: "LIBVIRT_REFUSED" });
    assert.ok(retry);
    await assert.rejects(retry, { reason: "LIBVIRT_REFUSED" });
  });

  it("never defines over a domain that took the UUID meanwhile", async () => {
    const node = new FakeNode();
    const stranger = foreignDomain(1, { name: "guest-1", state: "shut-off" });
    node.host.refuse("define-domain", new AgentError("LIBVIRT_TIMEOUT", "no answer"), 1);
    const refuse = node.host.before;
    node.host.before = (call) => {
      if (call === "define-domain") node.host.put(stranger);
      return refuse(call);
    };
    await assert.rejects(create(node, createRequest(1)), { reason: "DOMAIN_UUID_EXISTS" });
    assert.deepEqual(node.host.domains, [stranger]);
    assert.deepEqual(node.host.vgpuIds, []);
    assert.deepEqual(node.store.records, []);
  });
});

describe("asking for the same claim again", () => {
  it("at the same time makes one domain and tells both", async () => {
    const node = new FakeNode();
    const [one, two] = await Promise.all([create(node, createRequest(1)), create(node, createRequest(1))]);
    assert.equal(one.claim.vgpuId, two.claim.vgpuId);
    assert.equal(one.operation.id, two.operation.id);
    assert.equal(node.host.domains.length, 1);
  });

  it("later answers with what there is", async () => {
    const node = new FakeNode();
    const { claim } = await create(node, createRequest(1));
    assert.deepEqual((await create(node, createRequest(1))).claim, claim);
  });

  it("later does not wait for a stop, nor repeat how a start went", async () => {
    const node = new FakeNode(256);
    await create(node, createRequest(1));
    node.host.deaf.add(domainId(1));
    const stop = node.service.stop(stopRequest(1, { mayForce: false }), patient);
    await node.clock.rest();
    assert.equal((await create(node, createRequest(1))).claim.goal, "stopped");
    node.host.become(domainId(1), "shut-off");
    await node.clock.until(stop);
    node.host.refuse("start-domain", new AgentError("LIBVIRT_REFUSED", "no"));
    const identity = { domainId: domainId(1), requestId: undefined, method: "StartDomain", digest: "start" };
    await assert.rejects(node.clock.until(node.service.start(identity, patient)), {
      reason: "LIBVIRT_REFUSED",
    });
    assert.equal((await create(node, createRequest(1))).claim.state, "stopped");
  });

  it("with another request is a mistake", async () => {
    const node = new FakeNode();
    await create(node, createRequest(1));
    const { name } = createRequest(1).spec;
    await assert.rejects(create(node, createRequest(1, { digest: "other" })), {
      reason: "CLAIM_REUSED",
      message: `claim id ${createRequest(1).claimId} stands for another request, by which domain ${name} was made`,
    });
  });

  it("after its domain was destroyed does not raise the dead", async () => {
    const node = new FakeNode();
    await create(node, createRequest(1));
    await node.clock.until(node.service.destroy(stopRequest(1), patient));
    await assert.rejects(create(node, createRequest(1)), { reason: "CLAIM_ENDED" });
    assert.deepEqual(node.host.domains, []);
    node.restart();
    await assert.rejects(create(node, createRequest(1)), { reason: "CLAIM_ENDED" });
  });

  it("refuses a request id that came with another request", async () => {
    const node = new FakeNode(1024);
    await create(node, createRequest(1, { requestId: "r" }));
    assert.equal((await create(node, createRequest(1, { requestId: "r" }))).claim.state, "active");
    await assert.rejects(create(node, createRequest(2, { requestId: "r" })), { reason: "REQUEST_ID_REUSED" });
    const start = { domainId: domainId(1), requestId: "r", method: "StartDomain", digest: "create-1" };
    await assert.rejects(node.service.start(start, patient), { reason: "REQUEST_ID_REUSED" });
  });

  it("forgets the request id of a create that left nothing", async () => {
    const node = new FakeNode();
    node.host.refuse("create-vgpu", new AgentError("KERNEL_REFUSED", "no"));
    await assert.rejects(create(node, createRequest(1, { requestId: "r" })), { reason: "KERNEL_REFUSED" });
    assert.equal((await create(node, createRequest(2, { requestId: "r" }))).claim.state, "active");
  });
});

describe("the ledger before the host", () => {
  it("lets nothing be made for a claim that is not on disk yet", async () => {
    const node = new FakeNode();
    const goOn = node.store.hang();
    const answer = node.service.create(createRequest(1), patient);
    await node.clock.rest();
    await node.reconciler.round();
    await node.clock.rest();
    assert.deepEqual(node.host.vgpuIds, []);
    goOn();
    await node.clock.until(answer);
    assert.equal(node.host.domain(domainId(1))?.state, "running");
  });

  it("lets nothing be undone for a destroy that is not on disk yet", async () => {
    const node = new FakeNode();
    await create(node, createRequest(1));
    const goOn = node.store.hang();
    const answer = node.service.destroy(stopRequest(1, { graceMs: 0 }), patient);
    await node.clock.rest();
    await node.reconciler.round();
    await node.clock.rest();
    assert.equal(node.host.domain(domainId(1))?.state, "running");
    goOn();
    assert.equal((await node.clock.until(answer)).claim.state, "gone");
  });
});
