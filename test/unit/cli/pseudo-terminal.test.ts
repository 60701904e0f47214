// The program itself on a real terminal, one that says of its size only 0: the one that script(1) makes without one of its own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { fakeVgpud } from "./fake-vgpud.ts";

const MAIN = fileURLToPath(new URL("../../../agent/cli/main.js", import.meta.url));
const LEFT = "\u001b[?25h\u001b[?1049l";

/** vgpuctl's own process id, with what stands on its screen. */
class OnTerminal implements AsyncDisposable {
  readonly ended: Promise<number | null>;
  readonly #script;
  #shown = "";

  constructor(...argv: readonly string[]) {
    const command = ["exec", process.execPath, MAIN, ...argv].join(" ");
    this.#script = spawn("script", ["-qec", `echo pid=$$; ${command}`, "/dev/null"], { stdio: "pipe" });
    this.#script.stdout.setEncoding("utf8").on("data", (text: string) => (this.#shown += text));
    this.ended = once(this.#script, "close").then(() => this.#script.exitCode);
  }

  get shown(): string {
    return this.#shown;
  }

  /** Resolves with the match when it is shown; rejects when the program has ended instead. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    const over = this.ended.then(() => assert.fail(`it has ended: ${this.#shown}`));
    for (;;) {
      const found = pattern.exec(this.#shown);
      if (found !== null) return found;
      await Promise.race([once(this.#script.stdout, "data"), over]);
    }
  }

  press(key: string): void {
    this.#script.stdin.write(key);
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const [, pid = ""] = await this.shows(/pid=(\d+)/);
    process.kill(Number(pid), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What runs on the terminal gets SIGHUP.
    this.#script.kill("SIGKILL");
    await this.ended;
  }
}

describe("the vgpuctl program on a terminal", () => {
  it("gives the screen of top back when SIGTERM ends it", async () => {
    await using vgpud = await fakeVgpud();
    await using top = new OnTerminal("top", "--socket", vgpud.socketPath);
    await top.shows(/q quit/);
    await top.kill("SIGTERM");
    assert.equal(await top.ended, 130);
    assert.ok(top.shown.endsWith(LEFT), JSON.stringify(top.shown.slice(-80)));
  });

  it("ends top at q though vgpud does not answer", async () => {
    await using vgpud = await fakeVgpud();
    await using top = new OnTerminal("top", "--interval", "100ms", "--socket", vgpud.socketPath);
    await top.shows(/q quit/);
    await vgpud.hang().asked;
    top.press("q");
    assert.equal(await top.ended, 0);
    assert.ok(top.shown.endsWith(LEFT));
  });

  it("ends with 130 at Ctrl-C instead of an answer, and changes nothing", async () => {
    await using vgpud = await fakeVgpud();
    await using destroy = new OnTerminal("destroy", "web-1", "--socket", vgpud.socketPath);
    await destroy.shows(/\[y\/N\] /);
    destroy.press("\u0003");
    assert.equal(await destroy.ended, 130);
    assert.deepEqual(vgpud.requests, []);
  });
});
