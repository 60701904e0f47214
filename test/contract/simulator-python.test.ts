// One script of python3-libvirt, run against a real libvirtd with a real QEMU and against the simulated one: what each
// step brings, codes and texts of refusals included, must be the same.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { SimulatedHost } from "../fakes/simulated-host.ts";
import { RealLibvirtd, whyNoLibvirtd } from "./real-libvirtd.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const run = promisify(execFile);
/** Debian's, which python3-libvirt is built for. */
const PYTHON = "/usr/bin/python3";
const script = fileURLToPath(new URL("../../../test/contract/libvirt-session.py", import.meta.url));
const UUID = "5f0b5c1e-7d3a-4f6f-9a53-0f6a7b6f3c22";

const guest = (image: string): string => `<domain type='qemu'><name>session</name><uuid>${UUID}</uuid>
  <memory unit='MiB'>32</memory><vcpu>2</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>
  <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${image}'/><target dev='vda' bus='virtio'/></disk>
  <interface type='ethernet'><target dev='vgpudtest1'/><model type='virtio'/></interface></devices></domain>`;

async function whyNoPython(): Promise<string | undefined> {
  return await run(PYTHON, ["-c", "import libvirt"]).then(
    () => undefined,
    () => "python3-libvirt (Debian: python3-libvirt) is not installed",
  );
}

/** The script's steps with what they brought, one line each. */
async function session(socket: string, image: string): Promise<readonly string[]> {
  const uri = `qemu+unix:///system?socket=${socket}`;
  const { stdout } = await run(PYTHON, [script, uri, guest(image), image], { timeout: 60_000 });
  return (JSON.parse(stdout) as readonly [string, unknown][]).map(
    ([step, outcome]) => `${step}: ${JSON.stringify(outcome)}`,
  );
}

describe("a script of python3-libvirt", function () {
  this.timeout(90_000);
  before(async function () {
    unlessImpossible(this, whyNoLibvirtd() ?? (await whyNoPython()));
  });

  it("finds the simulated libvirt to be as a real one, from definition to end", async () => {
    const libvirtd = await RealLibvirtd.start();
    await using host = await SimulatedHost.start();
    try {
      const image = path.join(path.dirname(libvirtd.socket), "disk.img");
      await writeFile(image, Buffer.alloc(1 << 20));
      const real = await session(libvirtd.socket, image);
      assert.ok(real.length > 50);
      assert.deepEqual(await session(host.libvirtSocket, image), real);
    } finally {
      await libvirtd.stop();
    }
  });
});
