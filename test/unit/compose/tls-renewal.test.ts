// The files of the TLS listener while it runs, where taking them over fails.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pino from "pino";
import { TlsInUse } from "../../../agent/compose/tls-in-use.ts";
import { TlsRenewal } from "../../../agent/compose/tls-renewal.ts";
import { readMaterial, type TlsFiles } from "../../../agent/host/tls/material.ts";
import { present } from "../../e2e/harness/agent-calls.ts";
import { until } from "../../e2e/harness/until.ts";
import { Authority } from "../../e2e/tls/authority.ts";
import { filesIn } from "../../e2e/tls/remote-world.ts";
import { FakeClock } from "../../fakes/clock.ts";

/** A listener that has something against new files as often as it is told to. */
class Listener {
  failures = 0;
  renewed = 0;
  judged = 0;

  renew(): void {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error("too many open files");
    }
    this.renewed += 1;
  }

  judgeAgain(): void {
    this.judged += 1;
  }
}

describe("the renewal of the TLS listener's files", () => {
  let folder: string;
  let files: TlsFiles;
  let ca: Authority;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "vgpud-tls-renewal-"));
    ca = await Authority.root(path.join(folder, "ca"), "clients");
  });
  beforeEach(async () => {
    const { certificate, key, client_ca: clientCa } = await filesIn(folder, ca);
    files = { certificate, key, clientCa, revocationList: undefined };
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  interface Made {
    readonly renewal: TlsRenewal;
    readonly inUse: TlsInUse;
    readonly clock: FakeClock;
    readonly told: (what: string) => number;
  }
  const made = async (listener: Listener): Promise<Made> => {
    const lines: string[] = [];
    const log = pino({ base: null }, { write: (line: string) => lines.push(line) });
    const clock = new FakeClock();
    const material = await readMaterial(files);
    const inUse = new TlsInUse(material);
    const renewal = new TlsRenewal({
      ...{ files, listener, log, clock, material, inUse },
      recorder: { tlsReload: () => undefined },
    });
    return { renewal, inUse, clock, told: (what) => lines.filter((line) => line.includes(what)).length };
  };
  const looks = async (
    { renewal, clock }: { renewal: TlsRenewal; clock: FakeClock },
    enough: () => boolean,
  ): Promise<void> => {
    const stop = new AbortController();
    const running = renewal.run(stop.signal);
    await until("it has looked often enough", async () => {
      await clock.advance(5_000);
      return enough();
    });
    stop.abort();
    await running;
  };

  it("is tried again while it fails, though the files are as they were, and told once", async () => {
    const listener = new Listener();
    listener.failures = 3;
    const all = await made(listener);
    await looks(all, () => listener.renewed > 0);
    assert.equal(all.told("TLS files not taken over"), 1);
    assert.equal(all.told("uses its files as they are now"), 1);
  });

  it("tells a lasting fault once, and again to who asks", async () => {
    const listener = new Listener();
    const all = await made(listener);
    await writeFile(files.certificate, "soon\n");
    await looks(all, () => listener.judged >= 3);
    assert.equal(all.told("it holds no certificate in PEM"), 1);
    await all.renewal.reload();
    assert.equal(all.told("it holds no certificate in PEM"), 2);
  });

  it("tells once that a file ends soon, in the last sixth of its time, and once that it has ended", async () => {
    const listener = new Listener();
    const all = await made(listener);
    const [, { last }] = present(all.inUse.lifetimes.find(([file]) => file === "certificate"));
    const { from, until: end } = present(last).validity;
    const said: number[] = [];
    for (const at of [end - (end - from) / 4, end - (end - from) / 8, end + 1]) {
      all.clock.setWall(at - all.clock.wall());
      const before = listener.judged;
      // With the second look begun the first is told of.
      await looks(all, () => listener.judged >= before + 2);
      said.push(all.told('"key":"tls.certificate"'));
    }
    assert.deepEqual(said, [0, 1, 2]);
    assert.ok(all.told("TLS file is over; clients are refused") >= 1);
  });

  it("tells once that one of two CAs has ended, and not that the file has", async () => {
    const brief = await ca.intermediate(path.join(folder, "brief"), "brief", 2);
    const cas = [brief, ca].map(({ certificate }) => readFile(certificate, "utf8"));
    await writeFile(files.clientCa, (await Promise.all(cas)).join(""));
    const listener = new Listener();
    const all = await made(listener);
    all.clock.setWall(Date.now() + 3 * 86_400_000 - all.clock.wall());
    await looks(all, () => listener.judged >= 2);
    assert.equal(all.told("part of a TLS file is over"), 1);
    assert.equal(all.told('"part":"CN=brief (serial '), 1);
    assert.equal(all.told("TLS file is over; clients are refused"), 0);
  });

  it("goes on after a reading that failed altogether", async () => {
    const listener = new Listener();
    const { renewal } = await made(listener);
    listener.failures = 1;
    listener.judgeAgain = () => {
      throw new Error("no way");
    };
    await assert.rejects(renewal.reload(), /no way/);
    await renewal.reload();
    assert.equal(listener.renewed, 1);
  });
});
