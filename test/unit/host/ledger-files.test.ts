import assert from "node:assert/strict";
import {
  appendFile,
  copyFile,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { LedgerFiles } from "../../../agent/host/ledger-files.ts";
import { domainXml } from "../../../agent/lifecycle/domain-xml.ts";
import { claim } from "../../fakes/claims.ts";

describe("the ledger on disk", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), "ledger-"));
  });
  afterEach(async () => {
    await rm(dir, { recursive: true });
  });
  const fileOf = (id: string): string => path.join(dir, "claims", `${id}.json`);

  it("gives back what was written, for its owner's eyes alone", async () => {
    const [one, two] = [claim(1), claim(2)];
    {
      await using files = await LedgerFiles.open(dir);
      await files.write(one);
      await files.write(two);
      await files.write({ ...one, state: "stopped" });
    }
    await using files = await LedgerFiles.open(dir);
    const { claims, setAside } = await files.load();
    // As JSON has them: a property that is undefined is not there.
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    assert.deepEqual(plain(claims), plain([{ ...one, state: "stopped" }, two]));
    assert.deepEqual(setAside, []);
    assert.equal((await stat(fileOf(one.vgpuId))).mode & 0o777, 0o600);
    assert.equal((await stat(path.join(dir, "claims"))).mode & 0o777, 0o700);
  });

  it("reads what the first release wrote, and builds the same domain from it", async () => {
    await using files = await LedgerFiles.open(dir);
    await copyFile("test/golden/ledger/format-1.json", fileOf(claim(1).vgpuId));
    const { claims, setAside } = await files.load();
    assert.deepEqual(setAside, []);
    const [read] = claims;
    assert.ok(read?.domain.spec);
    const xml = domainXml(read, read.domain.spec, { domainType: "kvm" });
    const golden = await readFile("test/golden/domain-xml/disk-and-vnc.xml", "utf8");
    assert.equal(`${xml}\n`, golden.replace("web &amp; db", "a"));
    await files.write(read);
    assert.match(await readFile(fileOf(read.vgpuId), "utf8"), /^vgpud-claim 2 /);
    assert.deepEqual((await files.load()).claims.length, 1);
  });

  it("forgets what was erased, also twice", async () => {
    await using files = await LedgerFiles.open(dir);
    await files.write(claim(1));
    await files.erase(claim(1).vgpuId);
    await files.erase(claim(1).vgpuId);
    assert.deepEqual((await files.load()).claims, []);
  });

  it("sets aside what it cannot trust, says why, and reads the rest", async () => {
    const ids = [1, 2, 3, 4, 5].map((n) => claim(n).vgpuId);
    const [flipped = "", future = "", noise = "", moved = "", good] = ids;
    await using files = await LedgerFiles.open(dir);
    for (let n = 1; n <= 5; n += 1) await files.write(claim(n));
    await appendFile(fileOf(flipped), " ");
    await writeFile(fileOf(future), (await readFile(fileOf(future), "utf8")).replace("claim 2", "claim 3"));
    await writeFile(fileOf(noise), Buffer.from([0, 1, 2, 3]));
    await rename(fileOf(moved), fileOf("another"));
    const { claims, setAside } = await files.load();
    assert.deepEqual(
      claims.map(({ vgpuId }) => vgpuId),
      [good],
    );
    const why = new Map(setAside.map(({ file, why: said }) => [path.basename(file), said]));
    assert.match(why.get(`${flipped}.json.set-aside`) ?? "", /checksum/);
    assert.match(why.get(`${future}.json.set-aside`) ?? "", /format 3/);
    assert.match(why.get(`${noise}.json.set-aside`) ?? "", /does not begin/);
    assert.match(why.get("another.json.set-aside") ?? "", new RegExp(moved));
    assert.deepEqual((await files.load()).setAside, []);
  });

  it("removes what a crash cut off", async () => {
    await using files = await LedgerFiles.open(dir);
    await writeFile(`${fileOf(claim(1).vgpuId)}.tmp`, "vgpud-cl");
    assert.deepEqual(await files.load(), { claims: [], setAside: [] });
    assert.deepEqual(await readdir(path.join(dir, "claims")), []);
  });

  it("belongs to one at a time, by whichever path", async () => {
    const first = await LedgerFiles.open(dir);
    await assert.rejects(LedgerFiles.open(path.join(dir, "..", path.basename(dir))), /another vgpud uses/);
    await first[Symbol.asyncDispose]();
    await using second = await LedgerFiles.open(dir);
    assert.ok(second);
  });
});
