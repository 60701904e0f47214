// Slices of XenGT over the wire: of both times of its kernels, by vgpud itself and by device models.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../proto/gen/vgpud/v1/domain.ts";
import { Graphics, Vnc, XenGuestType } from "../../proto/gen/vgpud/v1/domain_spec.ts";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import { DiagnoseRequest, HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import { LAST_WORDS } from "./harness/crash/death.ts";
import type { Draft } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { until } from "./harness/until.ts";
import { present } from "./harness/world.ts";
import {
  AT_ONCE,
  BROADWELL,
  BY_AGENT,
  BY_MODEL,
  SKYLAKE,
  createOnXen,
  sizesOn,
  startXengt,
  truthOf,
  typesOn,
} from "./harness/xengt-host.ts";

describe("slices of XenGT, over the wire", function () {
  this.timeout(60_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "xengt-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("are made by vgpud itself for a guest that waits, where it is set up so", async () => {
    await using on = await startXengt(SKYLAKE, BY_AGENT);
    const { domain } = await createOnXen(on, "desk");
    assert.equal(domain?.state, DomainState.RUNNING);
    assert.deepEqual(await sizesOn(on), [[128, 512, 4]]);
    assert.deepEqual(
      [domain.xenDomid],
      (await truthOf(on)).xengt.map(({ domid }) => domid),
    );
    await on.destroy("desk", AT_ONCE);
    assert.deepEqual(await sizesOn(on), []);
  });

  it("are of any sizes with kernels of 2015, which count what is left, and of XenServer's types", async () => {
    const list = path.join(folder, "whitelist");
    await writeFile(
      list,
      "1626 experimental=0 name='GVT-g on 1626' low_gm_sz=96 high_gm_sz=320 fence_sz=6 framebuffer_sz=128\n",
    );
    await using on = await startXengt(BROADWELL, `xengt: { instance_creator: agent, types: ${list} }`);
    assert.deepEqual(await typesOn(on), { "GVT-g-on-1626": 4 });
    await createOnXen(on, "desk", ({ vgpu }) => {
      vgpu.want = { $case: "type", value: "GVT-g-on-1626" };
    });
    assert.deepEqual(await sizesOn(on), [[96, 320, 6]]);
    assert.deepEqual(await typesOn(on), { "GVT-g-on-1626": 3 });
  });

  it("are counted by what kernels of 2015 had left before, while nobody reads it and none comes or goes", async () => {
    await using on = await startXengt(BROADWELL, BY_AGENT);
    await createOnXen(on, "desk", ({ vgpu }) => {
      vgpu.want = { $case: "mode", value: Mode.GVT_G };
    });
    const before = await typesOn(on);
    const counted = async (): Promise<string> => {
      await on.rpc.call(Hosts.reconcile, { dryRun: false, claimId: "" }).catch(() => undefined);
      const { conditions } = await on.rpc.call(Hosts.diagnose, DiagnoseRequest.fromPartial({}));
      const count = present(conditions.find(({ reason }) => reason === "VGPU_COUNT_UNREADABLE"));
      return `${count.status}: ${count.message}`;
    };
    assert.match(await counted(), /^CONDITION_STATUS_PASS: the kernel says how many/);
    await on.setFaults({ kind: "HOSTD_GONE" });
    assert.match(
      await counted(),
      /^CONDITION_STATUS_PASS: .*cannot be read now \(.+\); it is what it was before/,
    );
    assert.deepEqual(await typesOn(on), before);
    await on.host.control({ command: "write-vgt", line: "99,64,384,4" });
    assert.match(
      await counted(),
      /^CONDITION_STATUS_FAIL: .*cannot be read \(.+\): no vGPU is made on this GPU/,
    );
    assert.deepEqual([...new Set(Object.values(await typesOn(on)))], [0]);
    await on.clearFaults();
    await until("it is read again", async () =>
      (await counted()).startsWith("CONDITION_STATUS_PASS: the kernel"),
    );
  });

  it("are told to be as busy as kernels of 2016 say, and nothing is told where they do not", async () => {
    await using on = await startXengt(BROADWELL, BY_AGENT);
    const { domain } = await createOnXen(on, "desk", ({ vgpu }) => {
      vgpu.want = { $case: "mode", value: Mode.GVT_G };
    });
    const id = present(domain?.vgpuIds[0]);
    assert.match(
      await on.scrape(),
      new RegExp(`^vgpud_vgpu_utilization_ratio\\{vgpu_id="${id}"\\} 0.4$`, "m"),
    );
    await using later = await startXengt(SKYLAKE, BY_AGENT);
    await createOnXen(later, "desk");
    assert.doesNotMatch(await later.scrape(), /^vgpud_vgpu_utilization_ratio\{/m);
    assert.match(await later.scrape(), /^vgpud_scrape_collector_success\{collector="vgpu_use"\} 1$/m);
  });

  it("are refused by name where they cannot be, and nothing is left", async () => {
    await using on = await startXengt(SKYLAKE, BY_MODEL);
    const refused = async (change: (draft: Draft) => void): Promise<string> => {
      const error = await refusal(createOnXen(on, "desk", change));
      assert.equal(error.code, "FAILED_PRECONDITION");
      assert.deepEqual(await truthOf(on), { xengt: [], domains: [] });
      return `${error.reason ?? ""}: ${error.message}`;
    };
    for (const kind of [XenGuestType.PV, XenGuestType.PVH])
      assert.match(
        await refused(({ spec }) => {
          spec.xenGuestType = kind;
        }),
        /^FIELD_NOT_SUPPORTED_HERE: .*domain\.xen_guest_type/,
      );
    assert.match(
      await refused(({ spec }) => {
        spec.graphics = Graphics.fromPartial({ vnc: Vnc.fromPartial({ listen: "127.0.0.1" }) });
      }),
      /^FIELD_NOT_SUPPORTED_HERE: .*domain\.graphics\.vnc/,
    );
  });

  it("that a start cannot make leave the domain off, and why is told", async () => {
    await using on = await startXengt(SKYLAKE, BY_AGENT);
    await createOnXen(on, "desk");
    await on.stop("desk", AT_ONCE);
    await on.setFaults({ kind: "CREATE_FAILS", errno: "EINVAL" });
    assert.equal((await refusal(on.start("desk"))).reason, "KERNEL_REFUSED");
    await until("it is off", async () => (await on.named("desk")).claimState === ClaimState.STOPPED);
    assert.deepEqual(await truthOf(on), { xengt: [], domains: [{ name: "desk", state: "shut-off" }] });
  });

  for (const point of ["before resume-domain", "after resume-domain"] as const)
    it(`outlive an agent that is killed at "${point}"`, async () => {
      await using on = await startXengt(SKYLAKE, BY_AGENT, { mortal: "when armed" });
      await on.agent.arm({ point, passing: 1 });
      await createOnXen(on, "desk").catch(() => undefined);
      assert.equal(LAST_WORDS.exec((await on.agent.end("SIGKILL")).stderr)?.[1], point);
      await on.startAgain();
      await until("it runs", async () => (await on.named("desk")).claimState === ClaimState.ACTIVE);
      assert.deepEqual((await truthOf(on)).domains, [{ name: "desk", state: "running" }]);
      assert.deepEqual(await sizesOn(on), [[128, 512, 4]]);
    });
});
