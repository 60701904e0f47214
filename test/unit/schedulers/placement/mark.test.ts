// The trait by which a root in Placement tells of which machine it is.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { readMachineId } from "../../../../agent/host/machine-id.ts";
import { markOf, othersMark } from "../../../../agent/schedulers/placement/mark.ts";

const ID = "5111a7ed000080008000000000000001";

describe("the mark of a machine", () => {
  it("is a name that Placement takes for a trait, and does not tell the machine's id", () => {
    assert.match(markOf(ID), /^CUSTOM_[A-Z0-9_]{1,248}$/);
    assert.ok(!markOf(ID).includes(ID.toUpperCase()));
    assert.notEqual(markOf(ID), markOf(ID.replace("1", "2")));
  });

  it("tells another machine's root from one's own and from one that has none", () => {
    const [mine, theirs] = [markOf("a"), markOf("b")];
    assert.equal(othersMark(["HW_CPU_X86_VMX", mine], mine), undefined);
    assert.equal(othersMark(["HW_CPU_X86_VMX"], mine), undefined);
    assert.equal(othersMark(["HW_CPU_X86_VMX", theirs], mine), theirs);
  });

  it("tells another machine's beside one's own, so that neither of the two takes the root for its own", () => {
    const [mine, theirs] = [markOf("a"), markOf("b")];
    assert.equal(othersMark([mine, theirs], mine), theirs);
    assert.equal(othersMark([mine, theirs], theirs), mine);
  });

  it("is every other one's to a machine that has no id", () => {
    assert.equal(othersMark([markOf("a")], undefined), markOf("a"));
    assert.equal(othersMark([], undefined), undefined);
  });
});

describe("a machine's id", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), "machine-"));
    await mkdir(path.join(root, "etc"));
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  it("is read from /etc/machine-id", async () => {
    await writeFile(path.join(root, "etc/machine-id"), `${ID}\n`);
    assert.deepEqual(await readMachineId(root), { id: ID });
  });

  for (const text of ["", "uninitialized\n", `${"0".repeat(32)}\n`, `${ID}${ID}\n`])
    it(`is none where the file has ${JSON.stringify(text)}, and why is told`, async () => {
      await writeFile(path.join(root, "etc/machine-id"), text);
      assert.deepEqual(await readMachineId(root), {
        why: "/etc/machine-id has no id of 32 hexadecimal digits",
      });
    });

  it("is none where there is no such file, and where it cannot be read, and why is told", async () => {
    assert.deepEqual(await readMachineId(root), { why: "there is no /etc/machine-id" });
    await mkdir(path.join(root, "etc/machine-id"));
    const unread = await readMachineId(root);
    assert.ok("why" in unread && unread.why.startsWith("/etc/machine-id cannot be read: "));
  });
});
