// What Placement tells where it has no candidate.
import assert from "node:assert/strict";
import { once } from "node:events";
import { systemClock } from "../../../../agent/core/clock.ts";
import { Deadline } from "../../../../agent/core/deadline.ts";
import type { Flavor } from "../../../../agent/cli/schedule/flavor.ts";
import { missingHints, missingIn } from "../../../../agent/cli/schedule/missing.ts";
import { PlacementError } from "../../../../agent/placement/errors.ts";
import { MemoryPlacement } from "../../../fakes/memory-placement.ts";
import { TOTALS } from "../scheduling.ts";

const DRAINED = "CUSTOM_INTEL_VGPU_DRAINED";
const FLAVOR: Flavor = {
  ...{ name: "f", vcpus: 1, memoryMib: 64, vgpu: { mode: "sriov" } },
  traits: { required: ["CUSTOM_RACK_7"], forbidden: ["CUSTOM_OLD", DRAINED] },
};

async function hintsOf(
  api: MemoryPlacement,
  namedHosts: readonly string[] = [],
  asked: Partial<Flavor> = {},
): Promise<readonly string[]> {
  const flavor = { ...FLAVOR, ...asked };
  const { signal } = new AbortController();
  const deadline = { signal, isOver: false };
  const missing = await missingIn({ api, namedHosts, flavor, memberOf: [], deadline });
  return missing === undefined ? [] : missingHints(missing, flavor);
}

