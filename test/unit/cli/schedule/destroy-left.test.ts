// A `vgpuctl schedule destroy` that comes to no end: what it says of the domain and the booking, and how it goes on.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { Domain } from "../../../../proto/gen/vgpud/v1/domain.ts";
import { exitCodes } from "../../../../agent/cli/errors/exit-codes.ts";
import { PlacementError } from "../../../../agent/placement/errors.ts";
import * as facts from "../facts.ts";
import { fakeVgpud, type FakeVgpud } from "../fake-vgpud.ts";
import { Around, HERE } from "./around.ts";

const CLAIM = "0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e";
const BOOKED = `  claim ${CLAIM} stays booked on ${HERE}\n`;
const UNSENT = `  nothing was destroyed: ${HERE} was not asked for it\n`;
const LINE = `vgpuctl schedule destroy ${CLAIM}`;
const AGAIN = `to go on, once ${HERE} answers: ${LINE}`;
const SENT = `  ${HERE} was asked to destroy its domain, and may do so yet\n`;
const NO_MORE =
  "\nhint: a host that is no more: delete its providers in Placement, as docs/placement.md has it ";

/** As the client ends a call after its deadline. */
const LATE = { code: status.DEADLINE_EXCEEDED, message: "too late" };

function booked(vgpud: FakeVgpud, addresses: Readonly<Record<string, string>> = {}): Around {
  vgpud.domains.set(CLAIM, Domain.fromPartial({ ...facts.domain, claimId: CLAIM }));
  const around = new Around(vgpud, [HERE], addresses);
  around.book(CLAIM, HERE);
  return around;
}

function says(stderr: string, ...all: readonly string[]): void {
  for (const each of all) assert.ok(stderr.includes(each), `${each}\nis not in\n${stderr}`);
}

