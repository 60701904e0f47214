// Flavors with traits that Placement does not know: it refuses each question with such a one.
import assert from "node:assert/strict";
import { exitCodes } from "../../../../agent/cli/errors/exit-codes.ts";
import { PlacementError } from "../../../../agent/placement/errors.ts";
import { MemoryPlacement } from "../../../fakes/memory-placement.ts";
import { FILES, reading, TOTALS } from "../scheduling.ts";
import { vgpuctl, type Ran } from "../vgpuctl.ts";
import { full, Hosts, makes } from "./hosts.ts";

const KVM = "CUSTOM_INTEL_VGPU_HYPERVISOR_KVM";
const SKYLAKE = "CUSTOM_INTEL_VGPU_PLATFORM_SKYLAKE";

describe("a trait that nobody has", () => {
  it("keeps no flavor that forbids it from a host, and is asked for only where Placement has refused it", async () => {
    const hosts = new Hosts({ a: makes });
    const asked = knownAskedOf(hosts);
    const { ended } = await hosts.schedule({
      traits: { required: [KVM], forbidden: [SKYLAKE, "CUSTOM_OLD"] },
    });
    assert.equal(ended.kind, "made");
    const wanted = hosts.api.queries.map((query) => new URLSearchParams(query).get("required_GPU"));
    assert.deepEqual(wanted, [`${KVM},!${SKYLAKE},!CUSTOM_OLD`, KVM]);
    assert.equal(asked.length, 1);
    const plain = new Hosts({ a: makes });
    plain.api.known = () => assert.fail("it is asked for what it took");
    assert.equal((await plain.schedule({ traits: { required: [KVM], forbidden: [] } })).ended.kind, "made");
  });

  it("is asked for once, however many pages of candidates there are", async () => {
    const names = Array.from({ length: 21 }, (_, number) => `full-${number}`);
    const hosts = new Hosts({ ...Object.fromEntries(names.map((name) => [name, full])), there: makes });
    const asked = knownAskedOf(hosts);
    const { ended } = await hosts.schedule({ traits: { required: [KVM], forbidden: [SKYLAKE] } });
    assert.equal(ended.kind, "made");
    const questions = hosts.api.queries.map((query) => {
      const words = new URLSearchParams(query);
      return [words.get("required_GPU"), words.get("limit")];
    });
    assert.deepEqual(questions, [
      [`${KVM},!${SKYLAKE}`, "20"],
      [KVM, "20"],
      [KVM, "200"],
    ]);
    assert.equal(asked.length, 1);
  });

  it("is told by name where a flavor requires it, as no host", async () => {
    for (const [trait, hint] of [
      [SKYLAKE, /\nhint: the GPUs of a host are in Placement up to/],
      [
        SKYLAKE.slice(0, -1),
        new RegExp(`\\nhint: f: no vgpud has trait ${SKYLAKE.slice(0, -1)}; did you mean ${SKYLAKE}\\?`),
      ],
    ] as const) {
      const { exitCode, stderr } = await create(`"trait_GPU:${trait}": required`);
      assert.equal(exitCode, exitCodes["no-room"], stderr);
      assert.match(
        stderr,
        new RegExp(
          `error: Placement has no candidate for flavor f: it requires ${trait}, and no GPU has that\\n`,
        ),
      );
      assert.match(stderr, hint);
      assert.doesNotMatch(stderr, /HTTP 400/);
    }
  });

  it("is not what a question was refused for whose traits are all known", async () => {
    const { exitCode, stderr } = await create(
      `"trait_GPU:${KVM}": required, "trait_GPU:CUSTOM_INTEL_VGPU_HYPERVISOR_XEN": forbidden`,
      "No such resource class: CUSTOM_INTEL_VGPU.",
    );
    assert.equal(exitCode, exitCodes.failure, stderr);
    assert.match(stderr, /error: No such resource class: .*\n.*\nhint: has any vgpud published/);
  });
});

/** The traits of each question which of them are known. */
function knownAskedOf({ api }: Hosts): readonly (readonly string[])[] {
  const asked: (readonly string[])[] = [];
  const known = api.known.bind(api);
  api.known = (what, names) => {
    asked.push(names);
    return known(what, names);
  };
  return asked;
}

/** With a flavor of that trait, and what Placement refuses it for whatever it asks. */
async function create(traits: string, refused?: string): Promise<Ran> {
  const api = new MemoryPlacement();
  api.addHost("kvm-1", TOTALS);
  if (refused !== undefined)
    api.mishaps.push({ of: "candidates", when: "before", error: new PlacementError("refused", refused) });
  const flavors = `f: { vcpus: 2, memory: 2G, vgt_low_gm_sz: 128, vgt_high_gm_sz: 512, ${traits} }`;
  return await vgpuctl(undefined, ["schedule", "create", "--flavor", "f", "--name", "a", "-f", "web.yaml"], {
    ...reading({ ...FILES, "/etc/vgpud/flavors.yaml": flavors }),
    placement: () => Promise.resolve({ api, close: () => undefined }),
  });
}
