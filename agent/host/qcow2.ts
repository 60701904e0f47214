// Reads from a qcow2 header which other file the image refers to (QEMU: docs/interop/qcow2.txt).
import type { FileHandle } from "node:fs/promises";

const MAGIC = 0x514649fb;
const HEADER_BYTES = 104;
/** Incompatible feature bit 2: the guest's data lie in a second file. */
const EXTERNAL_DATA = 1n << 2n;
const MAX_NAME_BYTES = 1023;

/**
 * The backing file's name as it stands in the header; undefined for an image without one, or of another format.
 * Throws for an image whose data lie in a second file, and for a header that contradicts itself.
 */
export async function readQcow2Reference(handle: FileHandle): Promise<string | undefined> {
  const header = Buffer.alloc(HEADER_BYTES);
  const { bytesRead } = await handle.read(header, 0, HEADER_BYTES, 0);
  if (bytesRead < 24 || header.readUInt32BE(0) !== MAGIC) return undefined;
  const version = header.readUInt32BE(4);
  if (version >= 3 && (header.readBigUInt64BE(72) & EXTERNAL_DATA) !== 0n)
    throw new Error("its data lie in a second file, which is not supported");
  const offset = header.readBigUInt64BE(8);
  const length = header.readUInt32BE(16);
  if (offset === 0n) return undefined;
  if (length === 0 || length > MAX_NAME_BYTES || offset > 1n << 32n) throw new Error("its header is damaged");
  const name = Buffer.alloc(length);
  const read = await handle.read(name, 0, length, Number(offset));
  if (read.bytesRead < length) throw new Error("its header is cut off");
  return name.toString("utf8");
}
