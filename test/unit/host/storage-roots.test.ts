import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { AgentError } from "../../../agent/core/errors.ts";
import { StorageRoots } from "../../../agent/host/storage-roots.ts";

const FIELD = "domain.disks[0].path";

describe("storage roots", () => {
  let dir: string;
  let roots: StorageRoots;
  const at = (...names: string[]): string => path.join(dir, ...names);
  before(async () => {
    dir = await mkdtemp(path.join(tmpdir(), "roots-"));
    await mkdir(at("images/deep"), { recursive: true });
    await mkdir(at("images-of-others"));
    for (const file of ["images/a", "images/deep/b", "images-of-others/c"]) await writeFile(at(file), "");
    await symlink("deep/b", at("images/inside"));
    await symlink(at("images-of-others/c"), at("images/outside"));
    await symlink(at("images"), at("linked-root"));
    roots = new StorageRoots(() => ({ roots: [at("linked-root"), at("missing-root")], blockDevices: [] }));
  });
  after(async () => {
    await rm(dir, { recursive: true });
  });

  const refused = async (file: string, why: RegExp): Promise<void> => {
    await assert.rejects(roots.disk(file, "raw", FIELD), (error) => {
      assert.ok(error instanceof AgentError);
      assert.deepEqual([error.reason, error.field, error.details["path"]], ["PATH_NOT_ALLOWED", FIELD, file]);
      assert.match(error.message, why);
      return true;
    });
  };

  it("allow a file below them, by the path that is left when every link is followed", async () => {
    assert.equal((await roots.disk(at("images/a"), "raw", FIELD)).path, at("images/a"));
    assert.equal(await roots.file(at("linked-root/inside"), FIELD), at("images/deep/b"));
  });

  it("allow a log in them that is there or not, and no link in its place", async () => {
    assert.equal(await roots.log(at("linked-root/new.log"), FIELD), at("images/new.log"));
    assert.equal(await roots.log(at("images/a"), FIELD), at("images/a"));
    await symlink("/etc/passwd", at("images/log-link"));
    for (const wrong of [
      "images/log-link",
      "images/deep",
      "new.log",
      "images/none/new.log",
      "images/../new.log",
    ])
      await assert.rejects(roots.log(at(wrong), FIELD), { reason: "PATH_NOT_ALLOWED" }, wrong);
  });

  it("allow a block device that is listed, by the name that is listed", async function () {
    const device = await someBlockDevice();
    if (device === undefined) return this.skip();
    const listed = at("by-id");
    await symlink(device, listed);
    const withDevice = new StorageRoots(() => ({
      roots: [at("images")],
      blockDevices: [at("missing"), listed],
    }));
    assert.deepEqual(await withDevice.disk(device, "raw", FIELD), {
      path: listed,
      source: "block",
      backing: [],
    });
    await assert.rejects(withDevice.file(device, FIELD), { reason: "PATH_NOT_ALLOWED" });
    await refused(device, /below none/);
  });

  it("refuse what leads out of them, what is no file, and what is not there", async () => {
    await refused("images/a", /absolute/);
    await refused(at("images-of-others/c"), /below none/);
    await refused(at("images/../images-of-others/c"), /below none/);
    await refused(at("images/outside"), /below none/);
    await refused(at("images/deep"), /not a regular file/);
    await refused(at("images/x"), /does not exist; files of domains lie below /);
    await refused(at("missing-root/x"), /does not exist/);
  });
});

/** Whichever the machine has; it is looked at, never opened. */
async function someBlockDevice(): Promise<string | undefined> {
  for (const name of await readdir("/dev")) {
    const device = path.join("/dev", name);
    if ((await stat(device).catch(() => undefined))?.isBlockDevice() === true) return device;
  }
  return undefined;
}
