// A domain on its way from the wire to what is built, and back.
import assert from "node:assert/strict";
import { toWireSpec } from "../../../agent/api/convert/domain-spec.ts";
import { parseDomainSpec } from "../../../agent/api/validate/domain-spec.ts";
import { AgentError } from "../../../agent/core/errors.ts";
import { plainHardware } from "../../../agent/lifecycle/domain-spec.ts";
import { requestDigest } from "../../../agent/lifecycle/request-digest.ts";
import * as pb from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import { VgpuRequest } from "../../../proto/gen/vgpud/v1/placement.ts";
import { disk } from "../../fakes/claims.ts";
import { exampleSpecs } from "../../fakes/domain-specs.ts";
import { domainId } from "../../fakes/ids.ts";

type Given = Parameters<typeof pb.DomainSpec.fromPartial>[0];

const small = {
  name: "a",
  vcpus: 4,
  memoryMib: 1024,
  disks: [{ path: "/images/a.qcow2", format: pb.DiskFormat.QCOW2 }],
};

function parse(given: Given, hypervisor: "kvm" | "xen" = "kvm"): ReturnType<typeof parseDomainSpec> {
  return parseDomainSpec(pb.DomainSpec.fromPartial({ ...small, ...given }), "domain", {
    hypervisor,
    newId: () => domainId(7),
  });
}

