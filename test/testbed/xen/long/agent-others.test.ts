// vgpud in the dom0 of a real Xen beside domains of others, xl's above all, of which nobody tells it: over its own deaths, too.
import assert from "node:assert/strict";
import { ResourceKind } from "../../../../proto/gen/vgpud/v1/watch_service.ts";
import { Watching } from "../../../e2e/harness/watching.ts";
import { vgpuctl } from "../../../unit/cli/vgpuctl.ts";
import { defined } from "../../agent-client.ts";
import { AgentInBed, eventually, until } from "../../agent-in-bed.ts";
import { gpuAddress } from "../../gpu.ts";
import * as domains from "../domains.ts";
import { bed } from "../suite-bed.ts";
import * as xl from "../xl.ts";

const FOREIGN = "OWNERSHIP_FOREIGN";

describe("vgpud in the dom0 of a real Xen, beside domains that others make", () => {
  let agent: AgentInBed;

  before(async () => {
    agent = await AgentInBed.install(bed, { libvirtUri: "xen:///system" });
  });

  after(async () => {
    agent.close();
    await bed.reset();
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.error(await agent.log());
  });

  /** Has it look at its host, as it does by itself once a minute. */
  async function look(): Promise<void> {
    const { exitCode, stderr } = await vgpuctl(agent.socket, ["--timeout", "60s", "reconcile"]);
    assert.equal(exitCode, 0, stderr);
  }

  /** Name, owner and state of each domain by name, once libvirt and Xen's store have both been asked. */
  async function shown(): Promise<readonly string[]> {
    const { domains: all } = await eventually(
      () => agent.client.listDomains(),
      ({ incomplete }) => incomplete === undefined,
    );
    return all.map(({ name, ownership, state }) => `${name} ${ownership} ${state}`).sort();
  }

  const byLibvirt = `by-libvirt ${FOREIGN} DOMAIN_STATE_PAUSED`;
  const byXl = (name: string): string => `${name} ${FOREIGN} DOMAIN_STATE_UNKNOWN`;

  it("shows one of xl, which libvirt does not list, as somebody else's, under the UUID that Xen has", async () => {
    await domains.create(bed, { name: "by-libvirt", kind: "pv" });
    const domid = await xl.create(bed, "by-xl");
    await look();
    assert.deepEqual(await shown(), [byLibvirt, byXl("by-xl")]);
    const { domains: all } = await agent.client.listDomains();
    const { uuid } = defined(all.find(({ name }) => name === "by-xl"));
    assert.equal(await bed.check(`xenstore-read /local/domain/${domid}/vm`), `/vm/${uuid}`);
  });

  it("killed while xl makes one, harms it not, and knows it and all others at once when it is back", async () => {
    using before = await new Watching(agent.socket, { kinds: [ResourceKind.DOMAIN] }).synced();
    const making = bed.run(await xl.createCommand(bed, "late"), { timeoutMs: 120_000 });
    // The brackets keep the command that looks from finding itself.
    await until(bed, "pgrep -f '[b]in/xl create .*late' >/dev/null");
    await agent.end("SIGKILL");
    await before.ended();
    assert.equal((await making).code, 0);
    await agent.start();
    assert.equal((await agent.client.gpu()).pciAddress, gpuAddress);
    assert.deepEqual(await shown(), [byLibvirt, byXl("by-xl"), byXl("late")]);
    using after = new Watching(agent.socket, {
      kinds: [ResourceKind.DOMAIN],
      resumeToken: before.token,
    });
    const lost = await after.ended();
    assert.deepEqual([lost.code, lost.reason], ["OUT_OF_RANGE", "RESUME_OTHER_EPOCH"]);
    after.token = "";
    after.open();
    await after.synced();
    assert.ok(after.told.includes("SNAPSHOT domain late UNKNOWN"), after.told.join("\n"));
    await xl.destroy(bed, "late");
    await look();
    await after.until(() => after.told.at(-1) === "DELETED domain late UNKNOWN");
  });

  it("forgets one that xl has ended", async () => {
    await xl.destroy(bed, "by-xl");
    await look();
    assert.deepEqual(await shown(), [byLibvirt]);
  });
});
