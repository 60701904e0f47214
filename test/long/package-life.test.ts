// A host's life with the package, under real systemd: installed, used, upgraded, removed, installed again, purged.
// Needs root and the test bed; skipped as long as systemd/ has no vgpud.service, since there is nothing to start then.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { buildPackage } from "../../scripts/package-deb/build.ts";
import { builtPackage } from "../package/built-package.ts";
import { Bed } from "../testbed/bed.ts";
import { until } from "../testbed/agent-in-bed.ts";

const INSTALL = "DEBIAN_FRONTEND=noninteractive dpkg --install";
const image = "/var/lib/libvirt/images/web.img";
const create = `vgpuctl create web --type i915-GVTg_V5_4 --vcpus 1 --memory 64 --disk ${image} --disk-format raw --claim-id claim-web`;

describe("the package on a host", function () {
  this.timeout(600_000);
  let bed: Bed;
  let first: string;
  let second: string;

  before(async function () {
    const units = await readdir("systemd").catch((): string[] => []);
    if (!units.includes("vgpud.service")) this.skip();
    first = await builtPackage();
    second = await buildPackage({ project: process.cwd(), out: "dist/deb", suffix: "+1" });
    bed = await Bed.start({ share: process.cwd(), init: "systemd" });
    await bed.check(`head -c 1M /dev/urandom > ${image}`);
  });
  after(async function () {
    await (bed as Bed | undefined)?.stop();
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.error(await bed.log());
  });

  const install = (deb: string): Promise<string> =>
    bed.check(`${INSTALL} /share/${path.join("dist/deb", path.basename(deb))} 2>&1`, { timeoutMs: 300_000 });
  const answers = (): Promise<void> => until(bed, "vgpuctl gpus >/dev/null 2>&1", 180_000);
  const mainPid = (unit: string): Promise<string> => bed.check(`systemctl show -P MainPID ${unit}`);
  const qemu = (): Promise<string> => bed.check("pgrep -f guest=web");
  const claims = (): Promise<string> => bed.check("ls /var/lib/vgpud/claims");

  it("starts vgpud when it is installed, and on every boot", async () => {
    await install(first);
    await answers();
    assert.equal(await bed.check("systemctl is-active vgpud.service"), "active");
    assert.equal(await bed.check("systemctl is-enabled vgpud.service"), "enabled");
    assert.match(await bed.check("id vgpud"), /\(libvirt\)/);
  });

  it("restarts vgpud alone when it is upgraded: the domain runs on and its claim stays", async () => {
    await bed.check(create, { timeoutMs: 180_000 });
    const before = { qemu: await qemu(), claims: await claims(), vgpud: await mainPid("vgpud.service") };
    await install(second);
    await answers();
    assert.equal(await qemu(), before.qemu);
    assert.equal(await claims(), before.claims);
    assert.notEqual(await mainPid("vgpud.service"), before.vgpud);
    assert.match(await bed.check("vgpud --version"), /\+1$/);
    assert.match(await bed.check("vgpuctl domains -o json"), /"claim-web"/);
  });

  it("leaves domain and ledger when it is removed, and goes on with them when it comes back", async () => {
    const before = { qemu: await qemu(), claims: await claims() };
    await bed.check("dpkg --remove vgpud 2>&1", { timeoutMs: 120_000 });
    assert.equal(await qemu(), before.qemu);
    assert.equal(await claims(), before.claims);
    assert.notEqual((await bed.run("systemctl is-active vgpud.service")).code, 0);
    await install(second);
    await answers();
    assert.match(await bed.check("vgpuctl domains -o json"), /"claim-web"/);
  });

  it("takes the ledger alone when it is purged, and says what is left", async () => {
    const running = await qemu();
    const said = await bed.check("dpkg --purge vgpud 2>&1", { timeoutMs: 120_000 });
    assert.match(said, /1 claims are forgotten; their domains and slices stay/);
    assert.equal(await qemu(), running);
    assert.notEqual((await bed.run("test -e /var/lib/vgpud")).code, 0);
    assert.notEqual((await bed.run("test -e /usr/lib/vgpud")).code, 0);
  });
});
