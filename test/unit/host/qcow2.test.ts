import assert from "node:assert/strict";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { readQcow2Reference } from "../../../agent/host/qcow2.ts";

interface Header {
  readonly version?: number;
  readonly name?: string;
  readonly offset?: bigint;
  readonly length?: number;
  readonly features?: bigint;
}

/** As QEMU's docs/interop/qcow2.txt lays it out. */
function image({
  version = 3,
  name = "",
  offset = 104n,
  length = name.length,
  features = 0n,
}: Header): Buffer {
  const header = Buffer.alloc(104);
  header.writeUInt32BE(0x514649fb, 0);
  header.writeUInt32BE(version, 4);
  header.writeBigUInt64BE(offset, 8);
  header.writeUInt32BE(length, 16);
  header.writeBigUInt64BE(features, 72);
  return Buffer.concat([header, Buffer.from(name)]);
}

describe("a qcow2 header", () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(path.join(tmpdir(), "qcow2-"));
  });
  after(async () => {
    await rm(dir, { recursive: true });
  });

  async function read(bytes: Buffer): Promise<string | undefined> {
    const file = path.join(dir, "image");
    await writeFile(file, bytes);
    const handle = await open(file);
    try {
      return await readQcow2Reference(handle);
    } finally {
      await handle.close();
    }
  }

  it("names the backing file, in both versions", async () => {
    assert.equal(await read(image({ name: "/base.img" })), "/base.img");
    assert.equal(await read(image({ version: 2, name: "base.img" })), "base.img");
  });

  it("names none for an image that stands alone, and for what is no qcow2", async () => {
    assert.equal(await read(image({ offset: 0n })), undefined);
    for (const other of ["", "QFI", "\0".repeat(200)])
      assert.equal(await read(Buffer.from(other)), undefined);
  });

  it("is refused when it contradicts itself, or the data lie in another file", async () => {
    await assert.rejects(read(image({ length: 0 })), /damaged/);
    await assert.rejects(read(image({ length: 1024 })), /damaged/);
    await assert.rejects(read(image({ name: "x", offset: 1n << 40n })), /damaged/);
    await assert.rejects(read(image({ name: "x", length: 10 })), /cut off/);
    await assert.rejects(read(image({ features: 4n })), /second file/);
  });
});
