// The page of lives on the test beds shows what the suites have told, the lines that the kernel was given above all.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { livesOnBeds, livesOnBedsPage, type LifeOnBed } from "../../../scripts/lives-on-beds-page.ts";

const recordOf = (name: LifeOnBed): Promise<string> =>
  readFile(new URL(`../../../../test/golden/lives-on-beds/${name}.log`, import.meta.url), "utf8");

describe("the page of lives on the test beds", () => {
  it("shows each as it was told", () => {
    const page = livesOnBedsPage({
      "slice-life": "# one\n",
      "function-life": "# two",
      "function-others-life": "# three",
      "xengt-life": "# four",
      "xengt-others-life": "# five",
    });
    for (const told of ["# one", "# two", "# three", "# four", "# five"])
      assert.ok(page.includes(`\`\`\`console\n${told}\n\`\`\``));
    for (const title of Object.values(livesOnBeds)) assert.ok(page.includes(`## ${title}\n`));
  });

  it("has of XenGT a line that makes a slice, and the one that gives the same back", async () => {
    const lines = [...(await recordOf("xengt-life")).matchAll(/xengt: line "([^"]+)"/g)].map(
      ([, line]) => line ?? "",
    );
    const made = lines.find((line) => /^\d+,128,512,4,-1,0$/.test(line));
    assert.ok(made !== undefined && lines.includes(`-${made.replace(/,.*/, "")}`), lines.join(" "));
  });

  it("has of virtual functions those that were made, held by QEMUs, and gone", async () => {
    const life = await recordOf("function-life");
    for (const deed of ["set-functions 0000:00:02.0 7", "destroy one", "set-functions 0000:00:02.0 0"])
      assert.ok(life.includes(`$ vgpuctl ${deed}`), deed);
    assert.match(life, /# the open group of one\n.* -> \/dev\/vfio\/\d+/);
  });
});
