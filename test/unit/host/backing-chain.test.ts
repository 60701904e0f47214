// A disk image may name other images: the whole chain has to lie below a storage root.
import assert from "node:assert/strict";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { StorageRoots } from "../../../agent/host/storage-roots.ts";

/** A version 3 qcow2 header with one extension, the backing format, and the backing file's name behind it. */
function qcow2(backing: string, format: string | undefined): Buffer {
  const image = Buffer.alloc(1024);
  image.writeUInt32BE(0x514649fb, 0);
  image.writeUInt32BE(3, 4);
  image.writeBigUInt64BE(512n, 8);
  image.writeUInt32BE(backing.length, 16);
  image.writeUInt32BE(104, 100);
  if (format !== undefined) {
    image.writeUInt32BE(0xe2792aca, 104);
    image.writeUInt32BE(format.length, 108);
    image.write(format, 112, "latin1");
  }
  image.write(backing, 512, "latin1");
  return image;
}

describe("a disk with a backing image below a storage root", () => {
  let root: string;
  beforeEach(async () => {
    root = await realpath(await mkdtemp(path.join(tmpdir(), "vgpud-storage-")));
    await writeFile(path.join(root, "base"), "# Disk DescriptorFile");
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function resolve(backing: string, format: string | undefined): Promise<string> {
    const disk = path.join(root, "disk.qcow2");
    await writeFile(disk, qcow2(backing, format));
    const roots = new StorageRoots(() => ({ roots: [root], blockDevices: [] }));
    return (await roots.disk(disk, "qcow2", "domain.disks[0].path")).path;
  }

  it("is allowed when the backing format is followed or left open", async () => {
    for (const format of ["raw", "qcow2", undefined])
      assert.equal(await resolve("base", format), path.join(root, "disk.qcow2"));
  });

  it("is refused when the backing format can name files of its own", async () => {
    for (const format of ["vmdk", "vpc", "luks"])
      await assert.rejects(resolve("base", format), {
        reason: "PATH_NOT_ALLOWED",
        message: /only raw and qcow2/,
      });
  });

  it("is refused when the backing image lies elsewhere", async () => {
    await assert.rejects(resolve("/etc/passwd", "raw"), {
      reason: "PATH_NOT_ALLOWED",
      message: /below none/,
    });
  });
});
