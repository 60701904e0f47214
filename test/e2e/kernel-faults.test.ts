// A kernel and a hostd that fail, hang or leak: undone, told, and nothing of it is forgotten.
import assert from "node:assert/strict";
import { z } from "zod";
import { ClaimState, Ownership } from "../../proto/gen/vgpud/v1/claim.ts";
import { ConditionStatus, type Condition } from "../../proto/gen/vgpud/v1/condition.ts";
import { DomainState } from "../../proto/gen/vgpud/v1/domain.ts";
import { DiagnoseRequest, HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import { OperationState } from "../../proto/gen/vgpud/v1/operation.ts";
import { setMode } from "./conformance/modes.ts";
import { GPU, type } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { until } from "./harness/until.ts";
import { present, World } from "./harness/world.ts";

/** A line of the log: one cause, all files. */
const unreadSchema = z.object({ path: z.string(), others: z.array(z.string()).default([]) });
const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };

describe("a create that the kernel", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });

  it("refuses is undone, with the errno named", async () => {
    const untouched = await world.footprint();
    for (const errno of ["EIO", "ENODEV", "EFAULT"] as const) {
      await world.setFaults({ kind: "CREATE_FAILS", errno });
      const error = await refusal(world.create("refused"));
      assert.deepEqual([error.code, error.reason], ["FAILED_PRECONDITION", "KERNEL_REFUSED"]);
      assert.match(error.message, new RegExp(errno));
      const failed = await world.operation(present(error.info).metadata["operation"] ?? "");
      assert.deepEqual([failed.state, failed.failure?.reason], [OperationState.FAILED, "KERNEL_REFUSED"]);
    }
    await world.setFaults({ kind: "CREATE_FAILS", errno: "ENOSPC" });
    const full = await refusal(world.create("refused"));
    assert.deepEqual([full.code, full.reason], ["RESOURCE_EXHAUSTED", "GM_FRAGMENTED"]);
    await world.clearFaults();
    assert.deepEqual(await world.footprint(), untouched);
  });

  it("takes long over is waited for, and does not keep other calls", async () => {
    await world.setFaults({ kind: "CREATE_LATE", delay_ms: 60_000, times: 2 });
    const slow = world.create("slow");
    const running = await until("the create is seen", async () =>
      (await world.domains()).find(({ name }) => name === "slow"),
    );
    assert.deepEqual([running.claimState, running.state], [ClaimState.CREATING, DomainState.UNKNOWN]);
    assert.equal((await world.operation(running.operation)).state, OperationState.RUNNING);
    assert.equal((await world.vgpus())[0]?.present, false);
    await until("the kernel is asked", () => world.hasStruck("CREATE_LATE"));
    await world.host.control({ command: "advance", ms: 60_000 });
    assert.equal((await slow).domain?.claimState, ClaimState.ACTIVE);
    await world.clearFaults();
    await world.destroy("slow", AT_ONCE);
  });
});

