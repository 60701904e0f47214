// Reads from a qcow2 header which other file the image refers to (QEMU: docs/interop/qcow2.txt).
import type { FileHandle } from "node:fs/promises";

const MAGIC = 0x514649fb;
const HEADER_BYTES = 104;
/** Incompatible feature bit 2: the guest's data lie in a second file. */
const EXTERNAL_DATA = 1n << 2n;
const MAX_NAME_BYTES = 1023;
/** Header extension that names the backing file's format. */
const BACKING_FORMAT = 0xe2792aca;
/** Formats that name no further files but in the header read here; others, as vmdk, can name any file of the host. */
const FOLLOWED: readonly string[] = ["raw", "qcow2"];
/** QEMU knows five; a header with many more is made up to keep its reader busy. */
const MAX_EXTENSIONS = 64;

/**
 * The backing file's name as it stands in the header; undefined for an image without one, or of another format.
 * Throws for an image whose data lie in a second file, whose backing file is of a format that is not followed, and for
 * a header that contradicts itself.
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
  await checkBackingFormat(handle, version >= 3 ? header.readUInt32BE(100) : 72);
  return (await readAt(handle, Number(offset), length)).toString("utf8");
}

/** Without the extension libvirt itself refuses any backing file that does not look raw. */
async function checkBackingFormat(handle: FileHandle, start: number): Promise<void> {
  let at = start;
  for (let n = 0; n < MAX_EXTENSIONS; n += 1) {
    const head = await readAt(handle, at, 8);
    const [type, length] = [head.readUInt32BE(0), head.readUInt32BE(4)];
    if (type === 0) return;
    if (type === BACKING_FORMAT) {
      const format = (await readAt(handle, at + 8, Math.min(length, MAX_NAME_BYTES))).toString("utf8");
      if (FOLLOWED.includes(format)) return;
      throw new Error(
        `its backing file is of format ${JSON.stringify(format)}; only raw and qcow2 are allowed`,
      );
    }
    at += 8 + Math.ceil(length / 8) * 8;
  }
  throw new Error(`its header has more than ${MAX_EXTENSIONS} extensions`);
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, offset);
  if (bytesRead < length) throw new Error("its header is cut off");
  return bytes;
}
