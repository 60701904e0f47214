// vgpud as a host runs it when it hangs and when the kernel does: the watchdog, and an upgrade over a removal that is under way.
import assert from "node:assert/strict";
import { domainRequest, eventually, until } from "../agent-in-bed.ts";
import * as gpu from "../gpu.ts";
import { leftOvers, ledgerStates, nothing } from "../host-state.ts";
import { hostd, ServiceSuite, vgpud } from "../service-suite.ts";
import { bed } from "../suite-bed.ts";

describe("vgpud as a service, when something hangs", () => {
  const suite = new ServiceSuite("systemd-hangs");

  before(() => suite.service.client.createDomain(domainRequest("web", "4")));

  describe("stopped in its tracks", () => {
    it("is ended by the watchdog, starts again and knows its claims", async () => {
      const before = await suite.whatOutlives();
      const restarts = Number(await suite.service.property(vgpud, "NRestarts"));
      await bed.check(`kill -STOP ${await suite.pidOf(vgpud)}`);
      await until(bed, `[ $(systemctl show -P NRestarts ${vgpud}) -gt ${restarts} ]`, 120_000);
      await suite.assertOutlived(before);
      const journal = await bed.check(`journalctl --output=cat --unit=${vgpud} _PID=1`);
      assert.match(journal, /Watchdog timeout \(limit 30s\)!/);
      suite.tell("journalctl -u vgpud _PID=1 (watchdog)", journal);
    });
  });

  describe("a removal that hangs in the kernel", () => {
    const blocked = "pgrep -f '^vgpud-hostd: remove-mdev'";
    let child: string;

    before(async () => {
      await gpu.setKnob(bed, "remove_behaviour", "2");
    });

    it("leaves the claim DELETING, and is hostd's child to wait for", async () => {
      // Nobody waits for the answer: the upgrade below ends the call.
      suite.service.client.destroyDomain("web").catch(() => undefined);
      const { failure } = await eventually(
        () => suite.service.client.getClaim("claim-web"),
        (claim) => claim.claimState === "CLAIM_STATE_DELETING" && claim.failure !== undefined,
      );
      assert.equal(failure?.reason, "VGPU_REMOVE_BLOCKED");
      child = await bed.check(blocked);
      assert.match(await bed.check(`cut -d: -f3 /proc/${child}/cgroup`), /vgpud-hostd\.service$/);
      await bed.check(`kill -KILL ${child}`);
      assert.equal(await bed.check(blocked), child);
    });

    it("does not keep an upgrade from starting vgpud and hostd anew, which find it still under way", async () => {
      const [agent, root] = await Promise.all([suite.pidOf(vgpud), suite.pidOf(hostd)]);
      await suite.service.installPackage();
      assert.notEqual(await suite.pidOf(vgpud), agent);
      assert.notEqual(await suite.pidOf(hostd), root);
      const journal = await bed.check(`journalctl --output=cat --unit=${vgpud} --unit=${hostd} _PID=1`);
      assert.doesNotMatch(journal, /State 'stop-\w+' timed out/);
      const { claimState } = await suite.service.served((client) => client.getClaim("claim-web"));
      assert.equal(claimState, "CLAIM_STATE_DELETING");
      // The new hostd may be looking with a child of its own.
      assert.ok((await bed.check(blocked)).split("\n").includes(child));
    });

    it("ends the claim when the kernel lets go", async () => {
      await gpu.setKnob(bed, "remove_behaviour", "0");
      await eventually(
        () => suite.service.client.getClaim("claim-web"),
        ({ claimState }) => claimState === "CLAIM_STATE_GONE",
      );
      assert.deepEqual(await leftOvers(bed), nothing);
      assert.deepEqual(await gpu.available(bed), { 8: 6, 4: 3, 2: 1 });
      assert.deepEqual(await ledgerStates(bed), ["gone"]);
    });
  });
});
