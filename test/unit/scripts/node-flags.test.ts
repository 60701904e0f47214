import assert from "node:assert/strict";
import { nodeFlags } from "../../../scripts/node-flags.ts";

describe("the flags in a program's first line", () => {
  it("are those behind node", () => {
    assert.deepEqual(nodeFlags("#!/usr/bin/env -S node --one --two=2\n// --three\n"), ["--one", "--two=2"]);
  });

  it("are none where the line names none, or is not there", () => {
    for (const program of [
      "#!/usr/bin/env node\n// #!/x -S node --flag\n",
      "// text\n#!/x -S node --flag\n",
      "",
    ])
      assert.deepEqual(nodeFlags(program), []);
  });
});
