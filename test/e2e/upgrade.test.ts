// A vgpud that is installed over a former one: its ledger as that one wrote it, and the domains running. The former build
// itself is run in test/long/upgrade.test.ts.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { ClaimState, Ownership } from "../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../proto/gen/vgpud/v1/domain.ts";
import { present, World } from "./harness/world.ts";

const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };

/** A record of the ledger as far as it differs from host to host. */
interface Stored {
  readonly claimId: string;
  readonly vgpuId: string;
  readonly bootId: string;
  readonly requestDigest: string;
  readonly domain: { readonly id: string; readonly name: string; readonly spec: object };
}

describe("a ledger of a former release, with its domain running", () => {
  for (const format of [1, 2])
    it(`is gone on with when it is of format ${format}: nothing is made anew, and all can be asked of it`, async () => {
      await using world = await World.start();
      const { domain } = await world.create("web");
      const { uuid } = present(domain);
      await world.agent.end();
      const before = await world.truth();
      await rewrite(world, format);
      await world.startAgain();
      assert.deepEqual(await world.truth(), before);
      const shown = await world.named("web");
      assert.deepEqual(
        [shown.uuid, shown.ownership, shown.claimId, shown.claimState, shown.state],
        [uuid, Ownership.OWN, "claim-web", ClaimState.ACTIVE, DomainState.RUNNING],
      );
      assert.equal((await world.stop("web", AT_ONCE)).domain?.claimState, ClaimState.STOPPED);
      assert.equal((await world.start("web")).domain?.claimState, ClaimState.ACTIVE);
      // Every reader since then can go on with it.
      assert.match(await readFile(await fileOf(world), "utf8"), /^vgpud-claim 2 /);
      await world.destroy("web", AT_ONCE);
      const { mdevs, domains } = await world.truth();
      assert.deepEqual([mdevs, domains, await world.claimStates()], [[], [], ["gone"]]);
    });
});

/** The ledger's one claim as a release of that format would have written it. */
async function rewrite(world: World, format: number): Promise<void> {
  const file = await fileOf(world);
  const now = bodyOf(await readFile(file, "utf8"));
  const golden = bodyOf(await readFile(`test/golden/ledger/format-${format}.json`, "utf8"));
  const { claimId, vgpuId, bootId, requestDigest } = now;
  const { id, name } = now.domain;
  const spec = { ...golden.domain.spec, id, name };
  const then = {
    ...golden,
    ...{ claimId, vgpuId, bootId, requestDigest },
    domain: { ...golden.domain, id, name, spec },
  };
  const body = `${JSON.stringify(then, undefined, 2)}\n`;
  const checksum = createHash("sha256").update(body).digest("hex");
  await writeFile(file, `vgpud-claim ${format} sha256:${checksum}\n${body}`);
}

function bodyOf(text: string): Stored {
  return JSON.parse(text.slice(text.indexOf("\n"))) as Stored;
}

async function fileOf(world: World): Promise<string> {
  const [name] = await world.claimFiles();
  return path.join(world.stateDir, "claims", present(name));
}
