// One look at the host: what fails as a whole, and what is a fact when it fails.
import assert from "node:assert/strict";
import { rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { MdevBus } from "../../../agent/backends/kvmgt/mdev-bus.ts";
import { sliceMade } from "../../../agent/backends/xengt/types.ts";
import { KernelReader, type SliceSource } from "../../../agent/discovery/kernel-facts.ts";
import { observe, type Observation, type Observer } from "../../../agent/discovery/observe.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import { foreignDomain } from "../../fakes/claims.ts";
import { domainId } from "../../fakes/ids.ts";
import { hostTree, linkTo, type Link, type Tree } from "../../fakes/host-tree.ts";

const signal = new AbortController().signal;

function observer(given: Partial<Observer> & { readonly root: string }): Observer {
  return {
    files: new RootedFiles(given.root),
    kernel: new KernelReader(),
    slicesIn: () => slicesGiven(() => Promise.resolve([])),
    domains: { domains: () => Promise.resolve([foreignDomain(1)]) },
    xenGuests: { guests: () => Promise.reject(new Error("nobody asks")) },
    owners: { before: () => [], promised: () => undefined, sliceMade },
    wall: () => 42,
    ...given,
  };
}

function slicesGiven(slices: SliceSource["slices"]): SliceSource {
  return { describe: () => Promise.resolve({ mdevParent: false, types: [] }), slices };
}

describe("a look at the host", () => {
  it("puts GPUs, slices and domains together", async () => {
    const gpu = { vendor: "0x8086", class: "0x030000" };
    await using tree = await hostTree({ "sys/bus/pci/devices": { "0000:00:02.0": gpu } });
    const seen = await observe(observer({ root: tree.root }), signal);
    assert.deepEqual([...seen.gpus.keys()], ["0000:00:02.0"]);
    assert.equal(seen.observedAt, 42);
    assert.deepEqual(seen.domains, {
      known: true,
      value: new Map([[foreignDomain(1).id, foreignDomain(1)]]),
    });
  });

  it("takes libvirt's absence for a fact, with the reason", async () => {
    await using tree = await hostTree({});
    const domains = { domains: () => Promise.reject(new Error("connection refused")) };
    const seen = await observe(observer({ root: tree.root, domains }), signal);
    assert.deepEqual(seen.domains, { known: false, why: "connection refused", away: "libvirt" });
  });

  it("asks Xen for its guests on a Xen host alone, and takes all domains for unknown where it does not answer", async () => {
    await using tree = await hostTree({
      sys: { hypervisor: { type: "xen" } },
      proc: { xen: { capabilities: "control_d" } },
    });
    const guest = { domid: 2, id: domainId(2), name: "xl", pciDevices: [] };
    const xenGuests = { guests: () => Promise.resolve([guest]) };
    const seen = await observe(observer({ root: tree.root, xenGuests }), signal);
    assert.ok(seen.domains.known);
    assert.deepEqual([...seen.domains.value.keys()], [domainId(1), domainId(2)]);
    const { domains } = await observe(observer({ root: tree.root }), signal);
    assert.deepEqual(domains, { known: false, why: "nobody asks", away: "hostd" });
  });

  it("fails when it cannot be read which slices there are", async () => {
    await using tree = await hostTree({});
    const slicesIn = () => slicesGiven(() => Promise.reject(new Error("input/output error")));
    await assert.rejects(observe(observer({ root: tree.root, slicesIn }), signal), /input\/output error/);
  });

  it("is no look when it was called off meanwhile", async () => {
    await using tree = await hostTree({});
    const stop = new AbortController();
    const domains = {
      domains: () => {
        stop.abort(new Error("stopping"));
        return Promise.reject(new Error("called off"));
      },
    };
    await assert.rejects(observe(observer({ root: tree.root, domains }), stop.signal), /stopping/);
  });
});

const GPU = "0000:00:02.0";
const DIR = `sys/bus/pci/devices/${GPU}`;
const TYPES = `sys/class/mdev_bus/${GPU}/mdev_supported_types`;
const RESOURCE = ["0x1 0x2 0x0", "0x0 0x0 0x0", "0xc0000000 0xcfffffff 0x14220c"].join("\n");
const V5_8 = [
  "low_gm_size: 64MB",
  "high_gm_size: 384MB",
  "fence: 4",
  "resolution: 1024x768",
  "weight: 2",
].join("\n");

/** What a sound kernel says of one GPU with one type. */
const sound: Tree = {
  "proc/sys/kernel": { hostname: "node1", osrelease: "6.1.0", random: { boot_id: "b" } },
  [DIR]: {
    ...{
      vendor: "0x8086",
      class: "0x030000",
      device: "0x5917",
      numa_node: "0",
      boot_vga: "1",
      resource: RESOURCE,
    },
    driver: linkTo("../../../bus/pci/drivers/i915"),
  },
  [TYPES]: { "i915-GVTg_V5_8": { available_instances: "7", description: V5_8 } },
};

/** A look at the host on which the file is a link to something else, or has another text. */
async function seenWith(file: string, content: Link | string): Promise<Observation> {
  await using tree = await hostTree(sound);
  const at = path.join(tree.root, file);
  await rm(at, { force: true });
  await (typeof content === "string" ? writeFile(at, content) : symlink(content.link, at));
  return await observe(observer({ root: tree.root, slicesIn: (files) => new MdevBus(files) }), signal);
}

interface Fact {
  readonly file: string;
  readonly of: (seen: Observation) => unknown;
  readonly was: unknown;
  /** What it counts as when it is unknown, if that is something. */
  readonly without?: unknown;
}

const unknown: readonly Fact[] = [
  { file: "proc/sys/kernel/hostname", of: ({ host }) => host.hostname, was: "node1" },
  { file: `${DIR}/device`, of: ({ gpus }) => [...gpus.values()][0]?.deviceId, was: "5917" },
  { file: `${DIR}/numa_node`, of: ({ gpus }) => [...gpus.values()][0]?.numaNode, was: 0 },
  { file: `${DIR}/boot_vga`, of: ({ gpus }) => [...gpus.values()][0]?.bootVga, was: true },
  { file: `${DIR}/resource`, of: ({ gpus }) => [...gpus.values()][0]?.apertureMib, was: 256 },
  {
    file: `${TYPES}/i915-GVTg_V5_8/description`,
    of: ({ gpus }) => [...gpus.values()][0]?.types[0]?.weight,
    was: 2,
  },
  {
    file: `${TYPES}/i915-GVTg_V5_8/available_instances`,
    of: ({ gpus }) => [...gpus.values()][0]?.types[0]?.kernelAvailable,
    was: 7,
    // Of a type of which it is unknown how many can be made none is offered.
    without: 0,
  },
];

describe("a file of the kernel's that cannot be read", () => {
  it("leaves its own fact unknown, with the reason, and no other", async () => {
    const well = await seenWith("sys/none", "");
    assert.deepEqual(well.unread, []);
    for (const { file, of, was, without } of unknown) {
      assert.equal(of(well), was, file);
      const seen = await seenWith(file, linkTo(path.basename(file)));
      assert.deepEqual(seen.unread, [{ path: file, why: "ELOOP: too many symbolic links encountered" }]);
      assert.ok([undefined, "", without].includes(of(seen)), file);
      for (const other of unknown)
        if (other.file !== file)
          assert.equal(other.of(seen), other.was, `${file} took ${other.file} with it`);
    }
  });

  it("fails the look where it tells whether there is a GPU: none is taken for gone", async () => {
    for (const file of [`${DIR}/vendor`, `${DIR}/class`])
      await assert.rejects(seenWith(file, linkTo(path.basename(file))), /ELOOP/, file);
  });

  it("leaves the sizes of a type known that is GVT-g's by its name", async () => {
    const { gpus } = await seenWith(`${TYPES}/i915-GVTg_V5_8/description`, linkTo("description"));
    assert.deepEqual([...gpus.values()][0]?.types[0]?.sizes, { lowGmMib: 64, highGmMib: 384, fences: 4 });
  });

  it("is told of as well when it is empty, huge, or says what no kernel says", async () => {
    const file = `${DIR}/resource`;
    const why = async (content: Parameters<typeof seenWith>[1]): Promise<string | undefined> => {
      const { unread, gpus } = await seenWith(file, content);
      assert.equal([...gpus.values()][0]?.apertureMib, undefined);
      assert.deepEqual(
        unread.map(({ path: at }) => at),
        [file],
      );
      return unread[0]?.why;
    };
    assert.equal(await why(""), "is empty");
    assert.equal(await why(RESOURCE.slice(0, 20)), 'says "0x1 0x2 0x0\\n0x0 0x0"');
    assert.equal(await why("x".repeat(99)), `says "${"x".repeat(40)}…"`);
    assert.match((await why("x".repeat(1_048_576))) ?? "", /^holds 1048576 bytes or more$/);
  });
});
