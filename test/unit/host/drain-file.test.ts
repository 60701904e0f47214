import assert from "node:assert/strict";
import { appendFile, mkdir, mkdtemp, readFile, readdir, rm, rmdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Turns } from "../../../agent/core/turns.ts";
import { DrainFile } from "../../../agent/host/drain-file.ts";
import { LedgerFiles } from "../../../agent/host/ledger-files.ts";
import { nothingDrained, type DrainRecord } from "../../../agent/lifecycle/drains.ts";
import { pciAddress } from "../../fakes/ids.ts";

describe("what is drained, on disk", () => {
  let dir: string;
  let file: DrainFile;
  let turns: Turns;
  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), "drains-"));
    turns = new Turns(1);
    file = new DrainFile({ stateDir: dir, wall: () => 99, turns });
  });
  afterEach(async () => {
    await rm(dir, { recursive: true });
  });
  const where = (): string => path.join(dir, "drained.json");
  const drained: DrainRecord = {
    host: { note: "fan", since: 1 },
    gpus: new Map([[pciAddress(1), { note: "", since: 2 }]]),
  };

  it("is nothing before the first", async () => {
    assert.deepEqual(await file.load(), { record: nothingDrained, setAside: [] });
    assert.deepEqual(await readdir(dir), []);
  });

  it("comes back as it was written, for its owner's eyes alone", async () => {
    for (const record of [drained, { ...drained, host: undefined }, nothingDrained]) {
      await file.write(record);
      assert.deepEqual(await file.load(), { record, setAside: [] });
    }
    assert.equal((await stat(where())).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(dir), ["drained.json"]);
  });

  it("is written when it is its turn on the disk of the ledger, which may hang", async () => {
    await using ledger = await LedgerFiles.open(dir, undefined, turns);
    let answer: () => void = () => undefined;
    const hanging = turns.run(() => new Promise<void>((resolve) => (answer = resolve)));
    const done: string[] = [];
    const written = file.write(drained).then(() => done.push("written"));
    const listed = ledger.list().then(() => done.push("listed"));
    for (let look = 0; look < 10; look += 1) assert.deepEqual(await readdir(dir), ["claims"]);
    assert.deepEqual(done, []);
    answer();
    await Promise.all([hanging, written, listed]);
    assert.deepEqual((await file.load()).record, drained);
  });

  it("drains the host, and keeps doing so, when it cannot be read", async () => {
    await file.write({ ...drained, host: undefined });
    await appendFile(where(), "x");
    const bytes = await readFile(where());
    const { record, setAside } = await file.load();
    const [aside] = setAside;
    assert.match(aside?.why ?? "", /checksum/);
    assert.deepEqual(await readFile(aside?.file ?? ""), bytes);
    assert.equal(record.host?.since, 99);
    assert.match(record.host.note, /could not be read and lies in .*drained\.json\.set-aside$/);
    assert.deepEqual(await file.load(), { record, setAside: [] });
  });

  it("drains the host when the disk does not give it, and is read again at the next start", async () => {
    // A folder is what every process fails to read, root too.
    await mkdir(where());
    const { record, setAside } = await file.load();
    assert.deepEqual(
      setAside.map(({ file: aside, why }) => [aside, why.split(":")[0]]),
      [[where(), "EISDIR"]],
    );
    assert.match(record.host?.note ?? "", /could not be read and lies in .*drained\.json$/);
    assert.deepEqual(await readdir(dir), ["drained.json"]);
    await rmdir(where());
    await file.write(drained);
    assert.deepEqual(await file.load(), { record: drained, setAside: [] });
  });

  it("drains the host when it cannot be read and there is no room for a copy, and stays as it is", async () => {
    await file.write(drained);
    await appendFile(where(), "x");
    const bytes = await readFile(where());
    await mkdir(`${where()}.set-aside`);
    const { record, setAside } = await file.load();
    assert.equal(setAside[0]?.file, where());
    assert.equal(record.host?.since, 99);
    assert.deepEqual(await readFile(where()), bytes);
  });

  it("does not guess at a later version's", async () => {
    await file.write(drained);
    const text = await readFile(where(), "utf8");
    await rm(where());
    await appendFile(where(), text.replace("vgpud-drained 1 ", "vgpud-drained 2 "));
    assert.match((await file.load()).setAside[0]?.why ?? "", /format 2/);
  });
});
