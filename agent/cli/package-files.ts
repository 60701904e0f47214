// What vgpuctl reads from files: the user's, and the contract that the package brings.
import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import type { FileRegistry } from "@bufbuild/protobuf";

/** Many times what a request holds with its XML. */
const MAX_BYTES = 16 * 1024 * 1024;

/** A text file; `-` is stdin. @throws Error with a message for people */
export async function readText(path: string): Promise<string> {
  const bytes = await (path === "-" ? buffer(process.stdin) : readFile(path)).catch((error: unknown) => {
    throw new Error(plainly(error), { cause: error });
  });
  if (bytes.length > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
  if (!isUtf8(bytes) || bytes.includes(0)) throw new Error("it is no text in UTF-8");
  return bytes.toString("utf8");
}

function plainly(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "no such file";
  if (code === "EACCES") return "permission denied";
  if (code === "EISDIR") return "it is a folder";
  return error instanceof Error ? error.message : String(error);
}

/** Loaded on demand: the library costs every start that loads it. Compiled, this file lies three folders below the package. */
export async function readContract(): Promise<FileRegistry> {
  const { createFileRegistry, fromBinary } = await import("@bufbuild/protobuf");
  const { FileDescriptorSetSchema } = await import("@bufbuild/protobuf/wkt");
  const bytes = await readFile(new URL("../../../proto/gen/descriptor.binpb", import.meta.url));
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
}
