// The files that the package brings: its version and the contract's descriptors.
import { readFile } from "node:fs/promises";

/** The contract's descriptor set, for reflection. */
export function readDescriptorSet(): Promise<Buffer> {
  return readFile(fromPackage("proto/gen/descriptor.binpb"));
}

export interface Package {
  readonly version: string;
  /** The commit it was built from; undefined when the build does not say, as in a working copy. */
  readonly revision?: string;
}

export async function readPackage(): Promise<Package> {
  return JSON.parse(await readFile(fromPackage("package.json"), "utf8")) as Package;
}

/** Compiled, this file lies three folders below the package. */
function fromPackage(file: string): URL {
  return new URL(`../../../${file}`, import.meta.url);
}
