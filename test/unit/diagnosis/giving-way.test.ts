// An examination beside looks at the host.
import assert from "node:assert/strict";
import { GivingWay } from "../../../agent/diagnosis/giving-way.ts";
import type { ExaminedFiles } from "../../../agent/diagnosis/look.ts";
import { FakeClock } from "../../fakes/clock.ts";

/** Remembers what it was asked. */
class AskedFiles implements ExaminedFiles {
  readonly asked: string[] = [];

  read(path: string): Promise<string> {
    return this.#answer(path, "text");
  }

  list(path: string): Promise<string[]> {
    return this.#answer(path, ["name"]);
  }

  linkName(path: string): Promise<string> {
    return this.#answer(path, "name");
  }

  linkParentName(path: string): Promise<string> {
    return this.#answer(path, "parent");
  }

  exists(path: string): Promise<boolean> {
    return this.#answer(path, true);
  }

  #answer<T>(path: string, answer: T): Promise<T> {
    this.asked.push(path);
    return Promise.resolve(answer);
  }
}

/** One look after the other, each until the test ends it. */
class Looks {
  underWay: Promise<unknown> | undefined;
  #end: (() => void) | undefined;

  begin(): void {
    this.underWay = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
  }

  fail(): void {
    this.underWay = Promise.reject(new Error("no such device"));
    this.underWay.catch(() => undefined);
  }

  end(): void {
    this.underWay = undefined;
    this.#end?.();
  }
}

function examination(): { files: GivingWay; host: AskedFiles; looks: Looks; clock: FakeClock } {
  const [host, looks, clock] = [new AskedFiles(), new Looks(), new FakeClock()];
  return { host, looks, clock, files: new GivingWay(host, looks, clock) };
}

describe("the files of an examination", () => {
  it("are read at once while nobody looks at the host", async () => {
    const { files, host, clock } = examination();
    assert.equal(await files.read("a"), "text");
    assert.deepEqual(await files.list("b"), ["name"]);
    assert.equal(await files.linkName("c"), "name");
    assert.equal(await files.linkParentName("d"), "parent");
    assert.equal(await files.exists("e"), true);
    assert.deepEqual(host.asked, ["a", "b", "c", "d", "e"]);
    assert.equal(clock.sleepers, 0);
  });

  it("are read when the look that is under way is over, however it ends", async () => {
    const { files, host, looks, clock } = examination();
    looks.begin();
    const all = Promise.all([
      files.read("a"),
      files.list("b"),
      files.linkName("c"),
      files.linkParentName("d"),
      files.exists("e"),
    ]);
    await clock.advance(900);
    assert.deepEqual(host.asked, []);
    looks.end();
    await all;
    assert.deepEqual(host.asked, ["a", "b", "c", "d", "e"]);
    looks.fail();
    assert.equal(await files.read("f"), "text");
    assert.equal(clock.sleepers, 0);
  });

  it("wait for looks no longer than a second in all, and then no more", async () => {
    const { files, host, looks, clock } = examination();
    looks.begin();
    const [first, second] = [files.read("a"), files.read("b")];
    await clock.advance(600);
    looks.end();
    looks.begin();
    await clock.advance(399);
    assert.deepEqual(host.asked, []);
    await clock.advance(1);
    await Promise.all([first, second]);
    assert.equal(await files.read("c"), "text");
  });

  it("are read when the last of looks that follow each other is over", async () => {
    const { files, host, looks, clock } = examination();
    looks.begin();
    const read = files.read("a");
    await clock.rest();
    looks.end();
    looks.begin();
    await clock.rest();
    assert.deepEqual(host.asked, []);
    looks.end();
    assert.equal(await read, "text");
    assert.equal(clock.sleepers, 0);
  });
});
