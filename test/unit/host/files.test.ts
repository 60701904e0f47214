import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { RootedFiles } from "../../../agent/host/files.ts";

describe("files below a root", () => {
  let root: string;
  let files: RootedFiles;
  before(async () => {
    root = await mkdtemp(path.join(tmpdir(), "files-"));
    files = new RootedFiles(root);
    await mkdir(path.join(root, "sys/b"), { recursive: true });
    await writeFile(path.join(root, "sys/a"), "text\n\n");
    await symlink("../devices/pci0000:00/0000:00:02.0/mdev", path.join(root, "sys/link"));
  });
  after(async () => {
    await rm(root, { recursive: true });
  });

  it("are read without the newlines at their end", async () => {
    assert.equal(await files.read("sys/a"), "text");
  });

  it("are absent where a parent is none, too", async () => {
    assert.equal(await files.read("sys/missing"), undefined);
    assert.equal(await files.read("sys/a/b"), undefined);
    assert.deepEqual(await files.list("sys/missing"), []);
    assert.equal(await files.linkName("sys/missing"), undefined);
  });

  it("are listed by name", async () => {
    assert.deepEqual(await files.list("sys"), ["a", "b", "link"]);
  });

  it("tell where a link leads without following it, and that a file is none", async () => {
    assert.equal(await files.linkName("sys/link"), "mdev");
    assert.equal(await files.linkParentName("sys/link"), "0000:00:02.0");
    assert.equal(await files.linkName("sys/a"), undefined);
  });

  it("fail for what is there and cannot be read", async () => {
    await assert.rejects(files.read("sys/b"), { code: "EISDIR" });
    await symlink("/proc/self/mem", path.join(root, "sys/broken"));
    await assert.rejects(files.read("sys/broken"), { code: "EIO" });
  });

  it("fail for bytes that are no text, and are read however many bytes a page has", async () => {
    await writeFile(path.join(root, "sys/bytes"), Buffer.from([0x36, 0xff, 0xfe]));
    await assert.rejects(files.read("sys/bytes"), /is not UTF-8/);
    await writeFile(path.join(root, "sys/page"), "é".repeat(50_000));
    assert.equal((await files.read("sys/page"))?.length, 50_000);
  });

  it("fail for more than the kernel would ever write, without reading it all", async () => {
    await writeFile(path.join(root, "sys/huge"), Buffer.alloc(10 * 1024 * 1024, "x"));
    await assert.rejects(files.read("sys/huge"), /holds 1048576 bytes or more/);
    await symlink("/dev/zero", path.join(root, "sys/endless"));
    await assert.rejects(files.read("sys/endless"), /holds 1048576 bytes or more/);
  });
});
