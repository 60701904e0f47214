// A start on a disk that is broken: whatever it refuses, the agent comes up, tells of it, and errs on the side of taken.
import assert from "node:assert/strict";
import { appendFile, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import { GpuServiceService as Gpus } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import { GPU } from "../e2e/harness/requests.ts";
import { refusal } from "../e2e/harness/rpc.ts";
import { until } from "../e2e/harness/until.ts";
import { World } from "../e2e/harness/world.ts";
import { failingDisk, fullDisk, readOnlyDisk, whyNoDisks } from "./faulty-disks.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };

describe("a disk that is broken when the agent starts", () => {
  before(async function () {
    unlessImpossible(this, await whyNoDisks());
  });

  it("and gives no record lets it start, drained, and has lost nothing when it gives them again", async () => {
    await using disk = await failingDisk("read");
    await using world = await World.start("", {}, { stateDir: disk.at });
    await world.create("kept");
    await world.rpc.call(Gpus.drainGpu, { gpu: GPU, note: "fan" });
    await world.kill();
    await disk.break();
    await world.startAgain();
    assert.equal((await world.shownHost()).ledger?.unreadable, 2);
    assert.match(await world.scrape(), /^vgpud_ledger_records_set_aside 2$/m);
    assert.equal((await refusal(world.create("new"))).reason, "HOST_DRAINED");
    await until("the claim is rebuilt", async () =>
      (await world.domains()).some(({ claimState }) => claimState === ClaimState.ACTIVE),
    );
    await world.kill();
    await disk.mend();
    await world.startAgain();
    assert.equal((await world.shownHost()).ledger?.unreadable, 0);
    assert.equal((await world.claimed("kept")).claimState, ClaimState.ACTIVE);
    assert.equal((await refusal(world.create("new"))).reason, "GPU_DRAINED");
  });

  it("and takes nothing lets it start with what an older version set aside", async () => {
    await using disk = await readOnlyDisk();
    await using world = await World.start("", {}, { stateDir: disk.at });
    await world.create("kept");
    await world.kill();
    const [name = ""] = await world.claimFiles();
    const file = path.join(world.stateDir, "claims", name);
    await rename(file, `${file}.set-aside`);
    await disk.break();
    await world.startAgain();
    assert.equal((await world.claimed("kept")).claimState, ClaimState.ACTIVE);
    assert.equal((await world.shownHost()).ledger?.unreadable, 0);
    await disk.mend();
    await world.destroy("kept", AT_ONCE);
    await world.kill();
    await world.startAgain();
    assert.equal((await world.claimed("kept")).claimState, ClaimState.GONE);
  });

  it("and has a damaged record of what is drained, and no room to copy it, lets it start drained", async () => {
    await using disk = await fullDisk();
    await using world = await World.start("", {}, { stateDir: disk.at });
    await world.rpc.call(Hosts.drainHost, { note: "fan" });
    await world.kill();
    await appendFile(path.join(world.stateDir, "drained.json"), "x");
    await disk.break();
    await world.startAgain();
    assert.equal((await refusal(world.create("new"))).reason, "HOST_DRAINED");
    assert.match(await readFile(path.join(world.stateDir, "drained.json"), "utf8"), /x$/);
  });
});
