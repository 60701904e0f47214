// The commands of docs/vgpuctl.md print what stands there.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { fakeVgpud } from "../cli/fake-vgpud.ts";
import { vgpuctl } from "../cli/vgpuctl.ts";

const PAGE = new URL("../../../../docs/vgpuctl.md", import.meta.url);
const BLOCK = /```console\n\$ vgpuctl ([^\n]*)\n([^]*?)```/g;

describe("docs/vgpuctl.md", () => {
  it("shows what its commands print; UPDATE_GOLDEN=1 writes it there", async () => {
    const page = await readFile(PAGE, "utf8");
    let now = page;
    for (const [block, line = ""] of page.matchAll(BLOCK)) {
      await using vgpud = await fakeVgpud();
      const { stdout, stderr } = await vgpuctl(vgpud.socketPath, line.split(" "));
      // The socket of a test is nobody's.
      const said = stderr.replaceAll(` --socket ${vgpud.socketPath}`, "");
      now = now.replace(block, () => `\`\`\`console\n$ vgpuctl ${line}\n${stdout}${said}\`\`\``);
    }
    assert.ok(BLOCK.test(page));
    if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(PAGE, now);
    else assert.equal(page, now);
  });
});
