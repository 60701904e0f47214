// What a power cut leaves of a ledger, at each stage of a write and an erasure, and of the places that spare a write a sync.
import assert from "node:assert/strict";
import { cpSync, rmSync } from "node:fs";
import {
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  symlink,
  truncate,
  unlink,
  writeFile,
  appendFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { LedgerFiles } from "../../../agent/host/ledger-files.ts";
import { claim } from "../../fakes/claims.ts";

describe("the ledger on a disk that loses power", () => {
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

  describe("when the power is cut while a claim is made", () => {
    const making = claim(1, { state: "creating" });
    const made = claim(1);
    const placeOf = async (folder = dir): Promise<string | undefined> =>
      (await readdir(path.join(folder, "claims"))).find((name) => name.includes(".after-"));

    const last = (files: LedgerFiles): Promise<void> => files.write(made);

    /** The folder as it was at each stage of what comes after `before`, before whatever was not synced by then. */
    async function cuts(
      act = last,
      before = (files: LedgerFiles): Promise<void> => files.write(making),
    ): Promise<ReadonlyMap<string, string>> {
      const found = new Map<string, string>();
      let watched = false;
      await using files = await LedgerFiles.open(dir, (point) => {
        if (!watched) return;
        found.set(point, path.join(dir, "cuts", point));
        cpSync(path.join(dir, "claims"), path.join(dir, "cuts", point, "claims"), { recursive: true });
      });
      await before(files);
      watched = true;
      await act(files);
      return found;
    }

    async function statesAfter(
      found: ReadonlyMap<string, string>,
    ): Promise<Readonly<Record<string, string | undefined>>> {
      const states = new Map<string, string | undefined>();
      for (const [point, cut] of found) states.set(point, await stateAfter(cut));
      return Object.fromEntries(states);
    }

    async function stateAfter(cut: string | undefined): Promise<string | undefined> {
      await using files = await LedgerFiles.open(cut ?? "");
      const { claims, setAside } = await files.load();
      assert.deepEqual(setAside, []);
      const again = await files.load();
      assert.deepEqual(again, { claims, setAside: [] });
      assert.equal(await placeOf(cut), undefined);
      return claims[0]?.state;
    }

    it("has the one record or the other, and the second from when its bytes are synced", async () => {
      assert.deepEqual(await statesAfter(await cuts()), {
        "ledger write begun": "creating",
        "ledger write filled": "active",
        "ledger write synced": "active",
        "ledger write renamed": "active",
        "ledger write durable": "active",
      });
    });

    it("has nothing of the first write or all of it, and no place without its record", async () => {
      const found = await cuts(
        (files) => files.write(making),
        () => Promise.resolve(),
      );
      const early = path.join(dir, "cuts", "the name of the place alone");
      cpSync(found.get("ledger write renamed") ?? "", early, { recursive: true });
      await unlink(path.join(early, "claims", `${making.vgpuId}.json`));
      assert.deepEqual(await statesAfter(new Map([...found, ["the name of the place alone", early]])), {
        "ledger write begun": undefined,
        "ledger write filled": undefined,
        "ledger write synced": undefined,
        "the name of the place alone": undefined,
        "ledger write renamed": "creating",
        "ledger write durable": "creating",
      });
    });

    it("has it or has it not while it is erased, however it was last written", async () => {
      // The second write found no way to the record's name.
      const before = async (): Promise<void> => {
        const cut = (await cuts()).get("ledger write synced") ?? "";
        await rm(path.join(dir, "claims"), { recursive: true });
        cpSync(path.join(cut, "claims"), path.join(dir, "claims"), { recursive: true });
      };
      await before();
      const found = await cuts(
        (files) => files.erase(making.vgpuId),
        () => Promise.resolve(),
      );
      assert.deepEqual(await statesAfter(found), {
        "ledger erasure begun": "active",
        "ledger erasure unlinked": undefined,
        "ledger erasure durable": undefined,
      });
    });

    /** As a disk that takes the bytes of a second record and no other name for them. */
    async function refusedAfterSync(files: LedgerFiles, refuse: { now: boolean }): Promise<void> {
      await files.write(making);
      refuse.now = true;
      await assert.rejects(files.write(made), /read-only/);
      refuse.now = false;
    }

    it("has what was accepted once that is written again after a refusal, and never the refused again", async () => {
      const refuse = { now: false };
      {
        await using files = await LedgerFiles.open(dir, (point) => {
          if (refuse.now && point === "ledger write synced") throw new Error("read-only file system");
        });
        await refusedAfterSync(files, refuse);
        assert.match(await readFile(path.join(dir, "claims", (await placeOf()) ?? ""), "utf8"), /"active"/);
        await files.write(making);
        assert.equal(await readFile(path.join(dir, "claims", (await placeOf()) ?? ""), "utf8"), "");
      }
      assert.equal(await stateAfter(dir), "creating");
    });

    it("keeps what is in a place until something newer has the record's name", async () => {
      const refuse = { now: false, name: false };
      {
        await using files = await LedgerFiles.open(dir, (point) => {
          if (point !== "ledger write synced") return;
          if (refuse.now) throw new Error("read-only file system");
          // Whoever is to get its name is not there.
          if (refuse.name) rmSync(`${fileOf(making.vgpuId)}.tmp`);
        });
        await refusedAfterSync(files, refuse);
        refuse.name = true;
        await assert.rejects(files.write({ ...made, state: "stopped" }), /ENOENT/);
        refuse.name = false;
        cpSync(path.join(dir, "claims"), path.join(dir, "second-cut", "claims"), { recursive: true });
        await files.write({ ...made, state: "stopped" });
        assert.deepEqual(await readdir(path.join(dir, "claims")), [`${making.vgpuId}.json`]);
      }
      assert.equal(await stateAfter(path.join(dir, "second-cut")), "active");
      assert.equal(await stateAfter(dir), "stopped");
    });

    const spoilt: Readonly<Record<string, (file: string) => Promise<void>>> = {
      "is corrupt": (file) => appendFile(file, " "),
      "is not given by the disk": async (file) => {
        await unlink(file);
        await mkdir(file);
      },
    };
    for (const [how, spoil] of Object.entries(spoilt))
      it(`sets what may be newer aside with a record that ${how}, and has it when that can be read again`, async () => {
        const cut = (await cuts()).get("ledger write synced") ?? "";
        const file = path.join(cut, "claims", `${making.vgpuId}.json`);
        const [record, place] = [await readFile(file), path.join(cut, "claims", (await placeOf(cut)) ?? "")];
        await spoil(file);
        {
          await using files = await LedgerFiles.open(cut);
          const { claims, setAside } = await files.load();
          assert.deepEqual(claims, []);
          assert.deepEqual(
            setAside.map((each) => each.file),
            [`${place}.set-aside`, `${file}.set-aside`],
          );
          await files.load();
          assert.deepEqual(
            (await readdir(path.join(cut, "claims"))).sort(),
            [place, file].map((name) => `${path.basename(name)}.set-aside`),
          );
          await rm(`${file}.set-aside`, { recursive: true });
          await writeFile(`${file}.set-aside`, record);
        }
        assert.equal(await stateAfter(cut), "active");
      });

    it("takes half of a record for none", async () => {
      const cut = (await cuts()).get("ledger write synced") ?? "";
      await truncate(path.join(cut, "claims", (await placeOf(cut)) ?? ""), 200);
      assert.equal(await stateAfter(cut), "creating");
    });

    it("takes none for newer than what came later", async () => {
      const cut = (await cuts()).get("ledger write synced") ?? "";
      const left = path.join(cut, "claims", (await placeOf(cut)) ?? "");
      const bytes = await readFile(left);
      {
        await using files = await LedgerFiles.open(cut);
        await files.load();
        await files.write({ ...made, state: "stopped" });
      }
      // As an older version leaves it, which knows of no such place.
      await writeFile(left, bytes);
      assert.equal(await stateAfter(cut), "stopped");
    });
  });

  it("leaves nothing beside a claim whose making was undone", async () => {
    await using files = await LedgerFiles.open(dir);
    await files.write(claim(1, { state: "creating" }));
    await files.erase(claim(1).vgpuId);
    assert.deepEqual(await readdir(path.join(dir, "claims")), []);
  });

  it("writes a record although no place can be made for its successor", async () => {
    const making = claim(1, { state: "creating" });
    {
      await using files = await LedgerFiles.open(dir);
      await files.write(making);
    }
    const [place = ""] = (await readdir(path.join(dir, "claims"))).filter((name) => name.includes(".after-"));
    await unlink(path.join(dir, "claims", place));
    await mkdir(path.join(dir, "claims", place));
    await using files = await LedgerFiles.open(dir);
    for (const each of [making, claim(1)]) await files.write(each);
    assert.deepEqual(plain((await files.load()).claims), plain([claim(1)]));
  });

  it("writes a record the long way once the short one has failed", async () => {
    await using files = await LedgerFiles.open(dir);
    const making = claim(1, { state: "creating" });
    await files.write(making);
    const [place = ""] = (await readdir(path.join(dir, "claims"))).filter((name) => name.includes(".after-"));
    const nowhere = path.join(dir, "claims", place);
    await unlink(nowhere);
    await symlink("/nowhere/at/all", nowhere);
    await assert.rejects(files.write(claim(1)), /ENOENT/);
    await files.write(claim(1));
    assert.deepEqual(await readdir(path.join(dir, "claims")), [`${making.vgpuId}.json`]);
    assert.deepEqual(plain((await files.load()).claims), plain([claim(1)]));
  });
});
