// What a kernel that refuses makes of a create, and a slice that somebody holds of a destroy: part of "vgpud on a real kernel and
// libvirt".
import assert from "node:assert/strict";
import type { Domain } from "../../proto/gen/vgpud/v1/domain.ts";
import { defined, refusalOf } from "./agent-client.ts";
import { domainRequest, eventually, makeDisk, until, type AgentInBed } from "./agent-in-bed.ts";
import type { Bed } from "./bed.ts";
import * as gpu from "./gpu.ts";
import { leftOvers, ledgerStates, nothing } from "./host-state.ts";

interface Failing {
  readonly bed: () => Bed;
  readonly agent: () => AgentInBed;
}

const whole = { 8: 6, 4: 3, 2: 1 };

/** No slice, no domain, no process, all room, and no claim but those that were destroyed. */
export async function assertNothingLeft(bed: Bed): Promise<void> {
  assert.deepEqual(await leftOvers(bed), nothing);
  assert.deepEqual(await gpu.available(bed), whole);
  assert.deepEqual(
    [...new Set(await ledgerStates(bed))].filter((state) => state !== "gone"),
    [],
  );
}

/** Cases of a `describe`: there is nothing on the host, and nothing afterwards. */
export function refusedByTheKernel({ bed, agent }: Failing): void {
  before(() => makeDisk(bed(), "again"));

  afterEach(async () => {
    await gpu.setKnob(bed(), "fail_create", "0");
    await gpu.setKnob(bed(), "fragment", "none");
  });

  it("leaves nothing after an input/output error, which is named", async () => {
    await gpu.setKnob(bed(), "fail_create", "5");
    const refusal = await refusalOf(agent().client.createDomain(domainRequest("again", "2")));
    assert.equal(refusal.code, "FAILED_PRECONDITION");
    assert.equal(refusal.reason, "KERNEL_REFUSED");
    assert.match(refusal.message, /EIO/);
    await assertNothingLeft(bed());
    assert.equal((await agent().client.listDomains()).domains.length, 0);
  });

  it("is told to be fragmented when the kernel counts room and finds no range", async () => {
    await gpu.setKnob(bed(), "fragment", "low 200 112");
    assert.equal((await gpu.available(bed()))["2"], 1);
    const refusal = await refusalOf(agent().client.createDomain(domainRequest("again", "2")));
    assert.equal(refusal.code, "RESOURCE_EXHAUSTED");
    assert.equal(refusal.reason, "GM_FRAGMENTED");
    await assertNothingLeft(bed());
  });

  it("may be tried again under the same claim id, and succeeds", async () => {
    const { domain } = await agent().client.createDomain(domainRequest("again", "2"));
    assert.equal(domain?.state, "DOMAIN_STATE_RUNNING");
    assert.deepEqual(await gpu.available(bed()), { 8: 2, 4: 1, 2: 0 });
    assert.equal((await agent().client.destroyDomain("again")).claimState, "CLAIM_STATE_GONE");
  });
}

/** Cases of a `describe`: there is nothing on the host, and nothing afterwards. */
export function heldBeyondItsDomain({ bed, agent }: Failing): void {
  let device: string;
  let holder: { readonly pid: number; readonly command: string };

  before(async () => {
    await makeDisk(bed(), "late");
    await agent().client.createDomain(domainRequest("late", "8"));
    await agent().client.stopDomain("late", 0);
    device = `/sys/bus/mdev/devices/${defined((await leftOvers(bed())).slices[0])}`;
    const machine = "qemu-system-x86_64 -M q35 -m 16 -nodefaults -display none -S";
    bed().background(`echo $$ > /tmp/holder; exec ${machine} -device vfio-pci,sysfsdev=${device}`);
    await until(bed(), "ls -l /proc/$(cat /tmp/holder)/fd 2>/dev/null | grep -q vfio-device");
    holder = { pid: Number(await bed().check("cat /tmp/holder")), command: "qemu-system-x86" };
  });

  it("makes a destroy answer in time with DELETING and the holder's name, and others are served", async () => {
    const destroyed = agent().client.destroyDomain("late");
    const vgpus = await eventually(
      () => agent().client.listVgpus(),
      ([vgpu]) => vgpu?.claimState === "CLAIM_STATE_DELETING",
    );
    assert.equal(vgpus.length, 1);
    assertHeld(await destroyed, holder);
  });

  it("stays DELETING while a removal by somebody else hangs in the kernel", async () => {
    bed().background(`exec bash -c 'echo $$ > /tmp/remover; echo 1 > ${device}/remove'`);
    await until(bed(), "grep -qs vfio_unregister_group_dev /proc/$(cat /tmp/remover)/stack");
    const tried = await triesToRemove();
    // Two more: one may have been under way.
    await eventually(
      () => triesToRemove(),
      (now) => now >= tried + 2,
    );
    assertHeld(await agent().client.getClaim("claim-late"), holder);
    assert.notDeepEqual(await gpu.available(bed()), whole);
  });

  it("is gone by itself when the holder ends", async () => {
    await bed().check(`kill ${holder.pid}`);
    await eventually(
      () => agent().client.getClaim("claim-late"),
      ({ claimState }) => claimState === "CLAIM_STATE_GONE",
    );
    await assertNothingLeft(bed());
  });

  async function triesToRemove(): Promise<number> {
    const metrics = await agent().metrics();
    return metrics.get('vgpud_lifecycle_step_failures_total{reason="VGPU_IN_USE"}') ?? 0;
  }
}

function assertHeld(
  { claimState, failure, holders }: Domain,
  holder: { readonly pid: number; readonly command: string },
): void {
  assert.equal(claimState, "CLAIM_STATE_DELETING");
  assert.equal(failure?.reason, "VGPU_IN_USE");
  assert.deepEqual(holders, [holder]);
  assert.match(failure.message, new RegExp(`${holder.command}\\[${holder.pid}\\]`));
}
