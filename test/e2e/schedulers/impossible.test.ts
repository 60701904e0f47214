// Hosts that can make no slices, and know it, with a real Placement in front: nobody is sent there in vain.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { copyFile, rename } from "node:fs/promises";
import path from "node:path";
import { GVT, SMALL, type BookedWorld, type Published } from "../../schedulers/booked-world.ts";
import { comesTo } from "../../schedulers/diagnosed.ts";
import { placementSuite } from "../../schedulers/placement-suite.ts";
import { refusal } from "../harness/rpc.ts";
import { BY_MODEL, createOnXen, DEVICE_MODEL, SKYLAKE } from "../harness/xengt-host.ts";

const UNPATCHED = "/usr/lib/xen/bin/qemu-system-i386";

const gives =
  (slices: string) =>
  ({ inventories }: Published): boolean =>
    inventories[GVT.vgpu] === slices;
const [ALL, NOTHING] = [gives("7/0"), gives("7/7")];

describe("a host with Placement in front that can make no slices", function () {
  this.timeout(180_000);
  const suite = placementSuite();
  const xen = { yaml: SKYLAKE, libvirtUri: "xen:///system" } as const;
  const onHost = ({ world }: BookedWorld, file: string): string => path.join(world.host.root, file);

  /** Booked before; the consumer. */
  async function create(on: BookedWorld, name: string): Promise<string> {
    const { uuid } = await on.published("the GPU");
    const consumer = randomUUID();
    assert.equal(await on.books.claim(consumer, uuid), 204);
    await createOnXen(on.world, name, ({ request, vgpu }) => {
      request.claimId = consumer;
      vgpu.want = { $case: "type", value: "i915-GVTg_V5_8" };
    });
    return consumer;
  }

  it("is sent nobody once its QEMU has shown that it cannot, says so, and gives out again when another is in its place", async () => {
    const here = await suite.begin({ ...xen, settings: `xengt: { device_model: ${UNPATCHED} }` });
    const { uuid } = await here.published("all there is", ALL);
    assert.equal((await refusal(create(here, "desk-1"))).reason, "LIBVIRT_REFUSED");
    await here.published("nothing to give", NOTHING);
    assert.equal(await here.books.claim(randomUUID(), uuid), 409, "nobody is sent here in vain");
    await comesTo(here.world.rpc, "DEVICE_MODEL_MISSING", "FAIL");
    const { message } = await comesTo(here.world.rpc, "SCHEDULER_UNAVAILABLE", "PASS");
    assert.match(message, /nothing is given out of 0000:00:02\.0 \(DEVICE_MODEL_MISSING\)/);

    // As a package is installed.
    await copyFile(onHost(here, DEVICE_MODEL), onHost(here, `${UNPATCHED}.new`));
    await rename(onHost(here, `${UNPATCHED}.new`), onHost(here, UNPATCHED));
    await comesTo(here.world.rpc, "DEVICE_MODEL_MISSING", "PASS");
    await here.published("all there is again", ALL);
    assert.equal(await here.books.claim(randomUUID(), uuid), 204);
  });

  it("keeps what is booked and runs while its QEMU is not there, and makes more once it is back", async () => {
    const here = await suite.begin({ ...xen, settings: BY_MODEL });
    const consumer = await create(here, "desk-1");
    await rename(onHost(here, DEVICE_MODEL), onHost(here, `${DEVICE_MODEL}.old`));
    await comesTo(here.world.rpc, "DEVICE_MODEL_MISSING", "FAIL");
    const { uuid } = await here.published("nothing to give", NOTHING);
    assert.deepEqual(await here.books.holders(uuid), [consumer]);
    assert.equal(await here.books.claim(randomUUID(), uuid, { [GVT.vgpu]: SMALL[GVT.vgpu] }), 409);
    await rename(onHost(here, `${DEVICE_MODEL}.old`), onHost(here, DEVICE_MODEL));
    await comesTo(here.world.rpc, "DEVICE_MODEL_MISSING", "PASS");
    await here.published("all there is again", ALL);
    await create(here, "desk-2");
    const names = (await here.world.domains()).map(({ name }) => name);
    assert.deepEqual(names.sort(), ["desk-1", "desk-2"]);
  });

  it("is sent nobody for a GPU that XenGT never drove, whatever its kernel shows", async () => {
    const coffeeLake = SKYLAKE.replace("1912", "3e92");
    const here = await suite.begin({ ...xen, yaml: coffeeLake, settings: BY_MODEL });
    await here.published("nothing to give", NOTHING);
    await comesTo(here.world.rpc, "GVT_UNSUPPORTED_PLATFORM", "FAIL");
  });
});
