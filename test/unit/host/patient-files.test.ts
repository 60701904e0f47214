// A driver that hangs in an attribute of one GPU: what of the host can still be read, and what it costs.
import assert from "node:assert/strict";
import type { ExaminedFiles } from "../../../agent/diagnosis/look.ts";
import { PatientFiles } from "../../../agent/host/patient-files.ts";
import { FakeClock } from "../../fakes/clock.ts";

const FIRST = "sys/bus/pci/devices/0000:00:02.0";
const SECOND = "sys/bus/pci/devices/0000:03:00.0";

/** A tree whose files say their own names, but for those that are held. */
class HeldFiles implements ExaminedFiles {
  readonly #held = new Map<string, (() => void)[]>();
  /** Reads that have not ended. */
  pending = 0;

  hold(path: string): void {
    this.#held.set(path, []);
  }

  release(path: string): void {
    const waiting = this.#held.get(path) ?? [];
    this.#held.delete(path);
    for (const go of waiting) go();
  }

  async read(path: string): Promise<string | undefined> {
    this.pending += 1;
    await new Promise<void>((resolve) => {
      const waiting = this.#held.get(path);
      if (waiting) waiting.push(resolve);
      else resolve();
    });
    this.pending -= 1;
    return path;
  }

  list = (): Promise<string[]> => Promise.resolve(["listed"]);
  exists = (): Promise<boolean> => Promise.resolve(true);
  linkName = (): Promise<string | undefined> => Promise.resolve("driver");
  linkParentName = (): Promise<string | undefined> => Promise.resolve("parent");
}

describe("a read that the kernel does not answer", () => {
  let clock: FakeClock;
  let held: HeldFiles;
  let files: PatientFiles;
  let answers: number;
  let stop: AbortController;
  beforeEach(() => {
    clock = new FakeClock();
    held = new HeldFiles();
    answers = 0;
    const onAnswer = (): void => {
      answers += 1;
    };
    stop = new AbortController();
    files = new PatientFiles({ files: held, clock, threads: 2, stop: stop.signal, onAnswer });
    held.hold(`${FIRST}/types/available`);
  });

  const fails = (path: string, message: RegExp): Promise<void> =>
    clock.until(assert.rejects(files.read(path), { message }));

  it("ends, and the device's other attributes are not even asked for", async () => {
    const hung = assert.rejects(files.read(`${FIRST}/types/available`), {
      message: /^the kernel does not answer; dmesg /,
    });
    await fails(
      `${FIRST}/types/description`,
      /^is not read: the kernel does not answer for \/sys.*\/available$/,
    );
    await hung;
    await fails(`${FIRST}/types/available`, /^the kernel does not answer; dmesg /);
    assert.equal(held.pending, 1);
  });

  it("takes nothing from other devices, from what a device is, and from the rest of the host", async () => {
    await fails(`${FIRST}/types/available`, /not answer/);
    for (const path of [`${SECOND}/types/available`, `${FIRST}/class`, "proc/cmdline"])
      assert.equal(await files.read(path), path);
    assert.deepEqual(await files.list(FIRST), ["listed"]);
    assert.equal(await files.linkName(`${FIRST}/driver`), "driver");
  });

  it("keeps one thread for each device, however many of its attributes hang", async () => {
    held.hold(`${FIRST}/types/other`);
    const reads = ["available", "other", "third"].map((name) => files.read(`${FIRST}/types/${name}`));
    const settled = Promise.allSettled(reads);
    await clock.until(settled);
    assert.equal(held.pending, 1);
  });

  it("is made again once the kernel has answered, which is told", async () => {
    assert.equal(await files.read(`${FIRST}/types/description`), `${FIRST}/types/description`);
    await fails(`${FIRST}/types/available`, /not answer/);
    assert.equal(answers, 0);
    held.release(`${FIRST}/types/available`);
    await clock.rest();
    assert.equal(await files.read(`${FIRST}/types/available`), `${FIRST}/types/available`);
    assert.deepEqual([held.pending, answers], [0, 1]);
  });

  it("ends at once when the agent stops, and no other is begun", async () => {
    const hung = assert.rejects(files.read(`${FIRST}/types/available`), { message: /vgpud stops$/ });
    await clock.rest();
    stop.abort();
    await hung;
    await assert.rejects(files.read(`${SECOND}/types/available`), { message: /vgpud stops$/ });
    assert.equal(held.pending, 1);
  });

  it("of as many devices as have threads leaves the others unread, and the rest of the host is read", async () => {
    held.hold(`${SECOND}/types/available`);
    const third = "sys/bus/pci/devices/0000:04:00.0/types/available";
    const hung = [FIRST, SECOND].map((device) =>
      assert.rejects(files.read(`${device}/types/available`), { message: /^the kernel does not answer; / }),
    );
    const queued = assert.rejects(files.read(third), { message: /^is not read: the kernel does not answer/ });
    await clock.until(Promise.all([...hung, queued]));
    const all = new RegExp(`not answer for /${FIRST}\\S+, /${SECOND}\\S+, and no more threads`);
    await assert.rejects(files.read(third), { message: all });
    assert.equal(held.pending, 2);
    assert.equal(await files.read("proc/cmdline"), "proc/cmdline");
    held.release(`${FIRST}/types/available`);
    await clock.rest();
    assert.equal(await files.read(third), third);
  });
});