function errorOf(given: Given): AgentError {
  try {
    parse(given);
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const fieldsOf = (given: Given): string[] => errorOf(given).violations.map(({ field }) => field);

describe("a domain as it came over the wire", () => {
  it("gets the defaults of the contract", () => {
    assert.deepEqual(parse({}), {
      ...plainHardware,
      ...{
        id: domainId(7),
        name: "a",
        vcpus: 4,
        memoryMib: 1024,
        onStop: "hold",
        labels: {},
        autostart: false,
      },
      disks: [disk("/images/a.qcow2")],
      bootOrder: { devices: ["disk"], menuMs: undefined },
    });
  });

  it("keeps its UUID in lower case and listens on loopback", () => {
    const { id, vnc, spice } = parse({
      uuid: domainId(9).toUpperCase(),
      graphics: { vnc: {}, spice: { port: 5930 } },
    });
    assert.equal(id, domainId(9));
    assert.deepEqual(
      [vnc, spice],
      [
        { listen: "127.0.0.1", port: undefined },
        { listen: "127.0.0.1", port: 5930 },
      ],
    );
  });

  it("is told everything that is wrong with it at once, in the order of the fields", () => {
    const wrong = {
      ...{ name: "<b>", vcpus: 0 },
      disks: [
        { path: "a", format: pb.DiskFormat.UNSPECIFIED },
        { path: "/b", format: pb.DiskFormat.RAW, serial: "ä" },
      ],
      nics: [
        {},
        { attachment: { $case: "bridge" as const, value: "x".repeat(16) }, mac: "53:54:00:00:00:01" },
      ],
      labels: { Team: "a", b: "\n" },
    } satisfies Given;
    assert.deepEqual(fieldsOf(wrong).sort(), [
      "domain.disks[0].format",
      "domain.disks[0].path",
      "domain.disks[1].serial",
      'domain.labels["Team"]',
      'domain.labels["b"]',
      "domain.name",
      "domain.nics[0].attachment",
      "domain.nics[1].bridge",
      "domain.nics[1].mac",
      "domain.vcpus",
    ]);
    assert.match(errorOf(wrong).message, /^10 fields are wrong: /);
  });

  it("takes options of a processor's graphics, and what of them goes together", () => {
    const machine = { type: "pc" };
    assert.deepEqual(parse({ machine, igd: { legacyMode: true, gms: 2, romPath: "/srv/igd.rom" } }).igd, {
      ...{ opregion: undefined, lpc: undefined, legacyMode: true, gms: 2, romPath: "/srv/igd.rom" },
    });
    const wrong = {
      igd: { lpc: true, legacyMode: true, gms: 256, romPath: "igd.rom" },
      graphics: { vnc: {} },
    } satisfies Given;
    assert.deepEqual(fieldsOf(wrong).sort(), [
      "domain.igd.gms",
      "domain.igd.legacy_mode",
      "domain.igd.legacy_mode",
      "domain.igd.lpc",
      "domain.igd.rom_path",
    ]);
  });

  it("is refused what belongs to Xen, with the reason, after what is wrong everywhere", () => {
    const foreign = {
      xenGuestType: pb.XenGuestType.HVM,
      disks: [{ ...small.disks[0], bus: pb.DiskBus.XEN }],
      nics: [{ attachment: { $case: "network" as const, value: "a" }, model: pb.NetworkModel.XEN }],
    } satisfies Given;
    const error = errorOf(foreign);
    assert.equal(error.reason, "FIELD_NOT_SUPPORTED_HERE");
    assert.deepEqual(fieldsOf(foreign).sort(), [
      "domain.disks[0].bus",
      "domain.nics[0].model",
      "domain.xen_guest_type",
    ]);
    assert.match(error.message, /KVM/);
    const both = errorOf({ ...foreign, vcpus: 0 });
    assert.deepEqual([both.reason, both.field], ["FIELD_INVALID", "domain.vcpus"]);
  });

  const contradictions: readonly (readonly [string, Given])[] = [
    [
      "domain.disks[0].bus",
      {
        disks: [{ ...small.disks[0], device: pb.DiskDevice.CDROM, bus: pb.DiskBus.VIRTIO }],
        boot: order(pb.BootDevice.CDROM),
      },
    ],
    [
      "domain.disks[0].discard",
      {
        disks: [{ ...small.disks[0], device: pb.DiskDevice.CDROM, discard: true }],
        boot: order(pb.BootDevice.CDROM),
      },
    ],
    ["domain.disks[0].readonly", { disks: [{ ...small.disks[0], bus: pb.DiskBus.SATA, readonly: true }] }],
    ["domain.boot", { disks: [{ ...small.disks[0], device: pb.DiskDevice.CDROM }] }],
    ["domain.boot.order.devices", { boot: order() }],
    ["domain.boot.order.devices[0]", { boot: order(pb.BootDevice.NETWORK) }],
    ["domain.boot.order.devices[1]", { boot: order(pb.BootDevice.DISK, pb.BootDevice.DISK) }],
    [
      "domain.boot.order.menu_timeout",
      {
        boot: {
          source: {
            $case: "order",
            value: { devices: [pb.BootDevice.DISK], menuTimeout: { seconds: 66n, nanos: 0 } },
          },
        },
      },
    ],
    ["domain.cpu.model", { cpu: { model: "qemu64" } }],
    ["domain.cpu.model", { cpu: { mode: pb.CpuMode.CUSTOM } }],
    ["domain.cpu.topology", { cpu: { topology: { sockets: 1, cores: 2, threads: 1 } } }],
    ["domain.cpu.pins[0].vcpu", { cpu: { pins: [{ vcpu: 4, hostCpus: "0" }] } }],
    [
      "domain.cpu.pins[1].vcpu",
      {
        cpu: {
          pins: [
            { vcpu: 0, hostCpus: "0" },
            { vcpu: 0, hostCpus: "1" },
          ],
        },
      },
    ],
    ["domain.cpu.pins[0].host_cpus", { cpu: { pins: [{ vcpu: 0, hostCpus: "3-1" }] } }],
    ["domain.cpu.emulator_cpus", { cpu: { emulatorCpus: "^1" } }],
    ["domain.cpu.max_phys_bits", { cpu: { maxPhysBits: 53 } }],
    ["domain.numa_tuning.nodes[1]", { numaTuning: { nodes: [0, 0] } }],
    ["domain.huge_pages.page_size_kib", { hugePages: { pageSizeKib: 4096 } }],
    ["domain.huge_pages.page_size_kib", { memoryMib: 1023, hugePages: { pageSizeKib: 2048 } }],
    ["domain.machine.type", { machine: { type: "microvm" } }],
    ["domain.firmware.secure_boot", { firmware: { secureBoot: true } }],
    [
      "domain.firmware.secure_boot",
      { machine: { type: "pc" }, firmware: { type: pb.FirmwareType.UEFI, secureBoot: true } },
    ],
    ["domain.graphics.spice.port", { graphics: { vnc: { port: 5900 }, spice: { port: 5900 } } }],
    ["domain.vgpu_display.enabled", { vgpuDisplay: { enabled: true } }],
    ["domain.vgpu_display.ramfb", { vgpuDisplay: { ramfb: true } }],
    ["domain.vgpu_display.height", { graphics: { vnc: {} }, vgpuDisplay: { width: 800 } }],
    [
      "domain.nics[1].mac",
      {
        nics: ["52:54:00:AA:00:01", "52:54:00:aa:00:01"].map((mac) => ({
          attachment: { $case: "network", value: "a" },
          mac,
        })),
      },
    ],
    ["domain.vcpus", { rawXml: "<domain/>" }],
  ];
  for (const [field, given] of contradictions)
    it(`is refused ${field} that contradicts: ${JSON.stringify(given, bigints).slice(0, 60)}`, () => {
      assert.ok(fieldsOf(given).includes(field), fieldsOf(given).join());
    });

  it("is shown as something that would make it again", () => {
    for (const [name, spec] of exampleSpecs) {
      // What the lifecycle finds out, and what no request says.
      const disks = spec.disks.map((each) => ({ ...each, source: "file", backing: [] }));
      if (disks.length === 0 && !spec.kernelBoot && !spec.raw && !spec.bootOrder) continue;
      const site = { hypervisor: "kvm", newId: () => domainId(1) } as const;
      assert.deepEqual(parseDomainSpec(toWireSpec(spec), "domain", site), { ...spec, disks }, name);
    }
  });

  it("has the digest that former releases gave the same request, so that retries are known after an upgrade", () => {
    const domain = pb.DomainSpec.decode(pb.DomainSpec.encode(pb.DomainSpec.fromPartial(small)).finish());
    const vgpu = VgpuRequest.fromPartial({ want: { $case: "type", value: "i915-GVTg_V5_4" } });
    assert.equal(
      requestDigest({ method: "CreateDomain", claimId: "claim-1", domain, vgpu }),
      "9f4a11cb467e56d0147cc9ce454c4d80c8998f1f6dabcc3bdfa8917bbc5e938b",
    );
  });
});

function order(...devices: readonly pb.BootDevice[]): NonNullable<Given>["boot"] {
  return { source: { $case: "order", value: { devices: [...devices] } } };
}

function bigints(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}
