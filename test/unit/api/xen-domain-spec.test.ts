// A domain that is asked for on a Xen host: what it becomes, and what is refused by its name because Xen cannot do it.
import assert from "node:assert/strict";
import { toWireSpec } from "../../../agent/api/convert/domain-spec.ts";
import { parseDomainSpec } from "../../../agent/api/validate/domain-spec.ts";
import { AgentError } from "../../../agent/core/errors.ts";
import type { DomainSpec } from "../../../agent/lifecycle/domain-spec.ts";
import * as pb from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import { disk } from "../../fakes/claims.ts";
import { xenExampleSpecs } from "../../fakes/domain-specs.ts";
import { domainId } from "../../fakes/ids.ts";

type Given = Parameters<typeof pb.DomainSpec.fromPartial>[0];

const file = { path: "/images/a.qcow2", format: pb.DiskFormat.QCOW2 };
const small = { name: "a", vcpus: 4, memoryMib: 1024, disks: [file] };
const kernel = { source: { $case: "kernel" as const, value: { kernelPath: "/boot/vmlinuz" } } };
const pvh = { xenGuestType: pb.XenGuestType.PVH, boot: kernel };
const pv = { ...pvh, xenGuestType: pb.XenGuestType.PV };
const cd = { ...file, device: pb.DiskDevice.CDROM };
const nic = { attachment: { $case: "bridge" as const, value: "br0" } };

const parseWire = (spec: pb.DomainSpec): DomainSpec =>
  parseDomainSpec(spec, "domain", { hypervisor: "xen", newId: () => domainId(7) });
const parse = (given: Given): DomainSpec => parseWire(pb.DomainSpec.fromPartial({ ...small, ...given }));

