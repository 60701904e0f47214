// Hosts that could not be asked: how that ends, and what leads on.
import assert from "node:assert/strict";
import { CliError } from "../../../../agent/cli/errors/cli-error.ts";
import { NAMELESS, RIGHT_ADDRESS } from "../../../../agent/cli/schedule/another-host.ts";
import {
  againHint,
  HOST_NO_MORE,
  unaskedEnding,
  unaskedHints,
  type Unasked,
  type UnaskedHosts,
} from "../../../../agent/cli/schedule/unasked.ts";
import { GetHostResponse } from "../../../../proto/gen/vgpud/v1/host_service.ts";
import { connect } from "../../../../agent/cli/client/vgpud.ts";
import type { Environment } from "../../../../agent/cli/environment.ts";
import { exitCodes } from "../../../../agent/cli/errors/exit-codes.ts";
import { FRESH_ID } from "../vgpuctl.ts";
import { fakeVgpud } from "../fake-vgpud.ts";
import { Around, ELSEWHERE, HERE } from "./around.ts";

const refused = new CliError("permission", "not let in", { hints: ["that host's log says why"] });
const untrusted = new CliError("unreachable", "not trusted", { hints: ["agents.tls.ca"] });
const gone = new CliError("unreachable", "nobody listens", { kind: "unreached", hints: [HOST_NO_MORE] });

/** `others`: hosts that another one answers for. */
function unasked(faults: Readonly<Record<string, CliError>>, others: readonly string[] = []): UnaskedHosts {
  return new Map<string, Unasked>([
    ...Object.entries(faults).map(([host, fault]) => [host, { why: fault.message, fault }] as const),
    ...others.map((host) => [host, { why: "is another", hint: RIGHT_ADDRESS }] as const),
  ]);
}

describe("hosts that could not be asked", () => {
  it("end a command as not allowed where all have refused the certificate, and else as one that does not answer", () => {
    assert.equal(unaskedEnding(unasked({ a: refused, b: refused })), "permission");
    assert.equal(unaskedEnding(unasked({ a: refused, b: untrusted })), "unreachable");
    assert.equal(unaskedEnding(unasked({ a: refused }, ["b"])), "unreachable");
    assert.equal(unaskedEnding(unasked({}, ["b"])), "unreachable");
  });

  it("lead to each cause once, and to hosts that are no more only where nobody takes the connection", () => {
    const hints = (faults: Readonly<Record<string, CliError>>) =>
      unaskedHints(unasked(faults), (_, error) => error);
    assert.deepEqual(hints({ a: refused, b: refused, c: untrusted }), [...refused.hints, ...untrusted.hints]);
    assert.deepEqual(hints({ a: gone, b: untrusted, c: gone }), [...untrusted.hints, HOST_NO_MORE]);
  });

  it("lead to their addresses where another answers for one, and add no hint of a fault for it", () => {
    const hints = (hosts: UnaskedHosts) => unaskedHints(hosts, (_, error) => error);
    assert.deepEqual(hints(unasked({ a: refused }, ["b", "c"])), [...refused.hints, RIGHT_ADDRESS]);
    assert.deepEqual(hints(unasked({ a: refused })), refused.hints);
    assert.deepEqual(hints(unasked({}, ["b"])), [RIGHT_ADDRESS]);
  });

  it("lead to the first few causes alone, beside hosts that are no more", () => {
    const faults = ["1", "2", "2", "3", "4"].map(
      (hint) => new CliError("unreachable", "no", { hints: [hint] }),
    );
    const hosts = unasked({ a: gone, ...Object.fromEntries(faults.map((fault, at) => [`b${at}`, fault])) });
    assert.deepEqual(
      unaskedHints(hosts, (_, error) => error),
      ["1", "2", "3", HOST_NO_MORE],
    );
  });

  it("lead to the same line again once they answer, and say who they are where another has answered", () => {
    const again = "the same line again once each of them answers";
    assert.equal(againHint(unasked({ a: refused })), again);
    for (const hosts of [unasked({ a: refused }, ["b"]), unasked({}, ["b"])])
      assert.equal(againHint(hosts), `${again} and says that it is that host`);
  });

  it("are told by their one cause where nothing is booked for a claim", async () => {
    await using vgpud = await fakeVgpud();
    const refusing: Environment["connect"] = (options) => ({
      ...connect(options),
      getDomain: () => Promise.reject(refused),
    });
    for (const verb of ["status", "destroy"]) {
      const around = new Around(vgpud, [HERE, ELSEWHERE], { [ELSEWHERE]: "/nonexistent.sock" });
      const { stderr, exitCode } = await around.schedule([verb, FRESH_ID], { connect: refusing });
      assert.equal(exitCode, exitCodes.permission, stderr);
      assert.equal(stderr.split("hint: that host's log says why\n").length, 2, stderr);
      assert.doesNotMatch(stderr, /no more/);
    }
  });
});

