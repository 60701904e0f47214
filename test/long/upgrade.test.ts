// Two builds of vgpud take turns on one host with running domains: the former one is built from its commit and run as it was.
// CI has no history to build it from; there test/e2e/upgrade.test.ts reads what former releases stored.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { Ownership, type ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import {
  CreateReservationRequest,
  ReservationServiceService as Reservations,
} from "../../proto/gen/vgpud/v1/reservation_service.ts";
import { CreateVgpuRequest, VgpuServiceService as Vgpus } from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import { type } from "../e2e/harness/requests.ts";
import { present, World } from "../e2e/harness/world.ts";

const run = promisify(execFile);
/** The last one whose claims are all of domains: it knows the formats 1 and 2 of the ledger, and no drain. */
const FORMER = "48ea160";
const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };

describe("a vgpud that another build takes the place of, while domains run", function () {
  this.timeout(600_000);
  let former: string;
  before(async function () {
    const known = await run("git", ["cat-file", "-e", `${FORMER}^{commit}`]).then(
      () => true,
      () => false,
    );
    if (!known) this.skip();
    former = await built(FORMER);
  });
  after(async () => {
    if ((former as string | undefined) !== undefined) await rm(former, { recursive: true });
  });

  /** The former build in its turn. */
  const asBefore = { main: (): string => path.join(former, "dist/agent/main.js") };

  it("goes on with them from the former build to this one", async () => {
    await using world = await World.start();
    await world.agent.end();
    await world.startAgain([], { main: asBefore.main() });
    const made = await world.create("web");
    await world.create("off");
    await world.stop("off", AT_ONCE);
    await world.agent.end();
    const before = await world.truth();
    await world.startAgain();
    assert.deepEqual(await world.truth(), before);
    assert.deepEqual(await stand(world), ["off STOPPED", "web ACTIVE"]);
    // The caller's retry of what the former build answered.
    assert.deepEqual((await world.create("web")).domain?.vgpuIds, present(made.domain).vgpuIds);
    for (const name of ["web", "off"]) await world.destroy(name, AT_ONCE);
    const { mdevs, domains } = await world.truth();
    assert.deepEqual([mdevs, domains], [[], []]);
  });

  it("leaves what the former build does not know, and takes it back when this one is there again", async () => {
    await using world = await World.start();
    await world.create("web");
    const vgpu = { want: { $case: "type" as const, value: type(8) } };
    const lent = CreateVgpuRequest.fromPartial({ claimId: "lent", vgpu });
    const { vgpu: made } = await world.rpc.call(Vgpus.createVgpu, lent);
    const ttl = { seconds: 3600n, nanos: 0 };
    const held = CreateReservationRequest.fromPartial({ claimId: "held", vgpu, ttl });
    await world.rpc.call(Reservations.createReservation, held);
    await world.agent.end();
    const before = await world.truth();

    await world.startAgain([], { main: asBefore.main() });
    assert.deepEqual(await world.truth(), before);
    assert.deepEqual(await stand(world), ["web ACTIVE"]);
    assert.match(world.agent.log, /its format 3 is not known to this version/);
    await world.stop("web", AT_ONCE);
    await world.start("web");
    await world.create("newer");
    await world.destroy("newer", AT_ONCE);
    assert.ok((await world.truth()).mdevs.some(({ uuid }) => uuid === present(made).vgpuId));
    await world.agent.end();

    await world.startAgain();
    assert.deepEqual(await stand(world), ["web ACTIVE"]);
    const shown = (await world.vgpus()).map(({ claimId, claimState }) => [claimId, toldState(claimState)]);
    assert.deepEqual(shown.sort(), [
      ["claim-web", "ACTIVE"],
      ["held", "RESERVED"],
      ["lent", "ACTIVE"],
    ]);
    assert.deepEqual((await world.truth()).mdevs.length, 2);
  });
});

function toldState(state: ClaimState): string {
  return state.replace("CLAIM_STATE_", "");
}

/** Own domains with the state of their claims. */
async function stand(world: World): Promise<string[]> {
  const domains = (await world.domains()).filter(({ ownership }) => ownership === Ownership.OWN);
  return domains.map(({ name, claimState }) => `${name} ${toldState(claimState)}`).sort();
}

/** A folder with the agent of that commit as it was then, with the packages that it had then, and without its tests. */
async function built(commit: string): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "former-vgpud-"));
  const here = { cwd: directory };
  await run("sh", ["-c", `git archive ${commit} | tar -x -C ${directory}`]);
  await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], here);
  const settings = { extends: "./tsconfig.json", include: ["agent", "proto/gen"] };
  await writeFile(path.join(directory, "tsconfig.agent.json"), JSON.stringify(settings));
  await run("npm", ["run", "--silent", "gen"], here);
  // That its types were right was checked then.
  await run("npx", ["tsc", "-p", "tsconfig.agent.json", "--noCheck"], here);
  return directory;
}
