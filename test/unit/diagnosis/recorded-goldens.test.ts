// What `vgpuctl doctor` prints of every recorded host, in both languages. UPDATE_GOLDEN=1 rewrites the files of test/golden/doctor.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { languages } from "../../../agent/core/language.ts";
import { recordedHosts } from "../../hosts/recorded-hosts.ts";
import { vgpuctl } from "../cli/vgpuctl.ts";

const FOLDER = new URL("../../../../test/golden/doctor/", import.meta.url);

describe("vgpuctl doctor on a recorded host", () => {
  for (const { name, expand } of recordedHosts())
    it(`prints of ${name} what was reviewed`, async () => {
      await using tree = await expand();
      for (const language of languages) {
        const { stdout, stderr, exitCode } = await vgpuctl("/nowhere", [
          ...["doctor", "--host-root", tree.root, "--lang", language],
        ]);
        assert.equal(stderr, "");
        const printed = `${stdout.replaceAll(tree.root, "")}\nexit ${exitCode}\n`;
        const file = new URL(`${name}.${language}.txt`, FOLDER);
        if (process.env["UPDATE_GOLDEN"] === "1") {
          await mkdir(FOLDER, { recursive: true });
          await writeFile(file, printed);
        }
        assert.equal(printed, await readFile(file, "utf8"));
      }
    });
});
