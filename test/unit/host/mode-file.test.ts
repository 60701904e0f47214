import assert from "node:assert/strict";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Turns } from "../../../agent/core/turns.ts";
import { ModeFile } from "../../../agent/host/mode-file.ts";
import type { ModeRecord } from "../../../agent/lifecycle/gpu-modes.ts";
import { pciAddress } from "../../fakes/ids.ts";

describe("the modes of GPUs, on disk", () => {
  let dir: string;
  let file: ModeFile;
  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), "modes-"));
    file = new ModeFile({ stateDir: dir, turns: new Turns(1) });
  });
  afterEach(async () => {
    await rm(dir, { recursive: true });
  });
  const where = (): string => path.join(dir, "gpu-modes.json");
  const record: ModeRecord = new Map([
    [pciAddress(1), { mode: "gvt-s" }],
    [pciAddress(2), { mode: "gvt-d", hostDriver: "xe" }],
    [pciAddress(3), { mode: "sriov", functions: 7 }],
    [
      pciAddress(4),
      {
        mode: "sriov",
        functions: 2,
        profile: { execQuantumMs: 200_000, priority: "high" },
        made: {
          written: [{ share: "execQuantumMs", unit: "gt0", value: 100_000 }],
          notOffered: ["priority"],
        },
      },
    ],
    [pciAddress(5), { hostDriver: "i915", parkedIn: "boot-1" }],
  ]);

  it("are none before the first was set", async () => {
    assert.deepEqual(await file.load(), { record: new Map(), setAside: [] });
    assert.deepEqual(await readdir(dir), []);
  });

  it("come back as they were written", async () => {
    await file.write(record);
    assert.deepEqual(await file.load(), { record, setAside: [] });
  });

  it("are set aside when the file was changed, and the file is kept as it is", async () => {
    await file.write(record);
    await appendFile(where(), "x");
    const bytes = await readFile(where());
    const { record: read, setAside } = await file.load();
    const [aside] = setAside;
    assert.deepEqual([[...read], setAside.length], [[], 1]);
    assert.match(aside?.why ?? "", /checksum/);
    assert.deepEqual(await readFile(aside?.file ?? ""), bytes);
  });

  it("are read again at the next start when the disk does not give them", async () => {
    // A folder is what every process fails to read, root too.
    await mkdir(where());
    const { setAside } = await file.load();
    assert.deepEqual(
      setAside.map(({ file: stays, why }) => [stays, why.split(":")[0]]),
      [[where(), "EISDIR"]],
    );
  });
});
