// What is said of the end of what the TLS listener uses.
import assert from "node:assert/strict";
import { firstSoonAfter, firstToEnd, lastingAt, soonAfter, type Part } from "../../../agent/core/validity.ts";
import { tlsFileEnds } from "../../../agent/diagnosis/checks/tls.ts";
import type { TlsReading } from "../../../agent/diagnosis/tls-reading.ts";
import { severityOf } from "../../../agent/diagnosis/words.ts";
import { toldOfAnAgent } from "./told-of-an-agent.ts";

const DAY = 86_400_000;
const now = Date.UTC(2026, 10, 29);
/** Of a file that is good for so many days, with so many left. */
const part = (name: string, life: number, left: number): Part => ({
  name: `CN=${name} (serial 01)`,
  validity: { from: now - (life - left) * DAY, until: now + left * DAY },
});
/** Which is over with the last of its parts. */
const holding = (name: string, ...parts: readonly Part[]) => ({
  key: `tls.${name}`,
  lifetimes: { parts, last: parts.at(-1) },
});
/** Of a file with one part. */
const file = (name: string, life: number, left: number) => holding(name, part("one", life, left));

const told = (tls: TlsReading | undefined) => toldOfAnAgent(tlsFileEnds, tls ? { tls } : {});

const served = (...files: ReturnType<typeof file>[]) => told({ kind: "served", now, files });

describe("the end of what the TLS listener uses", () => {
  it("is nobody's where nothing listens, or no agent runs", async () => {
    assert.equal((await told(undefined)).found, "not-applicable no-agent");
    assert.equal((await told({ kind: "not-configured" })).found, "not-applicable none");
    assert.equal((await served()).found, "pass endless");
  });

  it("is told of the first file, with all of them as evidence", async () => {
    const { found, message, condition } = await served(
      file("client_ca", 3650, 2000),
      file("certificate", 90, 40),
    );
    assert.equal(found, "pass good");
    assert.equal(
      message,
      "the first to end is CN=one (serial 01) in tls.certificate, at 2027-01-08T00:00:00Z",
    );
    assert.deepEqual(
      condition.evidence.map(({ path }) => path),
      ["configuration: tls.client_ca", "configuration: tls.certificate"],
    );
  });

  it("is a warning when it is near, though something else with less time ends before", async () => {
    const { found, message, condition } = await served(
      file("certificate", 90, 13),
      file("revocation_list", 10, 9),
    );
    assert.equal(found, "fail soon");
    assert.match(message, /^CN=one \(serial 01\) in tls\.certificate ends soon, at 2026-12-12/);
    assert.equal(severityOf(condition), "warning");
  });

  it("is told when it is over, and of a list whom that keeps out", async () => {
    const over = await served(file("certificate", 90, -1), file("client_ca", 90, 1));
    assert.equal(over.found, "fail over");
    assert.match(over.message, /^tls\.certificate has ended, at 2026-11-28/);
    const list = await served(file("revocation_list", 30, 0));
    assert.equal(list.found, "fail list-over");
    assert.match(list.message, /nobody is let in/);
  });

  it("is told of the one CA, or the list of one, that is over, and not of the file", async () => {
    const good = part("good", 90, 60);
    const ca = await served(holding("client_ca", part("old", 90, -1), good));
    assert.equal(ca.found, "fail part-over");
    assert.match(ca.message, /^CN=old \(serial 01\) in tls\.client_ca has ended.*clients that need it/);
    const list = await served(holding("revocation_list", part("old", 30, 0), good));
    assert.equal(list.found, "fail list-part-over");
    assert.match(list.message, /^the list of CN=old .*no client of that CA/);
    const near = await served(holding("revocation_list", part("old", 30, 1), good));
    assert.equal(near.found, "fail list-soon");
  });

  it("is the end of the certificate also where one behind it in its chain is good", async () => {
    const [leaf, above] = [part("host", 90, -1), part("between", 900, 600)];
    const chain = { key: "tls.certificate", lifetimes: { parts: [leaf, above], last: leaf } };
    assert.equal((await served(chain)).found, "fail over");
  });
});

describe("what is good for a time", () => {
  const lasting = (life: number, left: number) => lastingAt(part("a", life, left).validity, now);

  it("ends soon in its last sixth, and within two weeks", () => {
    assert.deepEqual(
      [
        lasting(90, 14),
        lasting(90, 13.9),
        lasting(3650, 15),
        lasting(3, 0.5),
        lasting(3, 0.4),
        lasting(3, 0),
      ],
      ["good", "soon", "good", "good", "soon", "over"],
    );
  });

  it("ends soon from then on that the alert's tests have of an hour, a day, a week and a year", () => {
    const secondsLeft = (days: number): number =>
      (days * DAY - soonAfter({ from: 0, until: days * DAY })) / 1000;
    // test/contract/monitoring/alerts.test.yaml, "VgpudTlsFileEndsSoon in the last sixth".
    assert.deepEqual([1 / 24, 1, 7, 365].map(secondsLeft), [600, 14_400, 100_800, 1_209_600]);
  });

  it("ends soon, one of several, also behind one that is renewed before", () => {
    const [leaf, ca] = [part("host", 1 / 24, 1 / 48), part("between", 365, 13)];
    assert.equal(firstSoonAfter([leaf, ca]), now - DAY);
    assert.equal(firstSoonAfter([]), undefined);
  });

  it("does not end soon when it is renewed with a third of its time left, or a little later", () => {
    const left = [1 / 3, 1 / 3 - 1 / 20, 1 / 4];
    assert.deepEqual(
      left.map((part) => lasting(1, part)),
      ["good", "good", "good"],
    );
  });

  it("ends with the first of it", () => {
    const [late, early] = [part("a", 9, 8), part("b", 9, 7)];
    assert.equal(firstToEnd([late, early]), early);
    assert.equal(firstToEnd([]), undefined);
  });
});
