// A domain with everything that can be asked for: what reaches libvirt, what is answered back, and what outlives the agent.
import assert from "node:assert/strict";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../proto/gen/vgpud/v1/domain.ts";
import * as spec from "../../proto/gen/vgpud/v1/domain_spec.ts";
import { asSomebodyElse } from "./harness/somebody-else.ts";
import { refusal } from "./harness/rpc.ts";
import { until } from "./harness/until.ts";
import { present, World } from "./harness/world.ts";

const LABELS = { team: "a<b> & ü", "app/tier": "web" };

/** As somebody would ask for a desktop. */
function rich(images: string): Parameters<typeof spec.DomainSpec.fromPartial>[0] {
  return {
    ...{ name: "rich", vcpus: 4, memoryMib: 1024, labels: LABELS, autostart: true },
    disks: [
      {
        path: `${images}/root.raw`,
        format: spec.DiskFormat.RAW,
        cache: spec.DiskCache.NONE,
        discard: true,
        serial: "root",
      },
      { path: `${images}/cd.iso`, format: spec.DiskFormat.RAW, device: spec.DiskDevice.CDROM },
    ],
    boot: {
      source: {
        $case: "order",
        value: {
          devices: [spec.BootDevice.CDROM, spec.BootDevice.DISK],
          menuTimeout: { seconds: 2n, nanos: 500_000_000 },
        },
      },
    },
    graphics: { vnc: {}, spice: { port: 5930 } },
    vgpuDisplay: { ramfb: true, width: 1280, height: 720 },
    cpu: { topology: { sockets: 1, cores: 2, threads: 2 }, pins: [{ vcpu: 3, hostCpus: "0-1" }] },
    numaTuning: {},
    hugePages: {},
    machine: { type: "pc-q35-7.2" },
    firmware: { type: spec.FirmwareType.UEFI, secureBoot: true, tpm: true },
    nics: [{ attachment: { $case: "network", value: "default" }, mac: "52:54:00:AA:BB:CC", mtu: 1400 }],
    serial: { logPath: `${images}/rich.log` },
    guestAgent: { shutdown: true },
    seedIso: { path: `${images}/seed.iso` },
  };
}

