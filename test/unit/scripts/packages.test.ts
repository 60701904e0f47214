// The packages that a program is shipped with, each with the text of its licence.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { bundledPackages } from "../../../scripts/package-deb/packages.ts";

describe("the packages of a lock file", () => {
  let project: string;
  beforeEach(async () => {
    project = await mkdtemp(path.join(tmpdir(), "packages-"));
    const locked = { "": {}, "node_modules/one": { version: "1.0.0" }, "node_modules/dev": { dev: true } };
    await put("package-lock.json", JSON.stringify({ packages: locked }));
    await put("node_modules/one/package.json", manifest("1.0.0"));
  });
  afterEach(() => rm(project, { recursive: true }));

  const manifest = (version: string): string => JSON.stringify({ name: "one", version, license: "MIT" });
  async function put(file: string, content: string): Promise<void> {
    const at = path.join(project, file);
    await mkdir(path.dirname(at), { recursive: true });
    await writeFile(at, content);
  }
  const texts = "scripts/package-deb/licences";

  it("are those that are shipped, with the text that each brings", async () => {
    await put("node_modules/one/LICENSE.md", "own");
    assert.deepEqual(await bundledPackages(project), [
      { name: "one", version: "1.0.0", license: "MIT", licenseText: "own" },
    ]);
  });

  it("have a text of the project's where they bring none, and are refused without", async () => {
    await assert.rejects(bundledPackages(project), { message: /one brings no licence text/ });
    await put(`${texts}/one`, "ours");
    assert.equal((await bundledPackages(project))[0]?.licenseText, "ours");
  });

  it("leave no text behind when they have gone", async () => {
    await put("node_modules/one/LICENSE", "own");
    await put(`${texts}/@gone/two`, "ours");
    await assert.rejects(bundledPackages(project), {
      message: /@gone\/two is of no package that is shipped/,
    });
  });

  it("are refused in another version than the lock file has", async () => {
    await put("node_modules/one/package.json", manifest("1.0.1"));
    await put("node_modules/one/LICENSE", "own");
    await assert.rejects(bundledPackages(project), {
      message: /one is 1\.0\.1, and 1\.0\.0 in package-lock/,
    });
  });
});
