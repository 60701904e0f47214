// The completion: its scripts as golden files, that of bash in a real bash, and what it asks of vgpud.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fakeVgpud } from "./fake-vgpud.ts";
import { matchesGolden, vgpuctl } from "./vgpuctl.ts";

const MAIN = fileURLToPath(new URL("../../../agent/cli/main.js", import.meta.url));

/** What bash would offer for each line, as it calls the function that it was given. */
async function offered(lines: readonly string[]): Promise<readonly string[]> {
  const script = `
    vgpuctl() { "${process.execPath}" "${MAIN}" "$@"; }
    compopt() { :; }
    source <(vgpuctl completion bash)
    for COMP_LINE in "$@"; do
      COMP_POINT=\${#COMP_LINE}
      _vgpuctl
      echo "\${COMPREPLY[*]}"
    done`;
  const { stdout } = await promisify(execFile)("bash", ["-c", script, "bash", ...lines]);
  return stdout.split("\n").slice(0, lines.length);
}

describe("vgpuctl completion", () => {
  for (const shell of ["bash", "zsh", "fish"])
    it(`prints the script for ${shell}`, async () => {
      await matchesGolden(`completion.${shell}`, (await vgpuctl("/nowhere", ["completion", shell])).stdout);
    });

  it("knows no other shell", async () => {
    const ran = await vgpuctl("/nowhere", ["completion", "bsh"]);
    assert.match(ran.stderr, /SHELL is bash, zsh, fish\n[^]*hint: did you mean bash\?/);
  });

  it("completes commands, flags and the values of flags in a real bash", async () => {
    const expected: Readonly<Record<string, string>> = {
      "vgpuctl cre": "create",
      "vgpuctl --timeout 1s hel": "help",
      "vgpuctl help dest": "destroy",
      "vgpuctl stop --gr": "--grace",
      "vgpuctl gpus --gr": "",
      "vgpuctl create --policy ": "pack spread",
      "vgpuctl create --disk-bus=s": "sata scsi",
      "vgpuctl -o ya": "yaml",
      "vgpuctl completion f": "fish",
      "vgpuctl stop web-1 ": "",
      "vgpuctl create --vcpus ": "",
    };
    assert.deepEqual(await offered(Object.keys(expected)), Object.values(expected));
  });

  it("completes what vgpud has, though bash takes addresses apart", async () => {
    await using vgpud = await fakeVgpud();
    const at = `vgpuctl --socket ${vgpud.socketPath}`;
    const lines = [
      `${at} stop w`,
      `${at} gpus 0000:03`,
      `vgpuctl create --socket=${vgpud.socketPath} --type i915-GVTg_V5_`,
    ];
    assert.deepEqual(await offered(lines), ["web-1", "03:00.0", "i915-GVTg_V5_4 i915-GVTg_V5_8"]);
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
