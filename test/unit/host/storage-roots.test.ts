import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
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
    roots = new StorageRoots(() => [at("linked-root"), at("missing-root")]);
  });
  after(async () => {
    await rm(dir, { recursive: true });
  });

  const refused = async (file: string, why: RegExp): Promise<void> => {
    await assert.rejects(roots.resolve(file, "disk", FIELD), (error) => {
      assert.ok(error instanceof AgentError);
      assert.deepEqual([error.reason, error.field, error.details["path"]], ["PATH_NOT_ALLOWED", FIELD, file]);
      assert.match(error.message, why);
      return true;
    });
  };

  it("allow a file below them, by the path that is left when every link is followed", async () => {
    assert.equal(await roots.resolve(at("images/a"), "disk", FIELD), at("images/a"));
    assert.equal(await roots.resolve(at("linked-root/inside"), "boot", FIELD), at("images/deep/b"));
  });

  it("refuse what leads out of them, what is no file, and what is not there", async () => {
    await refused("images/a", /absolute/);
    await refused(at("images-of-others/c"), /below none/);
    await refused(at("images/../images-of-others/c"), /below none/);
    await refused(at("images/outside"), /below none/);
    await refused(at("images/deep"), /not a regular file/);
    await refused(at("images/x"), /cannot be resolved/);
    await refused(at("missing-root/x"), /cannot be resolved/);
  });
});
