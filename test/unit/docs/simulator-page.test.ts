// What docs/simulator.md shows must be what the simulator takes.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { faultKinds } from "../../../agent/simulator/faults/kinds.ts";
import { parseHost } from "../../../agent/simulator/host-yaml.ts";
import { machineNames } from "../../../agent/simulator/machines.ts";
import { Fault, FaultKind } from "../../../proto/gen/vgpud/v1/simulator_service.ts";

const page = await readFile(new URL("../../../../docs/simulator.md", import.meta.url), "utf8");

describe("docs/simulator.md", () => {
  it("shows descriptions that are accepted", () => {
    const examples = [...page.matchAll(/```yaml\n([^`]*)```/g)].map(([, example = ""]) => example);
    assert.notEqual(examples.length, 0);
    for (const example of examples) parseHost(example, "the example");
  });

  it("shows faults of kinds that there are", () => {
    const faults = [...page.matchAll(/SetFault '([^']*)'/g)].map(([, body = ""]): unknown =>
      JSON.parse(body),
    );
    assert.notEqual(faults.length, 0);
    for (const body of faults) {
      const { kind, name } = Fault.fromJSON((body as { readonly fault: unknown }).fault);
      assert.ok(kind.slice("FAULT_KIND_".length) in faultKinds, kind);
      assert.notEqual(name, "");
    }
  });

  it("names machines that there are", async () => {
    const names = [...page.matchAll(/^(?:\$ vgpud --simulate )?([a-z-]+)(?: {2,}.*)?$/gm)].map(
      ([, name]) => name,
    );
    const known = await machineNames();
    const named = names.filter((name) => name !== undefined && name.includes("-"));
    assert.notEqual(named.length, 0);
    for (const name of named) assert.ok(name !== undefined && known.includes(name), name);
  });
});

describe("the simulator's kinds of faults", () => {
  it("are the contract's", () => {
    const contract = Object.keys(FaultKind).filter(
      (kind) => kind !== "UNSPECIFIED" && kind !== "UNRECOGNIZED",
    );
    assert.deepEqual(Object.keys(faultKinds).sort(), contract.sort());
  });
});
