// The real Placement that tests of the scheduler in front of vgpud talk to.
import assert from "node:assert/strict";
import { z } from "zod";
import { startPlacement, type Placement } from "../../schedulers/placement.ts";

const PROVIDER = { name: "host-1", uuid: "1a9d1b5c-0000-4000-8000-000000000001" };
const versionsSchema = z.object({
  versions: z.array(z.object({ min_version: z.string(), max_version: z.string() })),
});
const providerSchema = z.object({ name: z.string(), uuid: z.string() });

describe("Placement of our own", function () {
  this.timeout(180_000);
  let placement: Placement;
  before(async () => {
    placement = await startPlacement();
  });
  after(async () => {
    await (placement as Placement | undefined)?.stop();
  });

  it("answers with its versions", async () => {
    const { status, body } = await placement.ask("GET", "/");
    assert.equal(status, 200);
    assert.deepEqual(versionsSchema.parse(body), {
      versions: [{ min_version: "1.0", max_version: "1.39" }],
    });
  });

  it("keeps what it was told over a restart", async () => {
    assert.equal((await placement.ask("POST", "/resource_providers", PROVIDER)).status, 200);
    const { pid } = placement;
    await placement.restart();
    assert.notEqual(placement.pid, pid);
    const { body } = await placement.ask("GET", `/resource_providers/${PROVIDER.uuid}`);
    assert.deepEqual(providerSchema.parse(body), PROVIDER);
  });
});
