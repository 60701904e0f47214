// Whether files are others than before, without reading them.
import { stat } from "node:fs/promises";

/** Another text when one of the files was written, replaced, or is gone; links are followed. */
export async function fileStamps(paths: readonly string[]): Promise<string> {
  return (await Promise.all(paths.map(stampOf))).join("\n");
}

async function stampOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
  } catch (error) {
    // What it cannot be read for is told by whoever reads it.
    return error instanceof Error && "code" in error ? String(error.code) : "unknown";
  }
}
