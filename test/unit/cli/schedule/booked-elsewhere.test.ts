// A create with the id of a claim that is booked on one host, of which another has the domain, or may have it.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { CliError } from "../../../../agent/cli/errors/cli-error.ts";
import { CLAIM, full, Hosts, makes, refusal } from "./hosts.ts";

const away = (): CliError => new CliError("unreachable", "vgpud does not answer");

/** Booked on a. */
function bookedOnA(refuse = makes): Hosts {
  const hosts = new Hosts({ a: refuse, b: makes, c: makes });
  hosts.book("a");
  return hosts;
}

/** The call ends without a second domain, and as the claim was; resolves with the lines that say how to go on. */
async function refusesASecond(hosts: Hosts): Promise<readonly string[]> {
  const { ended, standing } = await hosts.schedule({ again: true });
  assert.ok(ended.kind === "failed");
  assert.equal(ended.error.ending, "conflict");
  assert.match(ended.error.message, /is booked on a, and b has the domain of it: no second one is made$/);
  assert.deepEqual([hosts.asked, hosts.api.changes, standing], [[], [], "held"]);
  return ended.error.lines;
}

const ended = (): CliError => refusal(status.ALREADY_EXISTS, "CLAIM_ENDED");
const askedFor = ({ asked }: Hosts): readonly string[] => asked.map(({ host }) => host);

describe("a call that names a claim which is booked where its domain is not", () => {
  it("makes no second domain where another host has that of the claim, and says how to go on", async () => {
    const hosts = bookedOnA();
    hosts.having.add("b");
    assert.deepEqual(await refusesASecond(hosts), [
      `  to keep that domain: give the booking on a back: vgpuctl schedule destroy ${CLAIM} --host a; then the same line again books it on b`,
      `  for one on a: end that domain on b first: vgpuctl --address b destroy claim:${CLAIM}`,
    ]);
  });

  it("asks the others also where the booked one does not say whether it has a domain, and what would end one there", async () => {
    for (const silence of [
      away(),
      refusal(status.DEADLINE_EXCEEDED),
      refusal(status.UNAVAILABLE, "STARTING"),
    ]) {
      const hosts = bookedOnA(() => refusal(status.DEADLINE_EXCEEDED, undefined, true));
      hosts.failing.set("a", silence);
      hosts.having.add("b");
      const [unsaid = "", keep = ""] = await refusesASecond(hosts);
      assert.equal(unsaid, `  a does not say whether it has one, too: ${silence.message}`);
      assert.match(
        keep,
        /give the booking on a back, which ends a domain of it there: vgpuctl schedule destroy \S+ --host a; then the same line again/,
      );
    }
  });

  it("asks the others also where the claim has ended on the booked one, and says how to end what another has", async () => {
    const hosts = bookedOnA(ended);
    hosts.ended.add("a");
    hosts.having.add("b");
    assert.deepEqual(await refusesASecond(hosts), [
      `  to keep that domain: give the booking on a back: vgpuctl schedule destroy ${CLAIM} --host a; then the same line again books it on b`,
      `  to end it, since the claim has ended on a: vgpuctl --address b destroy claim:${CLAIM}; then give the booking back`,
    ]);
  });

  it("gives nothing back where the claim has ended on the booked host, while another may have the domain", async () => {
    const hosts = bookedOnA(ended);
    hosts.ended.add("a");
    hosts.failing.set("b", away());
    const { ended: how, standing } = await hosts.schedule({ again: true });
    assert.ok(how.kind === "failed");
    assert.equal(how.error.ending, "unreachable");
    assert.match(
      how.error.message,
      /^a has no domain of claim \S+, and whether b has one is not known: it stays booked$/,
    );
    assert.ok(how.error.hints.includes("the same line again once each of them answers"));
    assert.deepEqual([hosts.asked, hosts.api.changes, standing], [[], [], "held"]);
  });

  it("ends with the claim where it has ended on the booked host, and no other has a domain of it", async () => {
    const hosts = bookedOnA(ended);
    hosts.ended.add("a");
    const { ended: how, standing } = await hosts.schedule({ again: true });
    assert.ok(how.kind === "failed");
    assert.deepEqual([how.error.reason, standing, askedFor(hosts)], ["CLAIM_ENDED", "released", ["a"]]);
  });

  it("asks the booked host though no other has it, where that one or another does not say whether it has", async () => {
    for (const [change, unasked] of [
      [(hosts: Hosts) => hosts.failing.set("a", away()), []],
      [(hosts: Hosts) => hosts.failing.set("b", away()), ["b"]],
      [(hosts: Hosts) => hosts.ended.add("b"), []],
    ] as const) {
      const hosts = bookedOnA();
      change(hosts);
      const { ended } = await hosts.schedule({ again: true });
      assert.ok(ended.kind === "made");
      assert.deepEqual([ended.place.host, askedFor(hosts)], ["a", ["a"]]);
      assert.deepEqual([...ended.unasked.keys()], unasked);
    }
  });

  it("tries no candidate once the booked host refuses, while another may have the domain, and gives the booking back", async () => {
    const hosts = bookedOnA(full);
    hosts.failing.set("b", away());
    const { ended, standing, lost } = await hosts.schedule({ again: true });
    assert.ok(ended.kind === "failed");
    assert.equal(ended.error.ending, "unreachable");
    assert.match(ended.error.message, /whether b has a domain of it is not known$/);
    assert.deepEqual(ended.error.lines, ["  b could not be asked: vgpud does not answer"]);
    assert.deepEqual([askedFor(hosts), standing, hosts.api.claims.size], [["a"], "released", 0]);
    assert.deepEqual(
      lost.map(({ reason }) => reason),
      ["APERTURE_EXHAUSTED"],
    );
  });

  it("goes on with the domain of the other, once the booked host has refused and that one says that it has it", async () => {
    const hosts: Hosts = bookedOnA(() => {
      hosts.failing.clear();
      hosts.having.add("b");
      return full();
    });
    hosts.failing.set("b", away());
    const { ended, standing } = await hosts.schedule({ again: true });
    assert.ok(ended.kind === "made");
    assert.deepEqual([ended.place.host, standing, askedFor(hosts)], ["b", "held", ["a", "b"]]);
    assert.deepEqual(hosts.api.changes, ["release", `claim ${hosts.gpus["b"] ?? ""}`]);
  });

  it("goes on to candidates where every other host says that it has none", async () => {
    const hosts = bookedOnA(full);
    const { ended } = await hosts.schedule({ again: true });
    assert.ok(ended.kind === "made");
    assert.equal(ended.place.host, "b");
  });
});
