// Which domains with our mark nobody answers for.
import assert from "node:assert/strict";
import type { Domain, Inventory } from "../../../agent/inventory/model.ts";
import type { Claim, DomainClaim } from "../../../agent/lifecycle/claim.ts";
import { Ledger } from "../../../agent/lifecycle/ledger.ts";
import { orphanDomains } from "../../../agent/lifecycle/orphan-domains.ts";
import { claim, domainOf, foreignDomain } from "../../fakes/claims.ts";
import { FakeHost } from "../../fakes/fake-host.ts";
import { FakeGpu } from "../../fakes/fake-kernel.ts";
import { pciAddress } from "../../fakes/ids.ts";
import { MemoryStore } from "../../fakes/memory-store.ts";

const LOOK = 1_000;

async function inventoryOf(...domains: readonly Domain[]): Promise<Inventory> {
  const host = new FakeHost({ gpus: [new FakeGpu(pciAddress(), 512)], wall: () => LOOK });
  for (const domain of domains) host.put(domain);
  return { ...(await host.look()), revision: 1 };
}

async function inventoryWithoutLibvirt(): Promise<Inventory> {
  const domains = { known: false, why: "libvirt is away", away: "libvirt" } as const;
  return { ...(await inventoryOf()), domains };
}

/** By the names of the domains, on a host that stays as it is. */
async function orphans(claims: readonly Claim[], ...domains: readonly Domain[]): Promise<readonly string[]> {
  const ledger = new Ledger(new MemoryStore(), claims);
  const seen = await orphanDomains(ledger, await inventoryOf(...domains), () => inventoryOf(...domains));
  return seen.map(({ name }) => name);
}

const ended = (n: number, updatedAt = LOOK - 1): DomainClaim =>
  claim(n, { state: "gone", goal: "absent", updatedAt });

describe("domains with vgpud's mark that stand in no claim", () => {
  it("are those that were destroyed and are defined again", async () => {
    assert.deepEqual(await orphans([ended(1), claim(2)], domainOf(claim(1)), domainOf(claim(2))), [
      "guest-1",
    ]);
  });

  it("are none that a look shows which began before they were destroyed", async () => {
    for (const updatedAt of [LOOK, LOOK + 1])
      assert.deepEqual(await orphans([ended(1, updatedAt)], domainOf(claim(1))), []);
  });

  it("are none whose claim is rebuilt from the mark", async () => {
    assert.deepEqual(await orphans([], domainOf(claim(1))), []);
  });

  it("are those whose claim cannot be rebuilt, since they name their vGPU no more", async () => {
    assert.deepEqual(await orphans([], domainOf(claim(1), { vgpuIds: [] })), ["guest-1"]);
  });

  it("are none that a look shows which began before a failed create was undone and forgotten", async () => {
    const created = claim(1);
    const ledger = new Ledger(new MemoryStore(), [created]);
    // What libvirt has made of the definition does not have its vGPU, for which the create fails.
    const before = await inventoryOf(domainOf(created, { vgpuIds: [] }), foreignDomain(3));
    await ledger.erase(created.vgpuId);
    assert.deepEqual(await orphanDomains(ledger, before, () => inventoryOf(foreignDomain(3))), []);
  });

  it("are none of a second failed create that only the look after shows", async () => {
    const ledger = new Ledger(new MemoryStore(), []);
    const [first, second] = [1, 2].map((n) => domainOf(claim(n), { vgpuIds: [] }));
    assert.ok(first && second);
    assert.deepEqual(await orphanDomains(ledger, await inventoryOf(first), () => inventoryOf(second)), []);
  });

  it("are not looked for again where the ledger knows what they were", async () => {
    const ledger = new Ledger(new MemoryStore(), [ended(1)]);
    const lookAgain = (): never => assert.fail("looked again");
    const seen = await orphanDomains(ledger, await inventoryOf(domainOf(claim(1))), lookAgain);
    assert.deepEqual(
      seen.map(({ name }) => name),
      ["guest-1"],
    );
  });

  it("are those whose claim id is another domain's now", async () => {
    const successor = claim(2, { claimId: claim(1).claimId });
    assert.deepEqual(await orphans([successor], domainOf(claim(1)), domainOf(successor)), ["guest-1"]);
  });

  it("are none of others, copies of ours included", async () => {
    const copy = { ...foreignDomain(5), mark: domainOf(claim(1)).mark };
    assert.deepEqual(await orphans([ended(1)], copy, foreignDomain(3)), []);
  });

  it("are not known while libvirt is away", async () => {
    const away = await inventoryWithoutLibvirt();
    const ledger = new Ledger(new MemoryStore(), [ended(1)]);
    assert.deepEqual(await orphanDomains(ledger, away, () => Promise.resolve(away)), []);
  });

  it("are not known where libvirt is away when they are looked for again", async () => {
    const ledger = new Ledger(new MemoryStore(), [ended(1)]);
    const seen = await inventoryOf(domainOf(claim(1)), domainOf(claim(2), { vgpuIds: [] }));
    await assert.rejects(orphanDomains(ledger, seen, inventoryWithoutLibvirt), {
      reason: "LIBVIRT_UNAVAILABLE",
    });
  });

  it("are those that the ledger knows also where others are looked for again", async () => {
    const ledger = new Ledger(new MemoryStore(), [ended(1)]);
    const seen = await inventoryOf(domainOf(claim(1)), domainOf(claim(2), { vgpuIds: [] }));
    const still = await orphanDomains(ledger, seen, () => inventoryOf(domainOf(claim(1))));
    assert.deepEqual(
      still.map(({ name }) => name),
      ["guest-1"],
    );
  });
});
