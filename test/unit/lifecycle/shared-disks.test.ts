import assert from "node:assert/strict";
import { Ledger } from "../../../agent/lifecycle/ledger.ts";
import { refuseShared } from "../../../agent/lifecycle/shared-disks.ts";
import { onGpu } from "../../../agent/lifecycle/spec-on-gpu.ts";
import type { Domain, Inventory } from "../../../agent/inventory/model.ts";
import type { DomainSpec } from "../../../agent/lifecycle/domain-spec.ts";
import { claim, claimedDomain, disk, domainSpec, foreignDomain, sliceShare } from "../../fakes/claims.ts";
import { FakeHost } from "../../fakes/fake-host.ts";
import { FakeGpu } from "../../fakes/fake-kernel.ts";
import { pciAddress } from "../../fakes/ids.ts";
import { MemoryStore } from "../../fakes/memory-store.ts";

async function inventory(...domains: readonly Domain[]): Promise<Inventory> {
  const host = new FakeHost({ gpus: [new FakeGpu(pciAddress(), 512)], wall: () => 0 });
  for (const domain of domains) host.put(domain);
  return { ...(await host.look()), revision: 1 };
}

const reads = disk("/srv/a", { readonly: true });
const writes = disk("/srv/a");
const over = disk("/srv/top", { backing: ["/srv/a"] });

describe("a disk of two domains", () => {
  const asked = async (wanted: Partial<DomainSpec>, other: Partial<DomainSpec>): Promise<void> => {
    const owner = claim(2, { domain: claimedDomain(domainSpec(2, other)) });
    refuseShared(domainSpec(1, wanted), new Ledger(new MemoryStore(), [owner]), await inventory());
  };

  it("is refused when one of the two may write, chains and logs included", async () => {
    const pairs: readonly (readonly [Partial<DomainSpec>, Partial<DomainSpec>])[] = [
      [{ disks: [writes] }, { disks: [writes] }],
      [{ disks: [writes] }, { disks: [reads] }],
      [{ disks: [reads] }, { disks: [writes] }],
      [{ disks: [writes] }, { disks: [over] }],
      [{ disks: [over] }, { disks: [writes] }],
      [{ seedIso: "/srv/a" }, { disks: [writes] }],
      [{ serial: { logPath: "/srv/a" } }, { disks: [reads] }],
    ];
    for (const [wanted, other] of pairs)
      await assert.rejects(asked(wanted, other), {
        reason: "DISK_IN_USE",
        details: { path: "/srv/a", domain_name: "guest-2", domain_uuid: claim(2).domain.id },
      });
  });

  it("is allowed when both only read, and when the other is gone", async () => {
    await asked({ disks: [reads] }, { disks: [reads] });
    await asked({ disks: [over] }, { disks: [disk("/srv/top-2", { backing: ["/srv/a"] })] });
    await asked({ seedIso: "/srv/a" }, { disks: [reads] });
    const gone = claim(2, {
      state: "gone",
      goal: "absent",
      domain: claimedDomain(domainSpec(2, { disks: [writes] })),
    });
    refuseShared(
      domainSpec(1, { disks: [writes] }),
      new Ledger(new MemoryStore(), [gone]),
      await inventory(),
    );
  });

  it("is refused when somebody else's domain names it, running or not", async () => {
    const theirs = foreignDomain(9, { state: "shut-off", files: [{ path: "/srv/a", writable: false }] });
    const ledger = new Ledger(new MemoryStore(), []);
    const seen = await inventory(theirs);
    assert.throws(
      () => {
        refuseShared(domainSpec(1, { disks: [writes] }), ledger, seen);
      },
      { reason: "DISK_IN_USE" },
    );
    refuseShared(domainSpec(1, { disks: [reads] }), ledger, seen);
  });

  it("is refused twice in one domain that may write to it", async () => {
    const seen = await inventory();
    assert.throws(
      () => {
        refuseShared(domainSpec(1, { disks: [writes, reads] }), new Ledger(new MemoryStore(), []), seen);
      },
      { reason: "FIELD_INVALID", field: "domain.disks" },
    );
  });
});

describe("a specification on its GPU", () => {
  const placed = { gpu: pciAddress(), share: sliceShare("4") };

  it("gets its memory from the GPU's node unless it names others", async () => {
    const seen = await inventory();
    const gpus = new Map([...seen.gpus].map(([address, gpu]) => [address, { ...gpu, numaNode: 1 }]));
    const nodes = (numa: DomainSpec["numa"], on: Inventory): unknown =>
      onGpu(domainSpec(1, { numa }), placed, { inventory: on, byDeviceModel: false }).numa?.nodes;
    assert.deepEqual(nodes({ mode: "strict", nodes: [] }, { ...seen, gpus }), [1]);
    assert.deepEqual(nodes({ mode: "strict", nodes: [0] }, { ...seen, gpus }), [0]);
    assert.equal(nodes(undefined, { ...seen, gpus }), undefined);
    const without = new Map(
      [...seen.gpus].map(([address, gpu]) => [address, { ...gpu, numaNode: undefined }]),
    );
    assert.deepEqual(nodes({ mode: "strict", nodes: [] }, { ...seen, gpus: without }), []);
  });

  it("is refused a screen larger than the type's", async () => {
    const seen = await inventory();
    const display = (width: number, height: number): Partial<DomainSpec> => ({
      display: { ramfb: false, size: { width, height } },
    });
    onGpu(domainSpec(1, display(1920, 1200)), placed, { inventory: seen, byDeviceModel: false });
    for (const [width, height, field] of [
      [1921, 1200, "width"],
      [1920, 1201, "height"],
    ] as const)
      assert.throws(
        () => onGpu(domainSpec(1, display(width, height)), placed, { inventory: seen, byDeviceModel: false }),
        {
          reason: "FIELD_INVALID",
          field: `domain.vgpu_display.${field}`,
        },
      );
  });
});
