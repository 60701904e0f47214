// The files that the package brings: its version and the contract's descriptors.
import { readFile } from "node:fs/promises";

/** The contract's descriptor set, for reflection. */
export function readDescriptorSet(): Promise<Buffer> {
  return readFile(fromPackage("proto/gen/descriptor.binpb"));
}

export async function packageVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(fromPackage("package.json"), "utf8")) as {
    readonly version: string;
  };
  return version;
}

/** Compiled, this file lies three folders below the package. */
function fromPackage(file: string): URL {
  return new URL(`../../../${file}`, import.meta.url);
}