describe("a domain with everything", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
    for (const name of ["root.raw", "cd.iso", "seed.iso"]) await writeFile(path.join(world.images, name), "");
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const createRich = (): ReturnType<World["create"]> =>
    world.create("rich", ({ request }) => {
      request.domain = spec.DomainSpec.fromPartial(rich(world.images));
    });

  it("is answered as it was understood, by which it could be made again", async () => {
    const { domain } = await createRich();
    const shown = present((await world.named("rich")).spec);
    assert.deepEqual(shown, domain?.spec);
    assert.deepEqual([shown.labels, shown.autostart, shown.machine?.type], [LABELS, true, "pc-q35-7.2"]);
    assert.deepEqual(shown.nics[0]?.mac, "52:54:00:aa:bb:cc");
    assert.deepEqual(
      [shown.cpu?.mode, shown.numaTuning?.mode, shown.disks[1]?.bus, shown.vgpuDisplay?.enabled],
      [spec.CpuMode.HOST_MODEL, spec.NumaMode.STRICT, spec.DiskBus.SATA, true],
    );
    assert.deepEqual(
      (await world.domains()).map(({ spec: listed, labels }) => [listed, labels]),
      [[undefined, LABELS]],
    );
    await world.destroy("rich", { gracePeriod: { seconds: 0n, nanos: 0 } });
    const again = await world.create("again", ({ request }) => {
      request.domain = shown;
    });
    assert.deepEqual(again.domain?.spec, shown);
  });

  it("reaches libvirt as it was asked for", async () => {
    await createRich();
    const xml = await asSomebodyElse(world.host.libvirtSocket, async (libvirt) =>
      libvirt.domainXml(present(await libvirt.lookupDomainByName("rich"))),
    );
    for (const part of [
      "secure-boot",
      "tpm-crb",
      "egl-headless",
      "ramfb='on'",
      "52:54:00:aa:bb:cc",
      "rich.log",
      "seed.iso",
    ])
      assert.ok(xml.includes(part), `${part} in ${xml}`);
  });

  it("keeps its labels and its options when the agent or its ledger is lost", async () => {
    const { domain } = await createRich();
    await world.kill();
    await world.startAgain();
    assert.deepEqual((await world.named("rich")).spec, domain?.spec);
    await world.forgetTombstones();
    const rebuilt = await until("the claim is rebuilt", async () => {
      const seen = await world.named("rich");
      return seen.claimState === ClaimState.ACTIVE ? seen : undefined;
    });
    assert.deepEqual([rebuilt.labels, rebuilt.autostart, rebuilt.spec], [LABELS, true, undefined]);
  });

  it("runs again after the host has booted, also when it was off, and one without autostart does not", async () => {
    await createRich();
    await world.create("plain");
    await world.stop("rich", { gracePeriod: { seconds: 0n, nanos: 0 } });
    await world.kill();
    await world.host.control({ command: "reboot" });
    await world.startAgain();
    await until("it runs", async () => {
      const { state, claimState } = await world.named("rich");
      return state === DomainState.RUNNING && claimState === ClaimState.ACTIVE;
    });
    await until(
      "the other is seen to be off",
      async () => (await world.named("plain")).claimState === ClaimState.STOPPED,
    );
    await world.stop("rich", { gracePeriod: { seconds: 0n, nanos: 0 } });
    await world.kill();
    await world.startAgain();
    assert.equal((await world.named("rich")).claimState, ClaimState.STOPPED, "once a boot");
  });

  it("does not share what it writes with another domain, and shares what both read", async () => {
    await createRich();
    const on = (file: string, readonly: boolean) =>
      world.create("other", ({ disk }) => {
        Object.assign(disk, { path: path.join(world.images, file), readonly });
      });
    for (const [file, readonly] of [
      ["root.raw", false],
      ["root.raw", true],
      ["cd.iso", false],
      ["rich.log", false],
    ] as const) {
      if (file === "rich.log") await writeFile(path.join(world.images, file), "");
      const error = await refusal(on(file, readonly));
      assert.deepEqual(
        [error.code, error.reason, error.info?.metadata["domain_name"]],
        ["FAILED_PRECONDITION", "DISK_IN_USE", "rich"],
        file,
      );
    }
    await on("cd.iso", true);
  });

  it("can be given as libvirt's own XML, of which vgpud sends its own rendering with mark and slice", async () => {
    const rawXml = `<?xml version='1.0'?><domain type='qemu'><!-- x --><name>raw</name><memory unit='GiB'>1</memory><vcpu>2</vcpu>
      <os><type arch='x86_64' machine='q35'>hvm</type></os>
      <devices><disk type='file'><driver type='raw'/><source file='${world.images}/./root.raw'/><target dev='vda' bus='virtio'/></disk></devices></domain>`;
    const { domain } = await world.create("raw", ({ request }) => {
      request.domain = spec.DomainSpec.fromPartial({ rawXml, labels: LABELS });
    });
    const { name, vcpus, memoryMib, vgpuIds, labels } = present(domain);
    assert.deepEqual([name, vcpus, memoryMib, vgpuIds.length, labels], ["raw", 2, 1024, 1, LABELS]);
    assert.match(domain?.spec?.rawXml ?? "", new RegExp(`file="${world.images}/root.raw"`));
    assert.equal((await world.truth()).domains[0]?.mdevs[0], vgpuIds[0]);
  });

  it("is refused as XML where the configuration does not allow it", async () => {
    const file = path.join(world.host.directory, "vgpud.yaml");
    await world.kill();
    await writeFile(file, (await readFile(file, "utf8")).replace("allow_raw_xml: true", ""));
    await appendFile(file, "\n");
    await world.startAgain();
    const rawXml = "<domain><name>a</name><memory unit='MiB'>64</memory><os/><devices/></domain>";
    const error = await refusal(
      world.create("raw", ({ request }) => {
        request.domain = spec.DomainSpec.fromPartial({ rawXml });
      }),
    );
    assert.deepEqual(
      [error.code, error.reason, error.field],
      ["FAILED_PRECONDITION", "RAW_XML_DISABLED", "domain.raw_xml"],
    );
  });
});
