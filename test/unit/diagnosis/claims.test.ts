// What is said of domains that bear vgpud's mark and stand in no claim.
import assert from "node:assert/strict";
import { domainWithoutClaim } from "../../../agent/diagnosis/checks/claims.ts";
import type { OrphanDomain, OrphanDomainsReading } from "../../../agent/diagnosis/orphan-domains.ts";
import { severityOf } from "../../../agent/diagnosis/words.ts";
import { domainId } from "../../fakes/ids.ts";
import { toldOfAnAgent } from "./told-of-an-agent.ts";

const orphan = (n: number, isOn = false, hasEnded = false): OrphanDomain => ({
  ...{ id: domainId(n), name: `desk-${n}`, claimId: `claim-${n}`, isOn, hasEnded },
});

const told = (orphans: OrphanDomainsReading | undefined, hypervisor: "kvm" | "xen" = "kvm") =>
  toldOfAnAgent(domainWithoutClaim, { hypervisor, ...(orphans && { orphans }) });

const of = (...domains: readonly OrphanDomain[]): OrphanDomainsReading => ({ known: true, domains });

describe("the condition of domains that stand in no claim", () => {
  it("passes where there is none, and means nothing without an agent", async () => {
    assert.equal((await told(of())).found, "pass none");
    assert.equal((await told(undefined)).found, "not-applicable no-agent");
  });

  it("is not known while the domains are not", async () => {
    const { found, message } = await told({ known: false, why: "libvirt does not answer" });
    assert.equal(found, "unknown not-known");
    assert.match(message, /libvirt does not answer/);
  });

  it("names one, with what undefines it and what leaves it to others, and shows all", async () => {
    const { found, message, remedy, condition } = await told(of(orphan(1), orphan(2)));
    assert.equal(found, "fail off");
    assert.equal(severityOf(condition), "warning");
    assert.match(
      message,
      new RegExp(`: 2, as desk-1 \\(${domainId(1)}\\), made for claim claim-1, which is off`),
    );
    assert.match(
      remedy,
      new RegExp(
        `virsh -c qemu:///system undefine ${domainId(1)} --managed-save --nvram --snapshots-metadata --checkpoints-metadata\\.`,
      ),
    );
    assert.match(remedy, new RegExp(`metadata ${domainId(1)} urn:vgpud:claim:1 --remove --config$`));
    assert.deepEqual(
      condition.evidence.map(({ value }) => value),
      ["marked for claim claim-1, off", "marked for claim claim-2, off"],
    );
  });

  it("names first one that is on, which has to be shut down before", async () => {
    const { found, remedy } = await told(of(orphan(1), orphan(2, true)));
    assert.equal(found, "fail on");
    assert.match(remedy, new RegExp(`shutdown ${domainId(2)}, then virsh -c qemu:///system undefine`));
    assert.match(remedy, /--remove --config --live$/);
  });

  it("leads to vgpuctl where the ledger has the end of its claim", async () => {
    const { remedy } = await told(of(orphan(1, false, true)));
    assert.match(remedy, new RegExp(`undefine it: vgpuctl destroy ${domainId(1)}\\. Where it is to stay`));
    const { remedy: first } = await told(of(orphan(1, true, true)));
    assert.match(first, new RegExp(`shutdown ${domainId(1)}, then vgpuctl destroy ${domainId(1)}\\.`));
  });

  it("speaks to libvirt's driver for Xen on a host of Xen, which knows no NVRAM", async () => {
    const { remedy } = await told(of(orphan(1)), "xen");
    assert.match(remedy, new RegExp(`virsh -c xen:///system undefine ${domainId(1)} --managed-save\\.`));
  });
});