describe("a create that has no candidate", () => {
  it("is told which GPUs such as it asks for are drained, some by name and the others by number", async () => {
    const api = new MemoryPlacement();
    const mode = "CUSTOM_INTEL_VGPU_MODE_SRIOV";
    for (const host of ["g", "f", "e", "d", "c", "b", "a"])
      api.traits.set(api.addHost(host, TOTALS), [DRAINED, mode, "CUSTOM_RACK_7"]);
    api.traits.set(api.addHost("open", TOTALS), [mode, "CUSTOM_RACK_7"]);
    api.traits.set(api.addHost("other", TOTALS), [DRAINED, "CUSTOM_INTEL_VGPU_MODE_GVT_G", "CUSTOM_RACK_7"]);
    api.traits.set(api.addHost("elsewhere", TOTALS), [DRAINED, mode]);
    // The end of their drain would make no candidates of them.
    api.traits.set(api.addHost("a-forbidden", TOTALS), [DRAINED, mode, "CUSTOM_RACK_7", "CUSTOM_OLD"]);
    const [drained, ...others] = await hintsOf(api);
    const at = "0000:00:02.0";
    assert.match(
      drained ?? "",
      new RegExp(
        `^drained, .*: a ${at}, b ${at}, c ${at}, d ${at}, e ${at} and 2 more; .* vgpuctl undrain ends it$`,
      ),
    );
    assert.deepEqual(others, []);
  });

  it("is told which hosts of the schedule file have not published, or not again", async () => {
    const api = new MemoryPlacement();
    const [both, ...none] = await hintsOf(api, ["kvm-1", "kvm-2"]);
    assert.match(
      both ?? "",
      /^Placement has no GPU of kvm-1, kvm-2, .* \(scheduler\.heal_every, 5 min by default/,
    );
    assert.deepEqual(none, []);
    api.addHost("kvm-1", TOTALS);
    const [one, ...more] = await hintsOf(api, ["kvm-1", "kvm-2"]);
    assert.match(
      one ?? "",
      /^Placement has no GPU of kvm-2, which the schedule file names: a vgpud publishes/,
    );
    assert.deepEqual(more, []);
  });

  it("has vgpud's GPUs alone listed in the place of a question for each where the schedule file names many hosts", async () => {
    const api = new MemoryPlacement();
    api.all = () => assert.fail("every provider is asked for");
    const names = Array.from({ length: 500 }, (_, at) => `h${at}`);
    for (const [at, host] of names.slice(1).entries())
      api.traits.set(api.addHost(host, TOTALS), [
        `CUSTOM_INTEL_VGPU_HYPERVISOR_${["KVM", "XEN", "XEN_GUEST", "NONE"][at % 4]}`,
      ]);
    const asked: string[] = [];
    const providerNamed = api.providerNamed.bind(api);
    api.providerNamed = (name) => {
      asked.push(name);
      return providerNamed(name);
    };
    const [hint, ...others] = await hintsOf(api, names);
    assert.match(hint ?? "", /^Placement has no GPU of h0, which the schedule file names: /);
    assert.deepEqual([others, asked], [[], ["h0"]]);
    const more = names.map((name) => `other-${name}`);
    const [many] = await hintsOf(api, [...names, ...more]);
    assert.match(many ?? "", /^Placement has no GPU of h0, other-h0, .* and 496 more, which/);
    assert.deepEqual(asked, ["h0"]);
  });

  it("is told what is drained also where Placement does not say which hosts have published", async () => {
    const api = new MemoryPlacement();
    api.traits.set(api.addHost("a", TOTALS), [DRAINED, "CUSTOM_INTEL_VGPU_MODE_SRIOV", "CUSTOM_RACK_7"]);
    api.providerNamed = () => Promise.reject(new PlacementError("bad-answer", "more than 16 MiB"));
    const [drained, ...others] = await hintsOf(api, ["kvm-1"]);
    assert.match(drained ?? "", /^drained, .*: a 0000:00:02\.0; /);
    assert.deepEqual(others, []);
  });

  it("is told that no vgpud has published a GPU of its mode, where no host is named, and not once one has", async () => {
    const api = new MemoryPlacement();
    const gpu = api.addHost("kvm-1", TOTALS);
    api.traits.set(gpu, ["CUSTOM_INTEL_VGPU_MODE_GVT_G"]);
    const plain = { traits: { required: [], forbidden: [] } };
    const [nobody, ...none] = await hintsOf(api, [], plain);
    assert.match(nobody ?? "", /^no vgpud has published a GPU of mode sriov in Placement: a vgpud publishes/);
    assert.deepEqual(none, []);
    api.traits.set(gpu, ["CUSTOM_INTEL_VGPU_MODE_SRIOV"]);
    assert.deepEqual(await hintsOf(api, [], plain), []);
  });

  it("is told so of what it asks for of vgpud's traits, and of those of others never", async () => {
    const api = new MemoryPlacement();
    const gpu = api.addHost("kvm-1", TOTALS);
    const [sriov, xen] = ["CUSTOM_INTEL_VGPU_MODE_SRIOV", "CUSTOM_INTEL_VGPU_HYPERVISOR_XEN"];
    api.traits.set(gpu, [sriov]);
    assert.deepEqual(await hintsOf(api), []);
    const [first] = await hintsOf(api, [], { traits: { required: ["CUSTOM_RACK_7", xen], forbidden: [] } });
    assert.match(
      first ?? "",
      new RegExp(`^no vgpud has published a GPU of mode sriov with ${xen} in Placement`),
    );
    api.traits.set(gpu, [sriov, xen]);
    assert.deepEqual(
      await hintsOf(api, [], { traits: { required: ["CUSTOM_RACK_7", xen], forbidden: [] } }),
      [],
    );
  });

  it("is told so of traits of vgpud's that it forbids, and of those of others never", async () => {
    const api = new MemoryPlacement();
    const gpu = api.addHost("kvm-1", TOTALS);
    const [sriov, xen] = ["CUSTOM_INTEL_VGPU_MODE_SRIOV", "CUSTOM_INTEL_VGPU_HYPERVISOR_XEN"];
    api.traits.set(gpu, [sriov, xen, "CUSTOM_OLD"]);
    const traits = { required: [], forbidden: ["CUSTOM_OLD", xen] };
    const [first] = await hintsOf(api, [], { traits });
    assert.match(
      first ?? "",
      new RegExp(`^no vgpud has published a GPU of mode sriov without ${xen} in Placement`),
    );
    api.traits.set(gpu, [sriov, "CUSTOM_OLD"]);
    assert.deepEqual(await hintsOf(api, [], { traits }), []);
  });

  it("has no list made of every provider of the cloud where few hosts are named, and asks where few of the drained are", async () => {
    const api = new MemoryPlacement();
    api.all = () => assert.fail("every provider is asked for");
    for (let at = 0; at < 20; at += 1)
      api.traits.set(api.addHost(`h${at}`, TOTALS), [
        DRAINED,
        "CUSTOM_INTEL_VGPU_MODE_SRIOV",
        "CUSTOM_RACK_7",
      ]);
    let trees = 0;
    api.beforeTree = () => {
      trees += 1;
      return Promise.resolve();
    };
    const [drained] = await hintsOf(api, ["h0"]);
    assert.match(drained ?? "", / and 15 more; /);
    assert.equal(trees, 6);
  });

  it("ends as it would without that where Placement does not say it", async () => {
    const api = new MemoryPlacement();
    api.mishaps.push({ of: "bearing", when: "before", error: new PlacementError("failed", "HTTP 500") });
    assert.deepEqual(await hintsOf(api, ["kvm-1"]), []);
  });

  it("is told what was said by the end of its time, and nothing where others have ended it", async () => {
    const { signal: stop } = new AbortController();
    using deadline = new Deadline(1, { stop, clock: systemClock });
    const over = once(deadline.signal, "abort");
    const api = new MemoryPlacement();
    api.providerNamed = async () => {
      await over;
      throw new Error("aborted");
    };
    const asking = { api, namedHosts: ["kvm-1"], flavor: FLAVOR, memberOf: [] };
    assert.deepEqual((await missingIn({ ...asking, deadline }))?.drained, { some: [], more: 0 });
    using ended = new Deadline(60_000, { stop: AbortSignal.abort(), clock: systemClock });
    await assert.rejects(missingIn({ ...asking, deadline: ended }), /^Error: aborted$/);
  });
});
