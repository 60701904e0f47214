import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
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

  it("have another stamp once another file is in their place or their text is another, behind a link, too", async () => {
    const [there, aside] = [path.join(root, "usr/program"), path.join(root, "usr/aside")];
    await mkdir(path.dirname(there));
    await symlink("program", path.join(root, "usr/by-link"));
    const stamps = [await files.fileStamp("usr/by-link")];
    for (const text of ["one", "other"]) {
      await writeFile(aside, text);
      await rename(aside, there);
      stamps.push(await files.fileStamp("usr/by-link"));
      assert.equal(await files.fileStamp("usr/program"), stamps.at(-1));
    }
    await writeFile(there, "longer than before");
    stamps.push(await files.fileStamp("usr/by-link"));
    assert.equal(stamps[0], undefined);
    assert.equal(new Set(stamps).size, stamps.length);
    assert.equal(await files.fileStamp("usr/by-link"), stamps.at(-1));
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
    await assert.rejects(files.read("sys/b"), /is no regular file/);
    await assert.rejects(new RootedFiles("/").read("proc/self/mem"), { code: "EIO" });
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
  });

  it("fail for a pipe that nobody writes to, and for a device, without waiting", async () => {
    await promisify(execFile)("mkfifo", [path.join(root, "sys/pipe")]);
    await assert.rejects(files.read("sys/pipe"), /is no regular file/);
    await assert.rejects(new RootedFiles("/").read("dev/zero"), /is no regular file/);
  });
});

describe("a tree of files that is not this machine", () => {
  let folder: string;
  let tree: RootedFiles;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "files-"));
    const at = (name: string): string => path.join(folder, name);
    await mkdir(at("tree/sys/devices/a"), { recursive: true });
    await mkdir(at("tree-of-another"));
    await writeFile(at("tree/sys/devices/a/vendor"), "0x8086\n");
    await writeFile(at("tree-of-another/secret"), "secret\n");
    await symlink("devices/a", at("tree/sys/within"));
    await symlink("../../tree-of-another/secret", at("tree/sys/out"));
    await symlink(at("tree-of-another"), at("tree/sys/away"));
    await symlink("/nowhere/at/all", at("tree/sys/dangling"));
    await symlink("tree", at("link-to-tree"));
    tree = new RootedFiles(at("tree"));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  const out = /leads out of the tree/;

  it("follows its links to its own files, by whatever name its root goes", async () => {
    assert.equal(await tree.read("sys/within/vendor"), "0x8086");
    assert.equal(
      await new RootedFiles(path.join(folder, "link-to-tree")).read("sys/within/vendor"),
      "0x8086",
    );
    assert.deepEqual(await tree.list("sys/within"), ["vendor"]);
  });

  it("does not follow them to files of this machine", async () => {
    await assert.rejects(tree.read("sys/out"), out);
    await assert.rejects(tree.read("sys/away/secret"), out);
    await assert.rejects(tree.list("sys/away"), out);
    await assert.rejects(tree.exists("sys/away/secret"), out);
    await assert.rejects(tree.linkName("sys/away/secret"), out);
  });

  it("says of a file that stands for an unreadable one what its reader would be told", async () => {
    await symlink("/proc/self/mem", path.join(folder, "tree/sys/unreadable"));
    await assert.rejects(tree.read("sys/unreadable"), { code: "EIO" });
  });

  it("tells of a link itself wherever it leads", async () => {
    assert.equal(await tree.exists("sys/dangling"), true);
    assert.equal(await tree.linkName("sys/out"), "secret");
    assert.equal(await tree.read("sys/dangling"), undefined);
  });

  it("has no path above its root, nor has this machine", async () => {
    for (const files of [tree, new RootedFiles("/")]) {
      await assert.rejects(files.read("boot/config-/../../../tree-of-another/secret"), out);
      await assert.rejects(files.exists("../tree-of-another"), out);
    }
    assert.equal(await tree.read("sys/devices/../devices/a/vendor"), "0x8086");
  });
});
