// What somebody does to domains with virsh, and a guest to itself: part of "vgpud on a real kernel and libvirt".
import assert from "node:assert/strict";
import type { Domain } from "../../proto/gen/vgpud/v1/domain.ts";
import { eventually, type AgentInBed } from "./agent-in-bed.ts";
import type { Bed } from "./bed.ts";
import { leftOvers, vfioGroupHeld } from "./host-state.ts";

interface Operated {
  readonly bed: () => Bed;
  readonly agent: () => AgentInBed;
  readonly sliceOf: (name: string) => Promise<string>;
}

/** Cases of a `describe`: `web` runs and holds its slice while it is off, `db` runs and would give it back. They leave `db` off. */
export function operates({ bed, agent, sliceOf }: Operated): void {
  const virsh = (words: string): Promise<string> => bed().check(`virsh -q ${words}`, { timeoutMs: 120_000 });
  const seen = (name: string, state: string, claimState: string): Promise<Domain> =>
    eventually(
      () => agent().client.getClaim(`claim-${name}`),
      (shown) => shown.state === `DOMAIN_STATE_${state}` && shown.claimState === `CLAIM_STATE_${claimState}`,
    );

  it("suspended it keeps its slice, is shown as paused, and goes on", async () => {
    const slice = await sliceOf("web");
    await virsh("suspend web");
    await seen("web", "PAUSED", "ACTIVE");
    await vfioGroupHeld(bed(), "web", slice);
    await virsh("resume web");
    await seen("web", "RUNNING", "ACTIVE");
  });

  it("reset, as by a guest that boots again, it is the same QEMU with the same slice", async () => {
    const slice = await sliceOf("web");
    const pid = await bed().check("cat /run/libvirt/qemu/web.pid");
    await virsh("reset web");
    await vfioGroupHeld(bed(), "web", slice);
    assert.equal(await bed().check("cat /run/libvirt/qemu/web.pid"), pid);
    await seen("web", "RUNNING", "ACTIVE");
  });

  it("is not saved to a file by libvirt, and runs on", async () => {
    const { code, stderr } = await bed().run("virsh -q managedsave web");
    assert.notEqual(code, 0);
    assert.match(stderr, /hostdev|host device|migrat/i);
    await seen("web", "RUNNING", "ACTIVE");
  });

  it("undefined while it runs it has failed once it is off, keeps its slice, and is well when it is defined again", async () => {
    const slice = await sliceOf("web");
    await virsh("dumpxml --inactive web >/tmp/web.xml");
    await virsh("undefine web");
    await seen("web", "RUNNING", "ACTIVE");
    await virsh("destroy web");
    const { failure } = await eventually(
      () => agent().client.getClaim("claim-web"),
      ({ claimState }) => claimState === "CLAIM_STATE_FAILED",
    );
    assert.equal(failure?.reason, "DOMAIN_VANISHED");
    assert.ok((await leftOvers(bed())).slices.includes(slice));
    await virsh("define /tmp/web.xml");
    await seen("web", "SHUT_OFF", "STOPPED");
    await virsh("start web");
    await seen("web", "RUNNING", "ACTIVE");
    await vfioGroupHeld(bed(), "web", slice);
  });

  it("forced off it is stopped, and one that gives its slice back is started by vgpud alone", async () => {
    const slice = await sliceOf("db");
    await virsh("destroy db");
    await seen("db", "SHUT_OFF", "STOPPED");
    await eventually(
      () => leftOvers(bed()),
      ({ slices }) => !slices.includes(slice),
    );
    assert.match((await bed().run("virsh -q start db")).stderr, new RegExp(`${slice}|mdev|device`));
    await seen("db", "SHUT_OFF", "STOPPED");
  });
}
