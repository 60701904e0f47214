import assert from "node:assert/strict";
import {
  appendFile,
  copyFile,
  mkdir,
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
import {
  claim,
  disk,
  domainSpec,
  claimedDomain,
  reservation,
  sliceShare,
  vgpuClaim,
} from "../../fakes/claims.ts";
import type { Claim } from "../../../agent/lifecycle/claim.ts";

describe("the ledger on disk", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(path.join(tmpdir(), "ledger-"));
  });
  afterEach(async () => {
    await rm(dir, { recursive: true });
  });
  // As JSON has it: a property that is undefined is not there.
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  const fileOf = (id: string): string => path.join(dir, "claims", `${id}.json`);

  it("gives back what was written, for its owner's eyes alone", async () => {
    const [one, two, three] = [claim(1), vgpuClaim(2, { reservation: reservation(4) }), reservation(3)];
    {
      await using files = await LedgerFiles.open(dir);
      await files.write(one);
      await files.write(two);
      await files.write(three);
      await files.write({ ...one, state: "stopped" });
    }
    await using files = await LedgerFiles.open(dir);
    const { claims, setAside } = await files.load();
    assert.deepEqual(plain(claims), plain([{ ...one, state: "stopped" }, two, three]));
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
    assert.ok(read?.kind === "domain" && read.domain.spec);
    const xml = domainXml(read, read.domain.spec, { domainType: "kvm" });
    const golden = await readFile("test/golden/domain-xml/disk-and-vnc.xml", "utf8");
    assert.equal(`${xml}\n`, golden.replace("web &amp; db", "a"));
    await files.write(read);
    assert.match(await readFile(fileOf(read.vgpuId), "utf8"), /^vgpud-claim 2 /);
    assert.deepEqual((await files.load()).claims.length, 1);
  });

  const full = domainSpec(1, {
    disks: [disk("/srv/images/a.qcow2")],
    autostart: true,
    labels: { team: "web" },
  });
  const remembered = {
    requestId: "r",
    method: "CreateDomain",
    digest: "digest-1",
    operationId: "operation-1",
  };
  // As it was stored: more than a claim remembers of the reservation that it was bound from.
  const rest = { ...reservation(2), ...sliceShare("4"), share: undefined, mode: undefined };
  const shipped: readonly (readonly [file: string, format: number, claim: Claim])[] = [
    ["format-2", 2, claim(1, { domain: claimedDomain(full), requests: [remembered] })],
    ["format-3-vgpu", 3, vgpuClaim(1, { labels: { job: "7" }, reservation: rest })],
    ["format-3-reservation", 3, reservation(1)],
    ["format-4-seat", 4, claim(1, { share: { mode: "gvt-s" } })],
    ["format-5-xen", 5, claim(1, { domain: claimedDomain(domainSpec(1, { xenGuestType: "hvm" })) })],
  ];
  for (const [name, format, meant] of shipped)
    it(`reads the stored record ${name}, and writes what it says so that readers of format ${format} have it`, async () => {
      await using files = await LedgerFiles.open(dir);
      await copyFile(`test/golden/ledger/${name}.json`, fileOf(meant.vgpuId));
      const { claims, setAside } = await files.load();
      assert.deepEqual(setAside, []);
      assert.deepEqual(plain(claims), plain([meant]));
      for (const read of claims) await files.write(read);
      const [header, ...body] = (await readFile(fileOf(meant.vgpuId), "utf8")).split("\n");
      assert.match(header ?? "", new RegExp(`^vgpud-claim ${format} `));
      const stored = (await readFile(`test/golden/ledger/${name}.json`, "utf8")).split("\n").slice(1);
      const said = (lines: readonly string[]): unknown => JSON.parse(lines.join("\n"));
      assert.deepEqual(said(body), { ...(said(stored) as object), kind: meant.kind });
    });

  it("takes back what an older version set aside because it did not know its format, unless it is there anew", async () => {
    await using files = await LedgerFiles.open(dir);
    const [lent, held] = [vgpuClaim(1), reservation(2)];
    await files.write(lent);
    await files.write(held);
    await writeFile(fileOf("noise"), "noise");
    await files.load();
    for (const { vgpuId } of [lent, held]) await rename(fileOf(vgpuId), `${fileOf(vgpuId)}.set-aside`);
    await files.write({ ...held, expiresAt: 5 });
    const { claims, setAside } = await files.load();
    assert.deepEqual(plain(claims), plain([lent, { ...held, expiresAt: 5 }]));
    assert.deepEqual(setAside, []);
    assert.deepEqual((await readdir(path.join(dir, "claims"))).sort(), [
      `${lent.vgpuId}.json`,
      `${held.vgpuId}.json`,
      `${held.vgpuId}.json.set-aside`,
      "noise.json.set-aside",
    ]);
  });

  it("takes back no record of a claim that is over", async () => {
    await using files = await LedgerFiles.open(dir);
    const held = reservation(2);
    await files.write(held);
    await rename(fileOf(held.vgpuId), `${fileOf(held.vgpuId)}.set-aside`);
    await files.write({ ...held, expiresAt: 5 });
    await files.erase(held.vgpuId);
    assert.deepEqual(await files.load(), { claims: [], setAside: [] });
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
    await writeFile(fileOf(future), (await readFile(fileOf(future), "utf8")).replace("claim 2", "claim 9"));
    await writeFile(fileOf(noise), Buffer.from([0, 1, 2, 3]));
    await rename(fileOf(moved), fileOf("another"));
    const { claims, setAside } = await files.load();
    assert.deepEqual(
      claims.map(({ vgpuId }) => vgpuId),
      [good],
    );
    const why = new Map(setAside.map(({ file, why: said }) => [path.basename(file), said]));
    assert.match(why.get(`${flipped}.json.set-aside`) ?? "", /checksum/);
    assert.match(why.get(`${future}.json.set-aside`) ?? "", /format 9/);
    assert.match(why.get(`${noise}.json.set-aside`) ?? "", /does not begin/);
    assert.match(why.get("another.json.set-aside") ?? "", new RegExp(moved));
    assert.deepEqual((await files.load()).setAside, []);
  });

  it("sets aside what the disk does not give, also what was set aside before, and reads the rest", async () => {
    await using files = await LedgerFiles.open(dir);
    const [one, two, good] = [claim(1), claim(2), claim(3)];
    // A folder is what every process fails to read, root too.
    await mkdir(fileOf(one.vgpuId));
    await mkdir(`${fileOf(two.vgpuId)}.set-aside`);
    await files.write(good);
    for (let start = 1; start <= 2; start += 1) {
      const { claims, setAside } = await files.load();
      assert.deepEqual(plain(claims), plain([good]));
      assert.deepEqual(
        setAside.map(({ file, why }) => [file, why.split(":")[0]]),
        [one, two].map(({ vgpuId }) => [`${fileOf(vgpuId)}.set-aside`, "EISDIR"]),
      );
    }
  });

  it("leaves in its place what cannot be moved, and reads the rest", async () => {
    await using files = await LedgerFiles.open(dir);
    const [bad, good] = [claim(1), claim(2)];
    await writeFile(fileOf(bad.vgpuId), "noise");
    await mkdir(`${fileOf(bad.vgpuId)}.set-aside`);
    await mkdir(path.join(dir, "claims", "cut.json.tmp"));
    await files.write(good);
    const { claims, setAside } = await files.load();
    assert.deepEqual(plain(claims), plain([good]));
    assert.deepEqual(
      setAside.map(({ file }) => file),
      [fileOf(bad.vgpuId)],
    );
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
