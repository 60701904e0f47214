// A systemd-notify that writes down what it is told instead of telling systemd.
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** One line of words for each call, and the names of the variables it saw. */
const script = (dir: string): string => `#!/bin/sh
for word in "$@"; do printf '%s\\t' "$word"; done >> ${dir}/messages
printf '\\n' >> ${dir}/messages
env | sed 's/=.*//' | grep -v -x -e _ -e PWD -e OLDPWD -e SHLVL | sort > ${dir}/environment
`;

export class FakeSystemdNotify implements AsyncDisposable {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async install(): Promise<FakeSystemdNotify> {
    const dir = await mkdtemp(path.join(tmpdir(), "vgpud-notify-"));
    const fake = new FakeSystemdNotify(dir);
    await writeFile(fake.program, script(dir));
    await chmod(fake.program, 0o755);
    return fake;
  }

  get program(): string {
    return path.join(this.#dir, "systemd-notify");
  }

  /** The folder of the program, for a PATH. */
  get folder(): string {
    return this.#dir;
  }

  /** What NOTIFY_SOCKET would say. */
  get socket(): string {
    return path.join(this.#dir, "notify");
  }

  /** The assignments of each call so far, in order. */
  async messages(): Promise<string[][]> {
    const text = await readFile(path.join(this.#dir, "messages"), "utf8").catch(() => "");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split("\t").filter((word) => word !== ""));
  }

  /** The variables that the last call saw. */
  async environment(): Promise<string[]> {
    const text = await readFile(path.join(this.#dir, "environment"), "utf8");
    return text.split("\n").filter((line) => line !== "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }
}
