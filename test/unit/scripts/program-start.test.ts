import assert from "node:assert/strict";
import { programStart } from "../../../scripts/program-start.ts";

describe("what a program's first line asks for", () => {
  it("is an environment and flags of Node.js", () => {
    assert.deepEqual(programStart("#!/usr/bin/env -S A_B=1 C=x=2 node --one --two=2\n// --three\n"), {
      environment: { A_B: "1", C: "x=2" },
      flags: ["--one", "--two=2"],
    });
    assert.deepEqual(programStart("#!/usr/bin/env -S A=1 node\n"), { environment: { A: "1" }, flags: [] });
  });

  it("is nothing where the line names none, or is not there", () => {
    for (const program of [
      "#!/usr/bin/env node\n// #!/x -S node --flag\n",
      "// text\n#!/x -S node --flag\n",
      "",
    ])
      assert.deepEqual(programStart(program), { environment: {}, flags: [] });
  });
});
