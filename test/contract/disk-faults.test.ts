// The state directory on a real file system that is full, read-only, broken or hangs: nothing new is promised, what is there
// is shown and given back, and all goes on by itself when the disk does.
import assert from "node:assert/strict";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../proto/gen/vgpud/v1/domain.ts";
import { HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import { mkdir, rename } from "node:fs/promises";
import path from "node:path";
import { refusal } from "../e2e/harness/rpc.ts";
import { until } from "../e2e/harness/until.ts";
import { World } from "../e2e/harness/world.ts";
import {
  failingDisk,
  fullDisk,
  readOnlyDisk,
  slowDisk,
  whyNoDisks,
  type FaultyDisk,
} from "./faulty-disks.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };
/** Longer than any test: such a disk goes on when it is mended. */
const HANGS_S = 3600;

const disks: Readonly<Record<string, () => Promise<FaultyDisk>>> = {
  "is full": fullDisk,
  "is read-only": readOnlyDisk,
  "fails to write": () => failingDisk("write"),
  "fails to sync a file": () => failingDisk("fsync"),
  "fails to rename": () => failingDisk("rename"),
  "fails to sync a folder": () => failingDisk("fsyncdir"),
};

describe("a ledger whose disk", () => {
  before(async function () {
    unlessImpossible(this, await whyNoDisks());
  });

  for (const [name, make] of Object.entries(disks))
    describe(name, () => {
      let disk: FaultyDisk;
      let world: World;
      beforeEach(async () => {
        disk = await make();
        world = await World.start("", {}, { stateDir: disk.at });
        for (const domain of ["kept", "doomed"]) await world.create(domain);
        await disk.break();
      });
      afterEach(async () => {
        await world[Symbol.asyncDispose]();
        await disk[Symbol.asyncDispose]();
      });

      const mended = async (): Promise<void> => {
        await disk.mend();
        await until("the ledger is written again", async () => {
          const { ledger } = await world.shownHost();
          return ledger?.failure === undefined;
        });
      };

      it("refuses creates before the host is touched, and serves them when it is back", async () => {
        const before = await world.truth();
        for (let time = 1; time <= 2; time += 1) {
          const error = await refusal(world.create("new"));
          assert.deepEqual([error.code, error.reason], ["UNAVAILABLE", "LEDGER_UNAVAILABLE"]);
          assert.ok((error.retrySeconds ?? 0) > 0);
        }
        assert.equal((await refusal(world.stop("kept"))).reason, "LEDGER_UNAVAILABLE");
        assert.deepEqual(await world.truth(), before);
        const shown = (await world.domains()).map(({ name: domain, state }) => [domain, state]);
        assert.deepEqual(shown.sort(), [
          ["doomed", DomainState.RUNNING],
          ["kept", DomainState.RUNNING],
        ]);
        const { ledger } = await world.shownHost();
        assert.equal(ledger?.failure?.reason, "LEDGER_UNAVAILABLE");
        assert.match(await world.scrape(), /^vgpud_ledger_writable 0$/m);
        await mended();
        assert.match(await world.scrape(), /^vgpud_ledger_writable 1$/m);
        // What was refused has left nothing on the disk that would come back.
        await world.kill();
        await world.startAgain();
        assert.deepEqual((await world.records()).map(({ domain }) => domain?.name).sort(), [
          "doomed",
          "kept",
        ]);
        assert.equal((await world.create("new")).domain?.claimState, ClaimState.ACTIVE);
        assert.equal((await world.stop("kept", AT_ONCE)).domain?.state, DomainState.SHUT_OFF);
      });

      it("gives back what is destroyed, and acknowledges it when it is written down", async () => {
        const error = await refusal(world.destroy("doomed", AT_ONCE));
        assert.deepEqual([error.code, error.reason], ["UNAVAILABLE", "LEDGER_UNAVAILABLE"]);
        const { mdevs, domains } = await world.truth();
        assert.deepEqual([mdevs.length, domains.map((domain) => domain.name)], [1, ["kept"]]);
        // Its end is tried to be written now and then, and counts meanwhile.
        await until(
          "it waits for the disk",
          async () => (await world.claimed("doomed")).claimState === ClaimState.DELETING,
        );
        await mended();
        await until("it is written", async () => (await world.claimStates()).includes("gone"));
        assert.equal((await world.claimed("doomed")).claimState, ClaimState.GONE);
        assert.deepEqual((await world.claimStates()).sort(), ["active", "gone"]);
      });

      it("does not keep an agent from starting, and what was given back meanwhile is destroyed later", async () => {
        await refusal(world.destroy("doomed", AT_ONCE));
        await world.kill();
        await world.startAgain();
        assert.ok((await world.domains()).some(({ name: domain }) => domain === "kept"));
        await mended();
        const { domain } = await world.destroy("doomed", AT_ONCE);
        assert.equal(domain?.claimState, ClaimState.GONE);
        const { mdevs, domains } = await world.truth();
        assert.deepEqual([mdevs.length, domains.map((left) => left.name)], [1, ["kept"]]);
      });
    });

  describe("hangs", () => {
    it("makes creates wait until it is back, and no read", async () => {
      await using disk = await slowDisk(HANGS_S, "fsync", "fsyncdir");
      await using world = await World.start("", {}, { stateDir: disk.at });
      await disk.break();
      let answered = 0;
      const creates = ["one", "two", "three", "four", "five"].map((name) =>
        world
          .create(name, ({ vgpu }) => {
            vgpu.want = { $case: "type", value: "i915-GVTg_V5_8" };
          })
          .then(() => (answered += 1)),
      );
      for (let read = 0; read < 50; read += 1) {
        await world.gpus();
        // The kernel's files are read by the same threads that wait for the disk.
        await world.scrape();
      }
      assert.equal(answered, 0);
      await disk.mend();
      await Promise.all(creates);
      assert.equal((await world.truth()).mdevs.length, 5);
    });
  });

  it("comes back empty is told every claim again", async () => {
    await using world = await World.start();
    const folder = path.join(world.stateDir, "claims");
    for (const name of ["kept", "over"]) await world.create(name);
    await world.destroy("over", { gracePeriod: { seconds: 0n, nanos: 0 } });
    await rename(folder, `${folder}-away`);
    assert.equal((await refusal(world.create("new"))).reason, "LEDGER_UNAVAILABLE");
    await mkdir(folder);
    await world.agent.logged(/"records":2,.*records had gone from the disk/);
    await world.kill();
    await world.startAgain();
    assert.deepEqual((await world.claimStates()).sort(), ["active", "gone"]);
    assert.equal((await world.claimed("over")).claimState, ClaimState.GONE);
  });

  it("has an undrain that it refused undone for the next start, too", async () => {
    await using disk = await failingDisk("fsyncdir");
    await using world = await World.start("", {}, { stateDir: disk.at });
    await world.rpc.call(Hosts.drainHost, { note: "fan" });
    await disk.break();
    assert.equal((await refusal(world.rpc.call(Hosts.undrainHost, {}))).reason, "LEDGER_UNAVAILABLE");
    await world.kill();
    await disk.mend();
    await world.startAgain();
    assert.equal((await refusal(world.create("new"))).reason, "HOST_DRAINED");
  });
});
