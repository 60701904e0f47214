// More of the KVM bed itself: a boot of its kernel, which of each commit systemd.test.ts has with vgpud.
import assert from "node:assert/strict";
import * as gpu from "../gpu.ts";
import { bed } from "../suite-bed.ts";

describe("the KVM bed", () => {
  before(() => bed.reset("minimal"));
  after(() => bed.reset());

  it("reboot loses the slices and keeps the disk", async () => {
    await gpu.create(bed, "8", gpu.uuid(7));
    await bed.writeFile("/var/lib/left-over", "x");
    await bed.reboot();
    assert.equal(await bed.check("ls /sys/bus/mdev/devices"), "");
    assert.equal(await bed.check("cat /var/lib/left-over"), "x");
    assert.deepEqual(await gpu.available(bed), { 8: 6, 4: 3, 2: 1 });
    assert.equal(await bed.check("virsh -q list --all"), "");
    assert.equal(await bed.check("ls /share/package.json"), "/share/package.json");
  });
});
