// libvirt's own Python binding, as a process that answers questions: what any other caller of libvirt would be built on.
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import * as z from "zod";

const script = fileURLToPath(new URL("../../../test/bench/libvirt-calls.py", import.meta.url));
const answerSchema = z.object({ ms: z.number().optional(), xml: z.string().optional() });

export class LibvirtPython implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(socket: string) {
    // Debian's binding belongs to Debian's own interpreter.
    const words = [script, `qemu+unix:///system?socket=${socket}`];
    this.#child = spawn("/usr/bin/python3", words, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** Resolves when it is connected. */
  static async start(socket: string): Promise<LibvirtPython> {
    const python = new LibvirtPython(socket);
    await python.#answer();
    return python;
  }

  /** Milliseconds. */
  async create(xml: string): Promise<number> {
    return (await this.#ask({ create: xml })).ms ?? Number.NaN;
  }

  /** The definition, as it would be given to `create`. */
  async definition(name: string): Promise<string> {
    return (await this.#ask({ xml: name })).xml ?? "";
  }

  async destroy(name: string): Promise<void> {
    await this.#ask({ destroy: name });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.stdin.end();
    await exited;
  }

  async #ask(question: object): Promise<z.output<typeof answerSchema>> {
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    return await this.#answer();
  }

  async #answer(): Promise<z.output<typeof answerSchema>> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error("python3 with libvirt ended; is python3-libvirt installed?");
    return answerSchema.parse(JSON.parse(line.value));
  }
}
