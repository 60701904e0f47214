// The completion in real shells: what each would offer for a line, as it calls what it was given.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { shells, type Shell } from "../../agent/cli/completion/shells.ts";
import { fakeVgpud } from "../unit/cli/fake-vgpud.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const MAIN = fileURLToPath(import.meta.resolve("../../agent/cli/main.js"));

/** Programs that print one line for each of theirs: what is offered, with blanks between; in zsh the line that comes of it. */
const programs = {
  bash: `
    compopt() { :; }
    source "$SCRIPT"
    for COMP_LINE in "$@"; do
      COMP_POINT=\${#COMP_LINE}
      _vgpuctl
      echo "\${COMPREPLY[*]}"
    done`,
  fish: `
    source $SCRIPT
    for line in $argv
      # What stands behind a tab describes it.
      echo (complete -C $line | string replace -r '\\t.*' '')
    end`,
  // zsh completes only what is typed at a terminal: it gets one, and tells its line when it has completed it.
  zsh: `
    zmodload zsh/zpty
    zpty inner zsh -f -i
    zpty -w inner 'autoload -Uz compinit; compinit -u -D; source $SCRIPT
      tell() { zle expand-or-complete; print -r -- "<$BUFFER>"; BUFFER= }
      zle -N tell; bindkey "^I" tell; print -r -- "ready"!'
    zpty -r inner said '*ready!*'
    for line in "$@"; do
      zpty -w -n inner "$line"$'\t'
      zpty -r -m inner said '*<vgpuctl*>*'
      print -r -- "\${\${said##*<}%%>*}"
    done
    zpty -d inner`,
} as const satisfies Record<Shell, string>;

/** A folder with vgpuctl and its script, in the place of a home. */
class Home implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(): Promise<Home> {
    const folder = await mkdtemp(path.join(tmpdir(), "completion-"));
    await writeFile(path.join(folder, "vgpuctl"), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, {
      mode: 0o755,
    });
    for (const shell of shells) {
      const made = await promisify(execFile)(process.execPath, [MAIN, "completion", shell]);
      await writeFile(path.join(folder, `script.${shell}`), made.stdout);
    }
    return new Home(folder);
  }

  /** The path of a name below it. */
  at(name: string): string {
    return path.join(this.#folder, name);
  }

  async offered(shell: Shell, lines: readonly string[]): Promise<readonly string[]> {
    const env = {
      ...process.env,
      HOME: this.#folder,
      PATH: `${this.#folder}:${process.env["PATH"] ?? ""}`,
      SCRIPT: this.at(`script.${shell}`),
    };
    // The first word behind the program is $0, but not in fish.
    const words = shell === "fish" ? lines : [shell, ...lines];
    const { stdout } = await promisify(execFile)(shell, ["-c", programs[shell], ...words], { env });
    return stdout.split("\n").slice(0, lines.length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }
}

function whyNot(shell: Shell): string | undefined {
  return spawnSync(shell, ["-c", "exit 0"]).status === 0 ? undefined : `there is no ${shell} here`;
}

describe("the completion of vgpuctl", () => {
  let home: Home;
  before(async () => {
    home = await Home.make();
  });
  after(async () => {
    await home[Symbol.asyncDispose]();
  });

  for (const shell of shells)
    it(`is a script that ${shell} can read`, function () {
      unlessImpossible(this, whyNot(shell));
      const { status, stderr } = spawnSync(shell, ["-n", home.at(`script.${shell}`)], { encoding: "utf8" });
      assert.deepEqual([status, stderr], [0, ""]);
    });

  const everywhere: Readonly<Record<string, string>> = {
    "vgpuctl dest": "destroy",
    "vgpuctl --timeout 1s hel": "help",
    "vgpuctl help dest": "destroy",
    "vgpuctl sched": "schedule",
    "vgpuctl schedule de": "destroy",
    "vgpuctl schedule --timeout 1s destroy --gr": "--grace",
    "vgpuctl schedule list --gr": "",
    "vgpuctl stop --gr": "--grace",
    "vgpuctl gpus --gr": "",
    "vgpuctl create --policy p": "pack",
    "vgpuctl create --policy n": "numa",
    "vgpuctl create --mode gvt-d": "gvt-d",
    "vgpuctl create --mode gvt-x": "",
    "vgpuctl doctor --mode s": "sriov",
    "vgpuctl -o ya": "yaml",
    "vgpuctl completion f": "fish",
    "vgpuctl create --vcpus ": "",
  };

  for (const shell of ["bash", "fish"] as const) {
    it(`offers commands, flags and their values in ${shell}`, async function () {
      unlessImpossible(this, whyNot(shell));
      const lines = Object.keys(everywhere);
      assert.deepEqual(await home.offered(shell, lines), Object.values(everywhere));
    });

    it(`offers what vgpud has in ${shell}, also on a socket below ~`, async function () {
      unlessImpossible(this, whyNot(shell));
      await using vgpud = await fakeVgpud();
      await symlink(vgpud.socketPath, home.at(`${shell}.sock`));
      const lines = [
        `vgpuctl --socket ${vgpud.socketPath} stop w`,
        `vgpuctl --socket ~/${shell}.sock stop w`,
        `vgpuctl create --socket=${vgpud.socketPath} --type i915-GVTg_V5_`,
        `vgpuctl --socket ${vgpud.socketPath} release j`,
      ];
      const types = "i915-GVTg_V5_4 i915-GVTg_V5_8";
      assert.deepEqual(await home.offered(shell, lines), ["web-1", "web-1", types, "job-18"]);
    });
  }

  it("knows in bash which operand comes next, and what stands behind a =", async () => {
    const lines = ["vgpuctl stop web-1 ", "vgpuctl create --disk-bus=s"];
    assert.deepEqual(await home.offered("bash", lines), ["", "sata scsi"]);
  });

  it("completes addresses in bash, though it takes them apart", async () => {
    await using vgpud = await fakeVgpud();
    const line = `vgpuctl --socket ${vgpud.socketPath} gpus 0000:03`;
    assert.deepEqual(await home.offered("bash", [line]), ["03:00.0"]);
  });

  it("completes commands, values and what vgpud has in zsh, also on a socket below ~", async function () {
    unlessImpossible(this, whyNot("zsh"));
    await using vgpud = await fakeVgpud();
    await symlink(vgpud.socketPath, home.at("zsh.sock"));
    const expected = {
      "vgpuctl dest": "destroy",
      "vgpuctl help dest": "help destroy",
      "vgpuctl -o ya": "-o yaml",
      "vgpuctl schedule de": "schedule destroy",
      "vgpuctl schedule list --no-h": "schedule list --no-headers",
      "vgpuctl --socket ~/zsh.sock stop w": "--socket ~/zsh.sock stop web-1",
    };
    assert.deepEqual(
      await home.offered("zsh", Object.keys(expected)),
      Object.values(expected).map((words) => `vgpuctl ${words} `),
    );
  });
});
