// Reboots of the host under systemd with domains alive: cases for suites that have installed it.
import assert from "node:assert/strict";
import type { Vgpu } from "../../proto/gen/vgpud/v1/vgpu.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import { defined } from "./agent-client.ts";
import { domainRequest, eventually, makeDisk, until } from "./agent-in-bed.ts";
import type { Bed } from "./bed.ts";
import * as gpu from "./gpu.ts";
import { leftOvers, vfioGroupHeld } from "./host-state.ts";
import { fieldsOf, type ServiceInBed } from "./service-in-bed.ts";

const restore = "vgpud-restore.service";
const libvirtd = "libvirtd.service";
/** What somebody else's script makes at each boot, before vgpud-restore.service: the room of one `_4`. */
const intruder = gpu.uuid(7);
const intruderUnit = `[Unit]
Description=A slice of somebody else's
After=systemd-modules-load.service
Before=${restore}
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo ${intruder} > ${gpu.typeFolder("4")}/create'
[Install]
WantedBy=multi-user.target
`;
/** Connects to libvirt's socket as soon as there is one, and so has it started while the host is still booting. */
const earlyClientUnit = `[Unit]
Description=A client of libvirt that cannot wait
DefaultDependencies=no
After=libvirtd.socket
[Service]
Type=oneshot
ExecStart=/usr/bin/virsh -q list --all
[Install]
WantedBy=multi-user.target
`;
/** As long as a boot may take under emulation beside other work. Its order is looked at, not its time. */
const patience = "[Service]\nTimeoutStartSec=10min\n";
const DESK = "i915-GVTg_V5_4";
const SMALL = "i915-GVTg_V5_8";

interface Rebooted {
  readonly bed: () => Bed;
  readonly service: () => ServiceInBed;
  /** Keeps a piece of evidence. */
  readonly tell: (what: string, text: string) => void;
  /** A second reboot, to a host whose libvirtd waits behind its socket. */
  readonly behindSocket: boolean;
}

