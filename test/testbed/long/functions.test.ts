// PCI functions of GPUs on a real kernel and libvirt when others give them away, and when vgpud is killed while it does: more of
// functions.ts.
import assert from "node:assert/strict";
import { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import { refusalOf } from "../agent-client.ts";
import { AgentInBed, eventually } from "../agent-in-bed.ts";
import {
  CUT,
  driverOf,
  functionAt,
  functionsOf,
  groupHeld,
  knowsTwoGpus,
  reloadTwoGpus,
  WHOLE,
  type FunctionsAgent,
} from "../functions-agent.ts";
import * as gpu from "../gpu.ts";
import { LifeLog } from "../life-log.ts";
import { bed } from "../suite-bed.ts";

describe("PCI functions of GPUs on a real kernel and libvirt, beside others and over vgpud's death", () => {
  const life = new LifeLog("function-others-life");
  let agent: AgentInBed;
  const host = (): FunctionsAgent => functionsOf(agent, life);

  before(async () => {
    await bed.reset();
    await reloadTwoGpus();
    agent = await AgentInBed.install(bed);
    await knowsTwoGpus(host(), ["one", "three", "four", "late", "whole"]);
  });

  after(async () => {
    agent.close();
    await life.write();
    await bed.reset();
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.error(await agent.log());
  });

  /** Kills the agent when libvirt has the domain, and waits for it to run with the function when it is started again. */
  async function createOverDeath(name: string, mode: Mode, address: string): Promise<void> {
    const { create } = host();
    const cut = create(name, mode).catch((error: unknown) => error);
    await eventually(
      () => bed.run(`virsh -q domstate ${name}`),
      ({ code }) => code === 0,
    );
    await agent.end("SIGKILL");
    await cut;
    await agent.start();
    await eventually(
      () => agent.client.getClaim(`claim-${name}`),
      ({ claimState, state }) => claimState === "CLAIM_STATE_ACTIVE" && state === "DOMAIN_STATE_RUNNING",
    );
    life.tell(`# vgpud was killed meanwhile; the open group of ${name}\n${await groupHeld(name, address)}`);
  }

  /** Somebody gives a function, which is at vfio-pci, to a domain by virsh. */
  async function givenByVirsh(address: string, meanwhile: () => Promise<void>): Promise<void> {
    const { done } = host();
    await gpu.startWithFunction(bed, "theirs", address);
    const listed = (): Promise<readonly Vgpu[]> =>
      agent.client.listVgpus().then((all) => all.filter(({ domainName }) => domainName === "theirs"));
    const [vgpu] = await eventually(listed, ([one]) => one?.inUse === true);
    assert.equal(vgpu?.ownership, "OWNERSHIP_FOREIGN");
    await done("vgpus");
    assert.equal((await refusalOf(agent.client.destroyDomain("theirs"))).reason, "DOMAIN_FOREIGN");
    try {
      await meanwhile();
      assert.equal(await bed.check("virsh -q domstate theirs"), "running");
    } finally {
      await bed.check("virsh -q destroy theirs");
    }
    await eventually(listed, ({ length }) => length === 0);
  }

  describe("a GPU cut into virtual functions", () => {
    before(async () => {
      const { create, done } = host();
      await done(`set-mode ${CUT} sriov`);
      await done(`set-functions ${CUT} 4`);
      await create("one", Mode.SRIOV);
    });

    it("goes on with the create in whose middle vgpud was killed, beside a domain that holds another", async () => {
      const { done } = host();
      await createOverDeath("three", Mode.SRIOV, functionAt(2));
      await groupHeld("one", functionAt(1));
      await done("destroy three --grace 0s");
      assert.equal(await driverOf(functionAt(2)), "");
    });

    it("shows one that somebody gave to a domain by virsh as foreign, and gives it to nobody else", async () => {
      const { create, done } = host();
      await gpu.bind(bed, functionAt(2), "vfio-pci");
      await givenByVirsh(functionAt(2), async () => {
        await create("four", Mode.SRIOV);
        await groupHeld("four", functionAt(3));
        await done("destroy four --grace 0s");
      });
      await gpu.bind(bed, functionAt(2));
    });
  });

  describe("a GPU given away whole", () => {
    before(() => host().done(`set-mode ${WHOLE} gvt-d`));

    it("given by somebody to a domain by virsh is shown as foreign, and given to nobody else", async () => {
      assert.equal(await driverOf(WHOLE), "vfio-pci");
      await givenByVirsh(WHOLE, async () => {
        assert.equal((await refusalOf(host().create("late", Mode.GVT_D))).code, "RESOURCE_EXHAUSTED");
      });
    });

    it("given by a vgpud that is killed meanwhile is held by its domain's QEMU when that is started again", async () => {
      await createOverDeath("whole", Mode.GVT_D, WHOLE);
      await host().done("destroy whole --grace 0s");
      assert.equal(await driverOf(WHOLE), "vfio-pci");
    });
  });
});