function errorOf(given: Given): AgentError {
  try {
    parse(given);
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("a domain that is asked for on Xen", () => {
  it("is an HVM guest with Xen's own devices where nothing else is said", () => {
    const { xenGuestType, disks, nics } = parse({ nics: [nic] });
    assert.equal(xenGuestType, "hvm");
    assert.deepEqual(disks, [disk("/images/a.qcow2", { bus: "xen" })]);
    assert.deepEqual(
      nics.map(({ model }) => model),
      ["xen"],
    );
  });

  it("is of the kind that was asked for", () => {
    assert.equal(parse(pvh).xenGuestType, "pvh");
    assert.equal(parse(pv).xenGuestType, "pv");
    assert.equal(errorOf({ xenGuestType: 9 as never }).reason, "FIELD_INVALID");
  });

  it("may have its virtual CPUs pinned, and sees the host's CPU", () => {
    assert.equal(parse({ cpu: { pins: [{ vcpu: 0, hostCpus: "1" }] } }).cpu?.mode, "host-passthrough");
  });

  it("is shown as something that would make it again", () => {
    for (const [name, spec] of xenExampleSpecs) {
      const disks = spec.disks.map((each) => ({ ...each, source: "file", backing: [] }));
      assert.deepEqual(parseWire(toWireSpec(spec)), { ...spec, disks }, name);
    }
  });

  const refused: readonly (readonly [field: string, Given, RegExp])[] = [
    ["raw_xml", { rawXml: "<domain/>" }, /KVM/],
    ["vcpus", { vcpus: 129 }, /128/],
    ["disks[0].bus", { disks: [{ ...file, bus: pb.DiskBus.VIRTIO }] }, /use XEN/],
    ["disks[0].bus", { disks: [{ ...file, bus: pb.DiskBus.SATA }] }, /use XEN/],
    ["disks[0].bus", { disks: [{ ...file, bus: pb.DiskBus.SCSI }] }, /use XEN/],
    ["disks[0].cache", { disks: [{ ...file, cache: pb.DiskCache.NONE }] }, /caches/],
    ["disks[0].serial", { disks: [{ ...file, serial: "a" }] }, /serial/],
    ["disks[0].readonly", { disks: [{ ...file, readonly: true }] }, /IDE/],
    ["disks[4].device", { disks: [file, file, file, file, cd] }, /first four/],
    ["disks[1].device", { ...pvh, disks: [file, cd] }, /read-only disk/],
    ["disks[1].device", { ...pv, disks: [file, cd] }, /read-only disk/],
    ["nics[0].model", { nics: [{ ...nic, model: pb.NetworkModel.VIRTIO }] }, /use XEN/],
    ["nics[0].model", { ...pvh, nics: [{ ...nic, model: pb.NetworkModel.E1000E }] }, /use XEN/],
    ["nics[0].mtu", { nics: [{ ...nic, mtu: 9000 }] }, /MTU/],
    ["boot", { xenGuestType: pb.XenGuestType.PVH }, /boot\.kernel/],
    [
      "boot.order",
      { ...pv, boot: { source: { $case: "order", value: { devices: [pb.BootDevice.DISK] } } } },
      /boot\.kernel/,
    ],
    [
      "boot.order.menu_timeout",
      {
        boot: {
          source: {
            $case: "order",
            value: { devices: [pb.BootDevice.DISK], menuTimeout: { seconds: 1n, nanos: 0 } },
          },
        },
      },
      /menu/,
    ],
    ["machine.type", { machine: { type: "q35" } }, /machine of its kind/],
    ["firmware.type", { ...pvh, firmware: { type: pb.FirmwareType.UEFI } }, /no firmware/],
    ["firmware.secure_boot", { firmware: { type: pb.FirmwareType.UEFI, secureBoot: true } }, /keys/],
    ["firmware.tpm", { firmware: { tpm: true } }, /trusted platform module/],
    ["cpu.mode", { cpu: { mode: pb.CpuMode.HOST_MODEL } }, /HOST_PASSTHROUGH/],
    ["cpu.mode", { cpu: { mode: pb.CpuMode.CUSTOM, model: "qemu64" } }, /HOST_PASSTHROUGH/],
    ["cpu.topology", { cpu: { topology: { sockets: 1, cores: 4, threads: 1 } } }, /as Xen shows it/],
    ["cpu.emulator_cpus", { cpu: { emulatorCpus: "0" } }, /Xen schedules/],
    ["cpu.max_phys_bits", { cpu: { maxPhysBits: 40 } }, /as Xen shows it/],
    ["numa_tuning", { numaTuning: {} }, /cpu\.pins/],
    ["huge_pages", { hugePages: {} }, /by itself/],
    ["graphics.vnc", { ...pvh, graphics: { vnc: {} } }, /no emulated display/],
    ["graphics.spice", { ...pv, graphics: { spice: {} } }, /no emulated display/],
    ["graphics.spice", { graphics: { vnc: {}, spice: {} } }, /one of VNC and SPICE/],
    ["vgpu_display", { graphics: { vnc: {} }, vgpuDisplay: {} }, /mediated device/],
    ["serial.log_path", { serial: { logPath: "/logs/a" } }, /xenconsoled/],
    ["guest_agent", { guestAgent: { shutdown: true } }, /virtio channel/],
  ];
  for (const [field, given, why] of refused)
    it(`is refused ${field}, which Xen cannot do: ${Object.keys(given).join(", ")}`, () => {
      const error = errorOf(given);
      assert.deepEqual([error.reason, error.field], ["FIELD_NOT_SUPPORTED_HERE", `domain.${field}`]);
      assert.match(error.message, why);
      assert.deepEqual(
        error.violations.map((violation) => violation.field),
        [`domain.${field}`],
      );
    });

  it("is told everything that Xen cannot do at once, after what is wrong everywhere", () => {
    const error = errorOf({ disks: [{ ...file, serial: "a" }], hugePages: {}, guestAgent: {} });
    assert.deepEqual(error.violations.map(({ field }) => field).sort(), [
      "domain.disks[0].serial",
      "domain.guest_agent",
      "domain.huge_pages",
    ]);
    const both = errorOf({ hugePages: {}, vcpus: 0 });
    assert.deepEqual([both.reason, both.field], ["FIELD_INVALID", "domain.vcpus"]);
  });
});