/** Cases of a `describe`: the host is empty before, and nobody uses it afterwards. */
export function reboots({ bed, service, tell, behindSocket }: Rebooted): void {
  /** The slices' ids by whom they are for. */
  let slices: Readonly<Record<"desk" | "lab" | "theirs" | "spare", string>>;
  let bootId: string;

  before(async () => {
    const create = async (name: string, suffix: gpu.Suffix, autostart: boolean): Promise<string> => {
      await makeDisk(bed(), name);
      const request = domainRequest(name, suffix);
      defined(request.domain).autostart = autostart;
      const { domain } = await service().client.createDomain(request);
      return defined(domain?.vgpuIds[0]);
    };
    const reserve = async (claimId: string): Promise<string> => {
      const words = ["create-vgpu", "--type", SMALL, "--claim-id", claimId, "-o", "name"];
      return (await vgpuctl(service().socket, words)).stdout.trim();
    };
    const desk = await create("desk", "4", true);
    const lab = await create("lab", "8", false);
    // One for a domain that libvirt starts by itself, and the last one, which will find its room taken.
    slices = { desk, lab, theirs: await reserve("for-theirs"), spare: await reserve("spare") };
    await gpu.defineDomain(bed(), "theirs", slices.theirs);
    await bed().check("virsh -q autostart theirs");
    await enable("intruder.service", intruderUnit);
    for (const unit of [restore, "vgpud.service"])
      await bed().writeFile(`/etc/systemd/system/${unit}.d/patience.conf`, patience);
    await reboot();
  });

  async function enable(name: string, unit: string): Promise<void> {
    await bed().writeFile(`/etc/systemd/system/${name}`, unit);
    await service().systemctl("enable", name);
  }

  /** Resolves when vgpud answers with libvirt's domains. */
  async function reboot(): Promise<void> {
    const before = await bed().check("cat /proc/sys/kernel/random/boot_id");
    await bed().reboot();
    bootId = await bed().check("cat /proc/sys/kernel/random/boot_id");
    assert.notEqual(bootId, before);
    await service().served((client) => client.listDomains());
  }

  async function vgpu(id: string): Promise<Vgpu> {
    return defined((await service().client.listVgpus()).find(({ vgpuId }) => vgpuId === id));
  }

  /** What systemd says of when, in microseconds since the boot. */
  async function moment(unit: string, property: string): Promise<number> {
    const at = Number(await service().property(unit, `${property}TimestampMonotonic`));
    assert.ok(at > 0, `${unit} has no ${property}`);
    return at;
  }

  /** What `vgpud-restore.service` has said of each claim in this boot, by the slice's id. */
  async function restored(): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>> {
    const said = await bed().check(`journalctl -b --output=cat _SYSTEMD_UNIT=${restore}`);
    tell(`journalctl -b -u ${restore}`, said);
    return new Map(
      said
        .split("\n")
        .map(fieldsOf)
        .map((fields) => [String(fields["vgpu"]), fields]),
    );
  }

  async function assertRuns(name: string, slice: string): Promise<void> {
    assert.equal(await bed().check(`virsh -q domstate ${name}`), "running");
    await vfioGroupHeld(bed(), name, slice);
  }

  describe("with libvirtd started at boot", () => {
    it("makes the slices again, of their types and under their names, before libvirt starts", async () => {
      const told = await restored();
      for (const id of [slices.desk, slices.lab, slices.theirs])
        assert.equal(told.get(id)?.["msg"], "slice is there");
      for (const [id, type] of [
        [slices.desk, DESK],
        [slices.lab, SMALL],
        [slices.theirs, SMALL],
      ])
        assert.equal(await bed().check(`basename $(readlink /sys/bus/mdev/devices/${id}/mdev_type)`), type);
      const [over, begun] = [await moment(restore, "ExecMainExit"), await moment(libvirtd, "ExecMainStart")];
      assert.ok(over < begun, `libvirtd began at ${begun} µs, the slices were there at ${over} µs`);
    });

    it("is in time for libvirt's own autostart of somebody else's domain", async () => {
      await until(bed(), "[ $(virsh -q domstate theirs) = running ]", 120_000);
      await assertRuns("theirs", slices.theirs);
    });

    it("starts what is to be started with the host, whose QEMU then holds its slice", async () => {
      await eventually(
        () => service().client.getClaim("claim-desk"),
        ({ state, claimState }) => state === "DOMAIN_STATE_RUNNING" && claimState === "CLAIM_STATE_ACTIVE",
        120_000,
      );
      await assertRuns("desk", slices.desk);
    });

    it("leaves the other off, with its slice, until somebody starts it", async () => {
      const { state, claimState, vgpuIds } = await service().client.getClaim("claim-lab");
      assert.deepEqual(
        [state, claimState, vgpuIds],
        ["DOMAIN_STATE_SHUT_OFF", "CLAIM_STATE_STOPPED", [slices.lab]],
      );
      await service().client.startDomain("lab");
      await assertRuns("lab", slices.lab);
    });

    it("says what could not be made again, and why, where an operator looks", async () => {
      const missing = defined((await restored()).get(slices.spare));
      assert.deepEqual(
        [missing["msg"], missing["claim"], missing["reason"]],
        ["slice is missing", "spare", "KERNEL_REPORTS_NO_ROOM"],
      );
      assert.equal(await service().property(restore, "ActiveState"), "failed");
      assert.equal(await service().property(restore, "ExecMainStatus"), "69");
      const { present, failure } = await eventually(
        () => vgpu(slices.spare),
        ({ failure: shown }) => shown !== undefined,
      );
      assert.deepEqual([present, failure?.reason], [false, "KERNEL_REPORTS_NO_ROOM"]);
      const { stdout } = await vgpuctl(service().socket, ["vgpus"]);
      tell("vgpuctl vgpus (room was taken)", stdout);
      assert.match((await bed().run(`systemctl --failed --plain --no-legend`)).stdout, /vgpud-restore/);
    });

    it("makes it as soon as there is room", async () => {
      assert.equal((await gpu.remove(bed(), intruder)).code, 0);
      const { failure } = await eventually(
        () => vgpu(slices.spare),
        ({ present }) => present,
      );
      assert.equal(failure, undefined);
    });
  });

  if (!behindSocket) return;

  describe("with libvirtd started by the first client that connects", () => {
    before(async () => {
      for (const name of ["desk", "lab"]) await service().client.destroyDomain(name);
      await bed().check(`rm /etc/systemd/system/multi-user.target.wants/${libvirtd}`);
      await bed().check("rm /etc/systemd/system/multi-user.target.wants/intruder.service");
      await enable("early-client.service", earlyClientUnit);
      await reboot();
    });

    it("lets a client wait that was there first, until the slices are", async () => {
      const connected = await moment("early-client.service", "ExecMainStart");
      const [over, begun] = [await moment(restore, "ExecMainExit"), await moment(libvirtd, "ExecMainStart")];
      assert.ok(connected < over, `the client came at ${connected} µs, the slices were there at ${over} µs`);
      assert.ok(over < begun, `libvirtd began at ${begun} µs, the slices were there at ${over} µs`);
      assert.equal(await service().property(restore, "ActiveState"), "active");
      const { slices: made } = await leftOvers(bed());
      assert.deepEqual(made, [slices.theirs, slices.spare].sort());
    });

    it("is in time for libvirt's own autostart there, too", async () => {
      await until(bed(), "[ $(virsh -q domstate theirs) = running ]", 120_000);
      await assertRuns("theirs", slices.theirs);
    });
  });
}
