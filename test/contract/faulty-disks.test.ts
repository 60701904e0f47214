import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { StartedProcess } from "../fakes/process.ts";
import { failingDisk, whyNoDisks } from "./faulty-disks.ts";
import { unlessImpossible } from "./unless-impossible.ts";

describe("a disk that fails on demand", () => {
  before(async function () {
    unlessImpossible(this, await whyNoDisks());
  });

  it("is over when its test is, though a mount namespace that was made meanwhile has it", async () => {
    const disk = await failingDisk("write");
    const other = await StartedProcess.start([
      "unshare",
      "--mount",
      "sh",
      "-c",
      "echo ready; exec sleep 3600",
    ]);
    try {
      await disk[Symbol.asyncDispose]();
      await assert.rejects(access(disk.at), { code: "ENOENT" });
    } finally {
      await other.end();
    }
  });
});
