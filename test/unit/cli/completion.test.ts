// The completion: its scripts as golden files, and what they ask of vgpud. In real shells: test/contract/completion.test.ts.
import assert from "node:assert/strict";
import { fakeVgpud } from "./fake-vgpud.ts";
import { matchesGolden, vgpuctl } from "./vgpuctl.ts";

describe("vgpuctl completion", () => {
  for (const shell of ["bash", "zsh", "fish"])
    it(`prints the script for ${shell}`, async () => {
      await matchesGolden(`completion.${shell}`, (await vgpuctl("/nowhere", ["completion", shell])).stdout);
    });

  it("knows no other shell", async () => {
    const ran = await vgpuctl("/nowhere", ["completion", "bsh"]);
    assert.match(ran.stderr, /SHELL is bash, zsh, fish\n[^]*hint: did you mean bash\?/);
  });
});

describe("vgpuctl __complete", () => {
  const names: Readonly<Record<string, string>> = {
    // The name of the foreign domain would mean something to a shell.
    domains: "web-1\n",
    gpus: "0000:00:02.0\n0000:03:00.0\n",
    types: "i915-GVTg_V5_4\ni915-GVTg_V5_8\n",
    vgpus: "76677075-1111-8222-8333-444455556666\nf00df00d-0000-4000-8000-000000000001\n",
  };
  for (const [what, expected] of Object.entries(names))
    it(`prints the names of ${what}`, async () => {
      await using vgpud = await fakeVgpud();
      assert.equal((await vgpuctl(vgpud.socketPath, ["__complete", what])).stdout, expected);
    });

  it("is silent where no vgpud is, and is in no help", async () => {
    const ran = await vgpuctl("/nonexistent/vgpud.sock", ["__complete", "domains"]);
    assert.deepEqual([ran.stdout, ran.stderr, ran.exitCode], ["", "", 0]);
    assert.doesNotMatch((await vgpuctl("/nowhere", ["help"])).stdout, /__complete/);
  });
});