describe("hosts in whose place another answers", () => {
  const CREATE = ["create", "--flavor", "m1.gvt", "--name", "a", "-f", "web.yaml"];
  const WHEN = "once each of them answers and says that it is that host";
  const AGAIN = `the same line again ${WHEN}`;
  const lines = ({ stderr }: { readonly stderr: string }): readonly string[] => stderr.split("\n");

  it("lead to their addresses, and to the same line again after that, where nothing is booked for a claim", async () => {
    await using vgpud = await fakeVgpud();
    for (const argv of [
      ["status", FRESH_ID],
      ["destroy", FRESH_ID],
      [...CREATE, "--claim-id", FRESH_ID],
    ]) {
      const around = new Around(vgpud, [HERE, ELSEWHERE], { [ELSEWHERE]: vgpud.socketPath });
      const ran = await around.schedule(argv);
      assert.equal(ran.exitCode, exitCodes.unreachable, ran.stderr);
      assert.ok(lines(ran).includes(`hint: ${RIGHT_ADDRESS}`), ran.stderr);
      assert.ok(lines(ran).includes(`hint: ${AGAIN}`), ran.stderr);
    }
  });

  it("lead to their configuration, too, where they do not say what a scheduler calls them", async () => {
    await using vgpud = await fakeVgpud();
    const nameless: Environment["connect"] = (options) => ({
      ...connect(options),
      getHost: () => Promise.resolve(GetHostResponse.create()),
    });
    for (const [booked, argv] of [
      [false, ["status", FRESH_ID]],
      [false, ["destroy", FRESH_ID]],
      [true, ["status", FRESH_ID]],
      [true, ["destroy", FRESH_ID]],
      [true, ["list"]],
    ] as const) {
      const around = new Around(vgpud, [HERE]);
      if (booked) around.book(FRESH_ID, HERE);
      const ran = await around.schedule(argv, { connect: nameless });
      if (argv[0] === "list") assert.equal(ran.exitCode, 0, ran.stderr);
      else assert.notEqual(ran.exitCode, 0, ran.stderr);
      assert.ok(lines(ran).includes(`hint: ${NAMELESS}`), ran.stderr);
      assert.ok(!lines(ran).includes(`hint: ${RIGHT_ADDRESS}`), ran.stderr);
    }
  });

  it("lead to their addresses where the booked host has no domain, in warnings and in what keeps the booking", async () => {
    await using vgpud = await fakeVgpud();
    for (const [argv, exitCode, leads] of [
      [["status", FRESH_ID], 0, ""],
      [["destroy", FRESH_ID], exitCodes.unreachable, `\nhint: ${AGAIN}\n`],
      [[...CREATE, "--claim-id", FRESH_ID], 0, `; where its booking was moved by hand, look there ${WHEN}: `],
    ] as const) {
      const around = new Around(vgpud, [HERE, ELSEWHERE], { [ELSEWHERE]: vgpud.socketPath });
      around.book(FRESH_ID, HERE);
      const ran = await around.schedule(argv);
      assert.equal(ran.exitCode, exitCode, ran.stderr);
      assert.ok(lines(ran).includes(`hint: ${RIGHT_ADDRESS}`), ran.stderr);
      assert.ok(ran.stderr.includes(leads), ran.stderr);
    }
  });

  it("lead there once where the booked host does not say what it has, be it that another answers for it, too", async () => {
    await using vgpud = await fakeVgpud();
    for (const path of ["/nonexistent.sock", vgpud.socketPath]) {
      const third = { [ELSEWHERE]: path, "kvm-2": vgpud.socketPath };
      const around = new Around(vgpud, [ELSEWHERE], third);
      around.book(FRESH_ID, ELSEWHERE);
      const ran = await around.schedule(["status", FRESH_ID]);
      assert.equal(lines(ran).filter((each) => each === `hint: ${RIGHT_ADDRESS}`).length, 1, ran.stderr);
    }
  });
});