describe("a schedule destroy that comes to no end", () => {
  it("says that nothing was sent to a host that nobody serves, and leads to no simulated one", async () => {
    await using vgpud = await fakeVgpud();
    const around = booked(vgpud, { [HERE]: "/nonexistent/vgpud.sock" });
    const { stderr, exitCode } = await around.schedule(["destroy", CLAIM, "--now"]);
    assert.equal(exitCode, exitCodes.unreachable);
    says(stderr, UNSENT + BOOKED, `hint: ${AGAIN} --now\n`, `\nhint: start vgpud on ${HERE}; `, NO_MORE);
    assert.equal(stderr.split(NO_MORE).length, 2, stderr);
    assert.doesNotMatch(stderr, /simulate/);
  });

  it("finds out that a host hangs before it is asked to destroy anything", async () => {
    await using vgpud = await fakeVgpud();
    const around = booked(vgpud);
    vgpud.refuse(LATE);
    const ran = await around.schedule(["destroy", CLAIM]);
    assert.equal(ran.exitCode, exitCodes.unreachable);
    says(ran.stderr, `${HERE}: no answer from vgpud within 10s\n${UNSENT}${BOOKED}hint: ${AGAIN}\n`);
    assert.ok(!ran.stderr.includes(NO_MORE), ran.stderr);
    assert.deepEqual([vgpud.requests, ran.notes], [[], []]);
  });

  it("says that the host may destroy the domain yet once it was asked to, and what it waits for", async () => {
    await using vgpud = await fakeVgpud();
    const around = booked(vgpud);
    const notes: string[] = [];
    const note = (line: string): void => {
      notes.push(line);
      vgpud.refuse(LATE);
    };
    const { stderr, exitCode } = await around.schedule(["destroy", CLAIM], { note });
    assert.equal(exitCode, exitCodes.failure);
    says(
      stderr,
      `${HERE}: no answer from vgpud within `,
      `\n${SENT}${BOOKED}hint: to look at it: vgpuctl schedule status ${CLAIM}\nhint: ${AGAIN}\n`,
    );
    assert.ok(!stderr.includes(NO_MORE), stderr);
    assert.deepEqual(notes, [`destroying the domain of claim ${CLAIM} on ${HERE}`]);
    assert.equal(around.api.claims.has(CLAIM), true);
  });

  it("says the same where it is interrupted", async () => {
    await using vgpud = await fakeVgpud();
    const around = booked(vgpud);
    const interrupt = new AbortController();
    const note = (): void => {
      void vgpud.hang().asked.then(() => {
        interrupt.abort();
      });
    };
    const { signal } = interrupt;
    const sent = await around.schedule(["destroy", CLAIM, "--grace", "5s"], { note, signal });
    assert.equal(sent.exitCode, exitCodes.interrupted);
    says(
      sent.stderr,
      `error: ${HERE}: interrupted\n${SENT}${BOOKED}`,
      `\nhint: to go on: ${LINE} --grace 5s\n`,
    );
    assert.ok(!sent.stderr.includes(NO_MORE), sent.stderr);
    const unsent = await around.schedule(["destroy", CLAIM], { signal });
    says(unsent.stderr, UNSENT + BOOKED);
  });

  it("says the same where the host itself waits no longer, and not that it does not answer", async () => {
    await using vgpud = await fakeVgpud();
    const around = booked(vgpud);
    const late = { code: status.DEADLINE_EXCEEDED, message: "not gone within 5 min", reason: "CALL_TIMEOUT" };
    const note = (): void => {
      vgpud.refuse(late);
    };
    const { stderr } = await around.schedule(["destroy", CLAIM], { note });
    says(stderr, `[CALL_TIMEOUT]\n${SENT}${BOOKED}hint: to look at it: `, `\nhint: to go on: ${LINE}\n`);
    assert.ok(!stderr.includes(NO_MORE), stderr);
  });

  it("says that what is booked stays so until a removal that is held up has ended, and only where something is", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.hold();
    const stays = `what is booked for it stays so until it is gone; to go on then: ${LINE} --now\n`;
    const isBooked = booked(vgpud);
    const kept = await isBooked.schedule(["destroy", facts.domain.name, "--now"]);
    assert.equal(kept.exitCode, exitCodes.conflict);
    says(kept.stdout, stays);
    assert.equal(isBooked.api.claims.has(CLAIM), true);
    const unbooked = new Around(vgpud, [HERE]);
    const { stdout, exitCode } = await unbooked.schedule(["destroy", CLAIM, "--host", HERE]);
    assert.equal(exitCode, exitCodes.conflict);
    assert.ok(!stdout.includes(stays), stdout);
  });

  it("leads to the claim by its id where what is booked could not be given back: no domain has its name any more", async () => {
    await using vgpud = await fakeVgpud();
    const around = booked(vgpud);
    const error = new PlacementError("unreachable", "DELETE /allocations: refused");
    around.api.mishaps.push({ of: "release", when: "before", error });
    const { stderr, exitCode } = await around.schedule(["destroy", facts.domain.name, "--now"]);
    assert.equal(exitCode, exitCodes.unreachable);
    says(
      stderr,
      `\n  its domain is gone, and claim ${CLAIM} may still be booked\nhint: to give it back: ${LINE} --now\n`,
    );
    assert.equal((await around.schedule(["destroy", CLAIM, "--now"])).exitCode, 0);
    assert.equal(around.api.claims.has(CLAIM), false);
  });

  it("says nothing of a destroy that the host has refused but that the claim stays booked", async () => {
    await using vgpud = await fakeVgpud();
    const around = booked(vgpud);
    const refusal = { code: status.UNAVAILABLE, message: "libvirt is away", reason: "LIBVIRT_UNAVAILABLE" };
    const note = (): void => {
      vgpud.refuse(refusal);
    };
    const { stderr } = await around.schedule(["destroy", CLAIM], { note });
    says(stderr, `error: ${HERE}: libvirt is away [LIBVIRT_UNAVAILABLE]\n${BOOKED}`);
    assert.doesNotMatch(stderr, /may do so yet|no more/);
  });

  it("says that the claim stays booked where Placement does not say which hosts may have its domain, or the user ends that", async () => {
    await using vgpud = await fakeVgpud();
    const around = new Around(vgpud, [HERE]);
    around.book(CLAIM, HERE);
    around.api.all = () => Promise.reject(new PlacementError("unreachable", "GET: refused"));
    const failed = await around.schedule(["destroy", CLAIM, "--now"]);
    assert.equal(failed.exitCode, exitCodes.unreachable);
    says(
      failed.stderr,
      `error: cannot ask Placement: GET: refused\n${BOOKED}hint: to go on: ${LINE} --now\nhint: where it is: `,
    );
    assert.ok(!failed.stderr.includes(NO_MORE), failed.stderr);
    const interrupt = new AbortController();
    around.api.all = () => {
      interrupt.abort();
      return Promise.reject(new Error("aborted"));
    };
    const ended = await around.schedule(["destroy", CLAIM], { signal: interrupt.signal });
    assert.equal(ended.exitCode, exitCodes.interrupted);
    says(ended.stderr, `error: interrupted\n${BOOKED}hint: to go on: ${LINE}\n`);
    assert.equal(around.api.claims.has(CLAIM), true);
  });

  it("says that nothing was destroyed where Placement does not say where the claim is", async () => {
    await using vgpud = await fakeVgpud();
    const around = booked(vgpud);
    const error = new PlacementError("unreachable", "GET /allocations: refused");
    around.api.mishaps.push({ of: "allocation", when: "before", error });
    const { stderr, exitCode } = await around.schedule(["destroy", CLAIM]);
    assert.equal(exitCode, exitCodes.unreachable);
    says(stderr, "error: cannot ask Placement: GET /allocations: refused\n  nothing was destroyed\nhint: ");
  });
});