describe("a vgpud-hostd that is away", () => {
  it("is a condition of the host that costs GVT-g, with what to do, until it is back", async () => {
    await using world = await World.start();
    const shown = async (): Promise<Condition | undefined> =>
      (await world.shownHost()).conditions.find(({ reason }) => reason === "HOSTD_UNAVAILABLE");
    const gvtg = async (): Promise<unknown> => {
      const { conditions, verdicts } = await world.rpc.call(Hosts.diagnose, DiagnoseRequest.fromPartial({}));
      const found = conditions.find(({ reason }) => reason === "HOSTD_UNAVAILABLE");
      const mode = verdicts[0]?.modes.find((each) => each.mode === Mode.GVT_G);
      return [found?.status, mode?.available];
    };
    assert.deepEqual(await gvtg(), [ConditionStatus.PASS, true]);
    await world.setFaults({ kind: "HOSTD_GONE" });
    assert.deepEqual(await gvtg(), [ConditionStatus.FAIL, false]);
    const away = present(await shown());
    assert.match(away.message, /vgpud-hostd does not answer at .*hostd\.sock: .*ENOENT/);
    assert.match(away.remedy, /systemctl restart vgpud-hostd\.socket vgpud-hostd/);
    assert.match(present(away.evidence[0]).path, /^vgpud-hostd at \//);
    await world.clearFaults();
    assert.deepEqual(await gvtg(), [ConditionStatus.PASS, true]);
  });

  for (const [host, { yaml, options, modes }] of Object.entries({
    "of KVM whose GPU can be cut and given away": {
      yaml: `{ kernel: 7.1.4, gpus: [{ address: "${GPU}", device: "56c0", driver: xe, total_vfs: 7 }] }`,
      options: {},
      modes: [Mode.GVT_D, Mode.SRIOV],
    },
    "of Xen without slices": {
      yaml: `{ kernel: 7.1.4, hypervisor: xen, gpus: [{ address: "${GPU}", device: "46a6" }] }`,
      options: { libvirtUri: "xen:///system" as const },
      modes: [Mode.GVT_D],
    },
  }))
    it(`costs what a host ${host} could do`, async () => {
      await using world = await World.start(yaml, {}, options);
      const found = async (): Promise<unknown> => {
        const { conditions, verdicts } = await world.rpc.call(
          Hosts.diagnose,
          DiagnoseRequest.fromPartial({}),
        );
        const inTheWay = modes.map((mode) => verdicts[0]?.modes.find((each) => each.mode === mode)?.reason);
        return [conditions.find(({ reason }) => reason === "HOSTD_UNAVAILABLE")?.status, ...inTheWay];
      };
      assert.deepEqual(await found(), [ConditionStatus.PASS, ...modes.map(() => "")]);
      await world.setFaults({ kind: "HOSTD_GONE" });
      assert.deepEqual(await found(), [ConditionStatus.FAIL, ...modes.map(() => "HOSTD_UNAVAILABLE")]);
      const refused = await refusal(setMode(world, GPU, Mode.GVT_D));
      assert.deepEqual([refused.code, refused.reason], ["UNAVAILABLE", "HOSTD_UNAVAILABLE"]);
    });

  it("is shown without being asked for once a create has met it", async () => {
    await using world = await World.start();
    await world.setFaults({ kind: "HOSTD_GONE" });
    assert.equal((await refusal(world.create("refused"))).reason, "HOSTD_UNAVAILABLE");
    await until("it is shown", async () =>
      (await world.shownHost()).conditions.some(
        ({ reason, status }) => reason === "HOSTD_UNAVAILABLE" && status === ConditionStatus.FAIL,
      ),
    );
  });
});

describe("a removal", () => {
  it("by somebody who did not look leaks on an old kernel: what the kernel lost is not promised again", async () => {
    await using world = await World.start("{ kernel: 6.1.0-44-amd64 }");
    const { domain } = await world.create("robbed", ({ vgpu }) => {
      vgpu.want = { $case: "type", value: type(1) };
    });
    await world.host.control({ command: "remove-mdev", uuid: domain?.vgpuIds[0] ?? "" });
    const error = await refusal(
      world.create("next", ({ vgpu }) => {
        vgpu.want = { $case: "type", value: type(1) };
      }),
    );
    assert.equal(error.code, "RESOURCE_EXHAUSTED");
    assert.equal((await world.destroy("robbed", AT_ONCE)).domain?.claimState, ClaimState.GONE);
    const [gpu] = await world.gpus();
    assert.ok(present(gpu).conditions.some(({ reason }) => reason === "CAPACITY_DISAGREES"));
    const still = await refusal(
      world.create("next", ({ vgpu }) => {
        vgpu.want = { $case: "type", value: type(1) };
      }),
    );
    assert.deepEqual([still.code, still.reason], ["RESOURCE_EXHAUSTED", "KERNEL_REPORTS_NO_ROOM"]);
  });
});

describe("a slice that vgpud has no claim for", () => {
  it("is an orphan when it bears its mark, foreign when not, and stays either way", async () => {
    await using world = await World.start();
    const orphan = "76677075-0001-8000-8000-000000000001";
    const foreign = "4c9c1f1e-aaaa-4000-8000-000000000001";
    for (const uuid of [orphan, foreign])
      await world.host.control({ command: "create-mdev", gpu: GPU, type: type(8), uuid });
    await world.defineForeign({
      name: "theirs",
      uuid: "6c9c1f1e-bbbb-4000-8000-000000000001",
      mdev: foreign,
    });
    await world.create("ours");
    await world.destroy("ours", AT_ONCE);
    const shown = await world.vgpus();
    assert.deepEqual(
      shown.map(({ vgpuId, ownership, domainName }) => [vgpuId, ownership, domainName]),
      [
        [foreign, Ownership.FOREIGN, "theirs"],
        [orphan, Ownership.ORPHAN, ""],
      ],
    );
    const { mdevs, domains } = await world.truth();
    assert.deepEqual([mdevs.length, domains.length], [2, 1]);
  });
});

describe("files of the kernel that cannot be read", () => {
  const DEVICE = `sys/devices/pci0000:00/${GPU}`;
  const bad = [
    "proc/sys/kernel/hostname",
    "proc/sys/kernel/random/boot_id",
    `${DEVICE}/resource`,
    `${DEVICE}/numa_node`,
    `${DEVICE}/boot_vga`,
    `${DEVICE}/mdev_supported_types/${type(1)}/description`,
    `${DEVICE}/mdev_supported_types/${type(2)}/available_instances`,
  ];

  it("stop nothing: their facts are unknown, the rest is served, and each is told once", async () => {
    await using world = await World.start();
    await world.setFaults(
      ...bad.map((target, index) => ({ name: `bad-${index}`, kind: "FILE_FAILS" as const, target })),
    );
    // Without the size of the aperture nobody knows what fits.
    const error = await refusal(world.create("later"));
    assert.deepEqual([error.code, error.reason], ["FAILED_PRECONDITION", "MODE_UNSUPPORTED"]);
    const [gpu] = await world.gpus();
    // A count that cannot be read takes no type away: it is unknown.
    const counts = new Map(gpu?.types.map(({ name, kernelAvailable }) => [name, kernelAvailable]));
    assert.deepEqual([...counts.keys()].sort(), [type(1), type(2), type(4), type(8)]);
    assert.equal(counts.get(type(2)), undefined);
    assert.equal((await world.shownHost()).kernelRelease, "6.12.107");
    assert.match(await world.scrape(), /^vgpud_inventory_unread_files 7$/m);
    await refusal(world.create("later"));
    await world.clearFaults();
    assert.equal((await world.create("later")).domain?.claimState, ClaimState.ACTIVE);
    assert.match(await world.scrape(), /^vgpud_inventory_unread_files 0$/m);
    const lines = world.agent.log.split("\n");
    assert.ok(lines.some((line) => line.includes('"why":"EIO: i/o error"')));
    for (const message of ["a fact of the kernel is unknown", "a fact of the kernel is known again"]) {
      const told = lines
        .filter((line) => line.includes(message))
        .map((line) => unreadSchema.parse(JSON.parse(line)))
        .flatMap(({ path, others }) => [path, ...others]);
      assert.equal(told.length, bad.length, message);
      assert.equal(new Set(told).size, bad.length, message);
    }
  });
});
