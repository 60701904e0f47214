// Every machine that comes with the simulator, started by its name: what is offered on it, written down from the tables of
// the kernel's sources, and the counts that users report of such machines; and what platform it is.
import assert from "node:assert/strict";
import { defaultHost, parseHost } from "../../agent/simulator/host-yaml.ts";
import { DEFAULT_MACHINE, machineNames, readHost } from "../../agent/simulator/machines.ts";
import { SimulatedAgent } from "./harness/simulated-agent.ts";

/** By MiB of aperture and by type: what the kernel shows, and what can be made, fresh from a boot, with a GGTT of 4 GiB. */
const offers = {
  v4Of256: { V4_8: [2, 2], V4_4: [1, 1] },
  of256: { V5_8: [2, 2], V5_4: [1, 1] },
  of512: { V5_8: [6, 6], V5_4: [3, 3], V5_2: [1, 1] },
  of1024: { V5_8: [7, 7], V5_4: [5, 5], V5_2: [2, 2], V5_1: [1, 1] },
  of2048: { V5_8: [4, 4], V5_4: [3, 3], V5_2: [1, 1], V5_1: [0, 0] },
  of4096: { V5_8: [7, 0], V5_4: [7, 0], V5_2: [3, 0], V5_1: [1, 0] },
} as const;

type Offer = Readonly<Record<string, readonly [shown: number, makeable: number]>>;
interface Expected {
  readonly kernel: string;
  /** By PCI address: device id, aperture in MiB, offer. */
  readonly gpus: Readonly<Record<string, readonly [string, number, Offer]>>;
  /** vGPUs that stand there. */
  readonly vgpus?: number;
  /** Virtual functions that the first GPU's driver can make. */
  readonly functions?: number;
}
const IGD = "0000:00:02.0";

/** What the device ids stand for. */
const platforms: Readonly<Record<string, string>> = {
  ...{
    "1626": "Broadwell, gen8",
    "1912": "Skylake, gen9",
    "5912": "Kaby Lake, gen9",
    "5926": "Kaby Lake, gen9",
  },
  ...{ "3e92": "Coffee Lake, gen9", "3e96": "Coffee Lake, gen9", "9bc5": "Comet Lake, gen9" },
  ...{ "4c8a": "Rocket Lake, xe-lp", "4680": "Alder Lake-S, xe-lp", "56c0": "ATS-M, xe-hpg" },
};

const table: Readonly<Record<string, Expected>> = {
  "nuc-broadwell": { kernel: "6.1.0-44-amd64", gpus: { [IGD]: ["1626", 256, offers.v4Of256] } },
  "nuc-kaby-lake": { kernel: "6.1.0-44-amd64", gpus: { [IGD]: ["5926", 256, offers.of256] } },
  "desktop-skylake": { kernel: "5.10.0-30-amd64", gpus: { [IGD]: ["1912", 256, offers.of256] } },
  "desktop-kaby-lake": { kernel: "6.1.0-44-amd64", gpus: { [IGD]: ["5912", 512, offers.of512] } },
  "desktop-coffee-lake": { kernel: "6.12.107", gpus: { [IGD]: ["3e92", 1024, offers.of1024] } },
  "desktop-comet-lake": { kernel: "6.12.107", gpus: { [IGD]: ["9bc5", 2048, offers.of2048] } },
  "server-two-gpus": {
    kernel: "6.12.107",
    gpus: { [IGD]: ["3e96", 1024, offers.of1024], "0000:3d:00.0": ["56c0", 4096, {}] },
  },
  "server-four-gpus": {
    kernel: "6.12.107",
    gpus: {
      [IGD]: ["3e96", 1024, offers.of1024],
      "0000:17:00.0": ["3e96", 512, offers.of512],
      "0000:3d:00.0": ["3e96", 1024, offers.of1024],
      "0000:5e:00.0": ["3e96", 256, offers.of256],
    },
  },
  "desktop-rocket-lake": { kernel: "6.12.107", gpus: { [IGD]: ["4c8a", 256, {}] } },
  "desktop-alder-lake": { kernel: "6.17.9", gpus: { [IGD]: ["4680", 256, {}] }, functions: 7 },
  "server-flex": { kernel: "7.1.4", gpus: { "0000:4d:00.0": ["56c0", 4096, {}] }, functions: 31 },
  "gvt-off": { kernel: "6.12.107", gpus: { [IGD]: ["3e92", 1024, {}] } },
  "aperture-too-small": { kernel: "6.1.0-44-amd64", gpus: { [IGD]: ["5912", 128, {}] } },
  "aperture-too-large": { kernel: "6.12.107", gpus: { [IGD]: ["3e92", 4096, offers.of4096] } },
  // Slices of XenGT are for guests of Xen alone, by other ways than types in sysfs.
  "dom0-broadwell": { kernel: "4.3.0-vgt", gpus: { [IGD]: ["1626", 512, {}] } },
  "dom0-skylake": { kernel: "4.17.0-xengt", gpus: { [IGD]: ["1912", 1024, {}] } },
  "foreign-slices": {
    kernel: "6.12.107",
    // Of 896 and 2688 MiB a _4 and a _8 are taken: 704 and 1792 are left, and five of seven.
    gpus: { [IGD]: ["3e92", 1024, { V5_8: [4, 4], V5_4: [3, 3], V5_2: [1, 1], V5_1: [0, 0] }] },
    vgpus: 2,
  },
};

describe("a machine that comes with the simulator", () => {
  it("stands in this table, and no other", async () => {
    assert.deepEqual(await machineNames(), Object.keys(table).sort());
  });

  it("says what it is", async () => {
    for (const name of await machineNames()) {
      const { yaml, origin } = await readHost(name);
      assert.notEqual(parseHost(yaml, origin).about, "", name);
    }
  });

  it("is the host of an empty description, when it is the one that is taken without a name", async () => {
    const { yaml, origin } = await readHost(DEFAULT_MACHINE);
    assert.deepEqual({ ...parseHost(yaml, origin), about: "" }, defaultHost());
  });
});

describe("vgpud --simulate", () => {
  it("takes a machine by its name", async () => {
    await using agent = await SimulatedAgent.start("aperture-too-small");
    assert.deepEqual((await agent.gpus())[0]?.types, []);
  });
});

describe("vgpud on the machine", () => {
  let agent: SimulatedAgent;
  before(async () => {
    agent = await SimulatedAgent.start();
  });
  after(async () => {
    await agent[Symbol.asyncDispose]();
  });

  for (const [name, expected] of Object.entries(table))
    it(`${name} shows what it offers`, async () => {
      await agent.loadHost((await readHost(name)).yaml);
      const gpus = await agent.gpus();
      const shown = gpus.map(({ pciAddress, deviceId, apertureMib, types }) => [
        pciAddress,
        [
          deviceId,
          apertureMib,
          Object.fromEntries(
            types.map((type) => [
              type.name.replace("i915-GVTg_", ""),
              [type.kernelAvailable, type.allocatable],
            ]),
          ),
        ],
      ]);
      assert.deepEqual(Object.fromEntries(shown), expected.gpus);
      for (const { deviceId, model, generation } of gpus)
        assert.equal(`${model}, ${generation}`, platforms[deviceId], deviceId);
      assert.equal((await agent.vgpus()).length, expected.vgpus ?? 0);
      assert.equal(gpus[0]?.virtualFunctions?.free, expected.functions);
    });
});
