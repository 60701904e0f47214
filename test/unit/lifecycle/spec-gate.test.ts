// What this host's configuration lets a domain have.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import { rawFiles } from "../../../agent/lifecycle/raw-xml/files.ts";
import { readRawDomain } from "../../../agent/lifecycle/raw-xml/read.ts";
import { SpecGate, type HostPolicy } from "../../../agent/lifecycle/spec-gate.ts";
import type { StoragePaths } from "../../../agent/lifecycle/storage-paths.ts";
import { disk, domainSpec } from "../../fakes/claims.ts";

/** Follows `/link/x` to `/srv/x`; allows what is below `/srv`, and the device `/dev/sdb` under the name `/dev/data`. */
const storage: StoragePaths = {
  disk: async (path, _format, field) =>
    path === "/dev/sdb"
      ? { path: "/dev/data", source: "block", backing: [] }
      : { path: await follow(path, field), source: "file", backing: ["/srv/base"] },
  file: follow,
  log: follow,
};

async function follow(path: string, field: string): Promise<string> {
  const real = path.replace("/link/", "/srv/");
  if (real.startsWith("/srv/")) return Promise.resolve(real);
  throw new AgentError("PATH_NOT_ALLOWED", `${path} is outside`, { field });
}

const gate = (policy: Partial<HostPolicy> = {}): SpecGate =>
  new SpecGate(storage, () => ({ networks: ["lan"], bridges: ["br0"], allowRawXml: true, ...policy }));
const nic = (to: { network: string } | { bridge: string }) =>
  ({ to, mac: undefined, model: "virtio", mtu: undefined }) as const;
const igd = (romPath: string) =>
  ({ opregion: undefined, lpc: undefined, legacyMode: undefined, gms: undefined, romPath }) as const;
const raw = (devices: string) => {
  const xml = `<domain><name>a</name><memory>1</memory><os/><devices>${devices}</devices></domain>`;
  return domainSpec(1, { raw: readRawDomain(xml, "domain.raw_xml").raw });
};
const rawDisk = (type: string, source: string): string =>
  `<disk type='${type}'><driver type='raw'/><source ${source}/><target dev='vda' bus='virtio'/></disk>`;

async function violations(
  spec: ReturnType<typeof domainSpec>,
  policy?: Partial<HostPolicy>,
): Promise<string[]> {
  try {
    await gate(policy).admit(spec);
  } catch (error) {
    if (error instanceof AgentError)
      return error.violations.map(({ field, message }) => `${field} ${message}`);
    throw error;
  }
  return [];
}

describe("the gate of a host", () => {
  it("lets through what is allowed, by what it really is", async () => {
    const admitted = await gate().admit(
      domainSpec(1, {
        disks: [disk("/link/a"), disk("/dev/sdb", { format: "raw" })],
        kernelBoot: { kernel: "/link/k", initrd: undefined, cmdline: undefined },
        seedIso: "/link/seed",
        serial: { logPath: "/link/log" },
        igd: igd("/link/rom"),
        nics: [nic({ network: "lan" }), nic({ bridge: "br0" })],
      }),
    );
    assert.deepEqual(
      admitted.disks.map(({ path, source, backing }) => [path, source, backing]),
      [
        ["/srv/a", "file", ["/srv/base"]],
        ["/dev/data", "block", []],
      ],
    );
    const { kernelBoot, seedIso, serial } = admitted;
    assert.deepEqual(
      [kernelBoot?.kernel, seedIso, serial?.logPath, admitted.igd?.romPath],
      ["/srv/k", "/srv/seed", "/srv/log", "/srv/rom"],
    );
  });

  it("names everything that is not allowed at once", async () => {
    const spec = domainSpec(1, {
      disks: [disk("/srv/a"), disk("/etc/shadow")],
      kernelBoot: { kernel: "/k", initrd: "/i", cmdline: undefined },
      seedIso: "/seed",
      serial: { logPath: "/log" },
      igd: igd("/usr/share/rom"),
      nics: [nic({ network: "br0" }), nic({ bridge: "lan" })],
    });
    assert.deepEqual((await violations(spec)).map((text) => text.split(" ", 1)[0]).sort(), [
      "domain.boot.kernel.initrd_path",
      "domain.boot.kernel.kernel_path",
      "domain.disks[1].path",
      "domain.igd.rom_path",
      "domain.nics[0].network",
      "domain.nics[1].bridge",
      "domain.seed_iso.path",
      "domain.serial.log_path",
    ]);
  });

  it("takes raw XML only where it is allowed, and holds what it names to the same", async () => {
    const devices = `${rawDisk("file", "file='/link/a'")}<interface type='network'><source network='lan'/></interface>`;
    assert.deepEqual(await violations(raw(devices), { allowRawXml: false }), [
      "domain.raw_xml domain.raw_xml is not allowed on this host: its configuration does not set allow_raw_xml",
    ]);
    const { raw: admitted } = await gate().admit(raw(devices));
    assert.deepEqual(admitted && rawFiles(admitted), [{ path: "/srv/a", writable: true }]);
    const wrong = [
      rawDisk("file", "file='/etc/shadow'"),
      rawDisk("file", "file='/dev/sdb'"),
      rawDisk("block", "dev='/srv/a'"),
      "<interface type='bridge'><source bridge='eth0'/></interface>",
      "<serial type='pty'><log file='/var/log/x'/></serial>",
    ];
    const told = await violations(raw(wrong.join("")));
    assert.deepEqual(
      told.map((text) => /^domain\.raw_xml (\S+):/.exec(text)?.[1]),
      [
        "/domain/devices/disk[1]/source/@file",
        "/domain/devices/disk[2]/source/@file",
        "/domain/devices/disk[3]/source/@dev",
        "/domain/devices/interface[1]/source/@bridge",
        "/domain/devices/serial[1]/log/@file",
      ],
    );
  });

  it("obeys a configuration that changed", async () => {
    const policy = { networks: ["lan"], bridges: [], allowRawXml: false };
    const changing = new SpecGate(storage, () => policy);
    const spec = domainSpec(1, { nics: [nic({ network: "dmz" })] });
    await assert.rejects(changing.admit(spec), { reason: "NETWORK_NOT_ALLOWED" });
    policy.networks.push("dmz");
    await changing.admit(spec);
  });
});
