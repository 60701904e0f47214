// vgpuctl schedule where Placement has lost what was booked, and which hosts there are.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { exitCodes } from "../../../agent/cli/errors/exit-codes.ts";
import { startPlacement, type Placement } from "../../schedulers/placement.ts";
import { TwoHosts } from "../../schedulers/two-hosts.ts";
import { vgpuctl } from "../../unit/cli/vgpuctl.ts";
import { until } from "../harness/until.ts";

const IN_WORDS = ["create", "--flavor", "odd", "--name", "web-1"];
const LINE = [...IN_WORDS, "-o", "json"];
const madeSchema = z.looseObject({ claim_id: z.string(), host: z.string() });
const statusSchema = z.looseObject({
  domain: z.unknown().optional(),
  domain_host: z.string().nullable(),
  unasked: z.array(z.object({ host: z.string(), message: z.string() })),
});

const listSchema = z.object({
  claims: z.array(
    z.object({
      claim_id: z.string(),
      host: z.string(),
      domain: z.string().nullable(),
      domain_known: z.boolean(),
      domain_host: z.string().nullable(),
    }),
  ),
});

describe("a domain that Placement knows nothing of any more", function () {
  this.timeout(180_000);
  let placement: Placement;
  let hosts: TwoHosts;
  before(async () => {
    placement = await startPlacement();
    hosts = await TwoHosts.start(placement);
  });
  after(async () => {
    await (hosts as TwoHosts | undefined)?.[Symbol.asyncDispose]();
    await (placement as Placement | undefined)?.stop();
  });

  const domainsOn = async (host: string): Promise<number> => (await hosts.world(host).domains()).length;
  const reading = (schedule: string) => ({ readText: hosts.readerWith(schedule) });
  const made = async () => madeSchema.parse(JSON.parse((await hosts.schedule(LINE)).stdout));

  /** That both ends are told, each with its command. */
  const leadsOn = (
    text: string,
    before: string,
    claim: string,
    { host, other }: { readonly host: string; readonly other: string },
  ): void => {
    assert.match(
      text,
      new RegExp(`^${before}to keep that domain: .* destroy ${claim} --host ${other} `, "m"),
    );
    assert.match(
      text,
      new RegExp(`^${before}to end it: end it on ${host}: .* destroy claim:${claim}; `, "m"),
    );
  };

  it("is found on the hosts that the schedule file names, though Placement has lost its database", async () => {
    const { claim_id: claim, host } = await made();
    const empty = await startPlacement();
    try {
      const file = (away: Readonly<Record<string, string>>) =>
        reading(hosts.scheduleFile(away).replace(hosts.asked.url, empty.url));
      const found = await hosts.schedule(["destroy", claim, "--now"], file({}));
      assert.deepEqual([found.exitCode, found.stdout], [exitCodes.failure, ""], found.stderr);
      assert.match(
        found.stderr,
        new RegExp(`nothing is booked for claim ${claim}, and ${host} has a domain of it`),
      );
      const again = await hosts.schedule([...LINE, "--claim-id", claim], file({}));
      assert.equal(again.exitCode, exitCodes.conflict, again.stderr);
      assert.match(
        again.stderr,
        new RegExp(`${host} has a domain of claim ${claim}, on no GPU that is in Placement`),
      );

      const away = file({ [host]: "/nonexistent/vgpud.sock" });
      for (const argv of [
        ["destroy", claim, "--now"],
        [...LINE, "--claim-id", claim],
      ]) {
        const unsure = await hosts.schedule(argv, away);
        assert.equal(unsure.exitCode, exitCodes.unreachable, unsure.stderr);
        assert.match(unsure.stderr, new RegExp(`whether ${host} has a domain of it is not known`));
      }
    } finally {
      await empty.stop();
    }
    assert.deepEqual((await Promise.all(hosts.names.map(domainsOn))).sort(), [0, 1]);
    const ended = await hosts.schedule(["destroy", claim, "--now"]);
    assert.equal(ended.exitCode, 0, ended.stderr);
  });

  it("gets no second beside it where somebody has booked its claim on another host", async () => {
    const { claim_id: claim, host } = await made();
    const other = hosts.names.find((name) => name !== host) ?? "";
    await placement.ask("DELETE", `/allocations/${claim}`);
    await hosts.book(claim, other);
    const again = await hosts.schedule([...IN_WORDS, "--claim-id", claim]);
    assert.equal(again.exitCode, exitCodes.conflict, again.stderr);
    assert.match(again.stderr, new RegExp(`booked on ${other}, and ${host} has the domain of it`));
    assert.doesNotMatch(again.stderr, /to go on with it: the same line again/);
    assert.deepEqual([await domainsOn(host), await domainsOn(other)], [1, 0]);
    const refused = await hosts.schedule(["destroy", claim, "--now"]);
    assert.equal(refused.exitCode, exitCodes.conflict, refused.stderr);
    assert.match(
      refused.stderr,
      new RegExp(`${other} has no domain of claim ${claim}, on which it is booked, and ${host} has it`),
    );
    const status = await hosts.schedule(["status", claim]);
    assert.equal(status.exitCode, 0, status.stderr);
    assert.match(status.stdout, new RegExp(`^domain: +none on ${other}, and ${host} has it$`, "m"));
    leadsOn(status.stderr, "hint: ", claim, { host, other });
    assert.match(status.stderr, new RegExp(`give the booking on ${other} back: `));
    const document = await hosts.schedule(["status", claim, "-o", "json"]);
    const { domain, domain_host: domainHost } = statusSchema.parse(JSON.parse(document.stdout));
    assert.deepEqual([domain, domainHost], [undefined, host]);
    const hidden = reading(hosts.scheduleFile({ [host]: "/nonexistent/vgpud.sock" }));
    const unsure = await hosts.schedule(["destroy", claim, "--now"], hidden);
    assert.equal(unsure.exitCode, exitCodes.unreachable, unsure.stderr);
    assert.match(unsure.stderr, new RegExp(`whether ${host} has one is not known: it stays booked`));
    const shown = await hosts.schedule(["status", claim], hidden);
    assert.match(
      shown.stdout,
      new RegExp(`none on ${other}, and whether ${host} has one is not known$`, "m"),
    );
    assert.match(shown.stderr, new RegExp(`^warning: whether ${host} has a domain of it is not known: `));
    const told = await hosts.schedule(["status", claim, "-o", "json"], hidden);
    const { unasked } = statusSchema.parse(JSON.parse(told.stdout));
    assert.deepEqual(
      unasked.map((each) => each.host),
      [host],
    );
    assert.equal(await hosts.isBooked(claim), true);
    // As both say: the booking is given back, and the same line books the domain where it is.
    const back = `vgpuctl schedule destroy ${claim} --host ${other} `;
    for (const { stderr } of [again, refused, unsure]) assert.ok(stderr.includes(back), stderr);
    assert.equal((await hosts.schedule(["destroy", claim, "--now", "--host", other])).exitCode, 0);
    assert.equal(await hosts.isBooked(claim), false);
    assert.deepEqual([await domainsOn(host), await domainsOn(other)], [1, 0]);
    const kept = await hosts.schedule([...LINE, "--claim-id", claim]);
    assert.equal(kept.exitCode, 0, kept.stderr);
    assert.equal(madeSchema.parse(JSON.parse(kept.stdout)).host, host);
    assert.equal((await hosts.schedule(["destroy", claim, "--now"])).exitCode, 0);
  });

  it("gets no second beside it where its claim has ended on the host that somebody has booked it on", async () => {
    const { claim_id: claim, host: other } = await made();
    const host = hosts.names.find((name) => name !== other) ?? "";
    const bookOn = async (name: string): Promise<void> => {
      await placement.ask("DELETE", `/allocations/${claim}`);
      await hosts.book(claim, name);
    };
    await hosts.world(other).destroy("web-1");
    await bookOn(host);
    const moved = await hosts.schedule([...LINE, "--claim-id", claim]);
    assert.equal(madeSchema.parse(JSON.parse(moved.stdout)).host, host, moved.stderr);
    await bookOn(other);

    const again = await hosts.schedule([...IN_WORDS, "--claim-id", claim]);
    assert.equal(again.exitCode, exitCodes.conflict, again.stderr);
    assert.match(again.stderr, new RegExp(`booked on ${other}, and ${host} has the domain of it`));
    assert.doesNotMatch(again.stderr, /without --claim-id/);
    const refused = await hosts.schedule(["destroy", claim, "--now"]);
    assert.deepEqual([refused.exitCode, refused.stdout], [exitCodes.conflict, ""], refused.stderr);
    assert.match(
      refused.stderr,
      new RegExp(`${other} has no domain of claim ${claim}, on which it is booked, and ${host} has it`),
    );
    const status = await hosts.schedule(["status", claim]);
    assert.match(status.stdout, new RegExp(`^domain: +gone on ${other}, and ${host} has it$`, "m"));
    const hidden = reading(hosts.scheduleFile({ [host]: "/nonexistent/vgpud.sock" }));
    for (const argv of [
      ["destroy", claim, "--now"],
      [...IN_WORDS, "--claim-id", claim],
    ]) {
      const unsure = await hosts.schedule(argv, hidden);
      assert.equal(unsure.exitCode, exitCodes.unreachable, unsure.stderr);
      assert.match(unsure.stderr, new RegExp(`whether ${host} has one is not known: it stays booked`));
    }
    assert.equal(await hosts.isBooked(claim), true);
    assert.deepEqual([await domainsOn(host), await domainsOn(other)], [1, 0]);

    const given = await hosts.schedule(["destroy", claim, "--now", "--host", other]);
    assert.equal(given.exitCode, 0, given.stderr);
    assert.equal(await hosts.isBooked(claim), false);
    const kept = await hosts.schedule([...LINE, "--claim-id", claim]);
    assert.equal(madeSchema.parse(JSON.parse(kept.stdout)).host, host, kept.stderr);
    assert.equal((await hosts.schedule(["destroy", claim, "--now"])).exitCode, 0);
    assert.deepEqual([await domainsOn(host), await domainsOn(other)], [0, 0]);
  });

  it("is listed as what another host has than the booked one, which may have nothing of it", async () => {
    const { claim_id: claim, host } = await made();
    const other = hosts.names.find((name) => name !== host) ?? "";
    await placement.ask("DELETE", `/allocations/${claim}`);
    await hosts.book(claim, other);
    // A host that nothing is booked on is not asked.
    const beside = randomUUID();
    await hosts.book(beside, host);
    const list = await hosts.schedule(["list"]);
    assert.match(list.stdout, new RegExp(`^${claim} +${other} +0000:00:02\\.0 +none +-$`, "m"));
    assert.match(
      list.stderr,
      new RegExp(
        `^warning: ${other} has no domain of claim ${claim}, .* and ${host} has one: .* status ${claim} `,
      ),
    );
    assert.match(list.stderr, /hint: bookings without a domain: 1; /);
    const { claims } = listSchema.parse(JSON.parse((await hosts.schedule(["list", "-o", "json"])).stdout));
    const moved = claims.find((each) => each.claim_id === claim);
    assert.deepEqual(moved, {
      claim_id: claim,
      host: other,
      domain: null,
      domain_known: true,
      domain_host: host,
    });
    // What it leads to ends nothing, and says how to go on, also where the booked host does not say what it has.
    const silent = reading(hosts.scheduleFile({ [other]: "/nonexistent/vgpud.sock" }));
    const unsure = await hosts.schedule(["list"], silent);
    assert.match(unsure.stderr, new RegExp(`${other} does not say whether .* status ${claim} `));
    assert.doesNotMatch(unsure.stderr, new RegExp(`destroy ${claim}`));
    const status = await hosts.schedule(["status", claim], silent);
    assert.equal(status.exitCode, exitCodes.unreachable, status.stderr);
    assert.match(
      status.stderr,
      new RegExp(`^  ${host} has a domain of claim ${claim}, which is booked on`, "m"),
    );
    leadsOn(status.stderr, "  ", claim, { host, other });
    assert.match(
      status.stderr,
      new RegExp(`give the booking on ${other} back, which ends a domain of it there: `),
    );
    for (const each of [claim, beside]) await placement.ask("DELETE", `/allocations/${each}`);
    assert.equal((await hosts.schedule(["destroy", claim, "--host", host, "--now"])).exitCode, 0);
  });

  it("is not asked for anywhere while every host is drained, and which are so is told, but for those that are none for the flavor", async () => {
    for (const name of hosts.names)
      assert.equal((await vgpuctl(hosts.world(name).socket, ["drain"])).exitCode, 0);
    await until("nobody has room", async () => (await hosts.withRoom()).length === 0);
    const { stderr, exitCode } = await hosts.schedule(IN_WORDS);
    assert.equal(exitCode, exitCodes["no-room"], stderr);
    const drained = hosts.names.map((name) => `${name} 0000:00:02.0`).join(", ");
    assert.ok(
      stderr.includes(`\nhint: drained, so that nothing more is given out there: ${drained}; `),
      stderr,
    );
    const none = await hosts.schedule(["create", "--flavor", "not-kvm", "--name", "web-1"]);
    assert.equal(none.exitCode, exitCodes["no-room"], none.stderr);
    assert.doesNotMatch(none.stderr, /hint: drained/);
  });
});
