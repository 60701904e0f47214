// Debian's Python with the contract's code, generated as docs/clients/python/generate does it for a scheduler's author.
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installed } from "../real-libvirtd.ts";

/** Not the first in PATH: the libraries are Debian's. */
const PYTHON = "/usr/bin/python3";
const fromRepository = (name: string): string =>
  fileURLToPath(new URL(`../../../../${name}`, import.meta.url));
const examples = fromRepository("docs/clients/python");

/** Why it cannot run here; undefined when it can. */
export function whyNoPython(): string | undefined {
  const missing = ["protoc", "grpc_python_plugin"].filter((program) => !installed(program));
  if (missing.length > 0) return `${missing.join(", ")} not installed`;
  const { status } = spawnSync(PYTHON, ["-c", "import grpc, google.protobuf"]);
  return status === 0 ? undefined : "python3-grpcio or python3-protobuf not installed";
}

export class Python implements AsyncDisposable {
  readonly #generated: string;

  private constructor(generated: string) {
    this.#generated = generated;
  }

  static async prepare(): Promise<Python> {
    const generated = await mkdtemp(path.join(tmpdir(), "python-stubs-"));
    await promisify(execFile)(path.join(examples, "generate"), [generated]);
    return new Python(generated);
  }

  /** The command line of a script of the repository. */
  command(script: string): readonly string[] {
    return [PYTHON, fromRepository(script)];
  }

  get env(): Readonly<Record<string, string>> {
    return { PYTHONPATH: this.#generated, PYTHONDONTWRITEBYTECODE: "1" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#generated, { recursive: true });
  }
}
