// What a create that failed, and a host that was asked, lead to next.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { refusedSocket } from "../../../../agent/cli/client/reachable.ts";
import type { Target } from "../../../../agent/cli/client/target.ts";
import { commands } from "../../../../agent/cli/commands.ts";
import { CliError } from "../../../../agent/cli/errors/cli-error.ts";
import { errorText } from "../../../../agent/cli/errors/error-text.ts";
import { firstContext } from "../../../../agent/cli/run-context.ts";
import type { Lost, Scheduled } from "../../../../agent/cli/schedule/candidates.ts";
import { scheduledAnswer } from "../../../../agent/cli/schedule/create-view.ts";
import { ofHost } from "../../../../agent/cli/schedule/host-failure.ts";
import { ClaimState } from "../../../../proto/gen/vgpud/v1/claim.ts";
import { parsePciAddress } from "../../../../agent/core/ids.ts";
import { CreateDomainResponse } from "../../../../proto/gen/vgpud/v1/domain_service.ts";
import { present } from "../../../e2e/harness/agent-calls.ts";

const CLAIM = "0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e";
const sizes = { lowGmMib: 128, highGmMib: 512, fences: 4 };
const flavor = {
  ...{ name: "m1.gvt", vcpus: 2, memoryMib: 2048 },
  vgpu: { mode: "gvt-g", asked: sizes, sizes, namesHighGm: false },
  traits: { required: [], forbidden: [] },
} as const;
const place = { host: "kvm-1", gpu: present(parsePciAddress("0000:00:02.0")) };
const line = (...words: readonly string[]): string => `vgpuctl schedule ${words.join(" ")}`;

function errorOf(scheduled: Partial<Scheduled> & Pick<Scheduled, "ended">): CliError {
  const answer = scheduledAnswer(
    { lost: [], standing: "held", ...scheduled },
    { claimId: CLAIM, flavor, memberOf: [], patienceMs: 180_000, line },
  );
  return present(answer.error);
}

function failed(reason: string): Scheduled["ended"] {
  return { kind: "failed", place, error: new CliError("conflict", "refused", { reason }) };
}

describe("a create that left a booking", () => {
  it("leads to its domain, to going on, and to its end", () => {
    const { lines, hints } = errorOf({ ended: failed("CALL_TIMEOUT") });
    assert.deepEqual(lines, [
      `  claim ${CLAIM} stays booked on kvm-1 0000:00:02.0: there may be a domain, or will be`,
    ]);
    assert.deepEqual(hints, [
      `to look at it: vgpuctl schedule status ${CLAIM}`,
      `to go on with it: the same line again, with --claim-id ${CLAIM}`,
      `to end it: vgpuctl schedule destroy ${CLAIM}`,
    ]);
  });

  it("leads to what a call before may have booked only where Placement may yet say it", () => {
    const look = `to look at what is booked for it: vgpuctl schedule status ${CLAIM}`;
    for (const [error, hints] of [
      [new CliError("interrupted", "interrupted"), [look]],
      [new CliError("unreachable", "HTTP 503", { kind: "placement" }), [look]],
      [new CliError("failure", "Placement is too old"), []],
      [new CliError("conflict", "the claim is somebody else's"), []],
    ] as const) {
      const told = errorOf({ ended: { kind: "failed", error, place: undefined }, standing: "untouched" });
      assert.deepEqual([told.lines, told.hints], [["  nothing further was booked"], hints], error.message);
    }
  });

  it("leads to the domain that has its name on the host that has it, and to no list of all", () => {
    const metadata = { domain_name: "web-1" };
    const details = {
      reason: "DOMAIN_NAME_EXISTS",
      metadata,
      fields: [],
      retryMs: undefined,
      decision: undefined,
    };
    const call = { code: status.ALREADY_EXISTS, details, outcomeUnknown: false };
    const refused = new CliError("conflict", "a domain named web-1 exists already", {
      reason: details.reason,
      ...{ call, target: ["--address", "kvm-1:7788"] },
    });
    const error = errorOf({
      ended: { kind: "failed", error: refused, place: undefined },
      standing: "released",
    });
    const create = present(commands.find(({ name }) => name === "schedule create"));
    const text = errorText(error, firstContext(["schedule", "create"], create, []));
    assert.deepEqual(
      text.split("\n").filter((each) => each.startsWith("hint: ")),
      [
        "hint: the domain of that name: vgpuctl --address kvm-1:7788 domains web-1",
        "hint: where that is of a claim of vgpuctl schedule's: vgpuctl schedule status web-1",
      ],
    );
  });

  it("leads to what its host is told to be looked at for, too", () => {
    const error = new CliError("failure", "no answer from vgpud within 3s", { hints: ["look there"] });
    const { hints } = errorOf({ ended: { kind: "failed", place, error } });
    assert.deepEqual([hints.length, hints.at(-1)], [4, "look there"]);
  });

  it("does not lead to going on with a claim that has ended, or that is of another request", () => {
    for (const [reason, says] of [
      ["CLAIM_ENDED", /its domain is going$/],
      ["SUPERSEDED", /its domain is going$/],
      ["CLAIM_REUSED", /it has a domain$/],
    ] as const) {
      const { lines, hints } = errorOf({ ended: failed(reason) });
      assert.match(lines[0] ?? "", says);
      assert.ok(!hints.some((hint) => hint.includes("go on")), hints.join("\n"));
      assert.equal(hints.at(-1), "for another domain: the same line without --claim-id");
    }
  });
});

describe("a create that was made", () => {
  it("says who was passed over, and who could not be asked for a domain of the claim, and why", () => {
    const lost: Lost = { place, reason: "GPU_DRAINED", why: "GPU is drained", ending: "conflict", hints: [] };
    const why = "vgpud does not answer";
    const unasked = new Map([["kvm-9", { why, fault: new CliError("unreachable", why) }]]);
    const ended = { kind: "made", place, response: CreateDomainResponse.create(), unasked } as const;
    const { messages } = scheduledAnswer(
      { ended, lost: [lost], standing: "held" },
      { claimId: CLAIM, flavor, memberOf: [], patienceMs: 180_000, line },
    );
    const [passedOver, second, ...others] = messages ?? [];
    assert.equal(passedOver, "warning: passed over kvm-1 0000:00:02.0: GPU is drained [GPU_DRAINED]");
    assert.match(second ?? "", /^warning: whether others have a domain of claim .* kvm-9 \(vgpud does not/);
    assert.deepEqual(others, []);
  });
});

describe("a create that repeats another", () => {
  it("has not made the domain where its claim has failed since, and leads to the domain first: its guest may run", () => {
    const failure = { reason: "DOMAIN_VANISHED", message: "domain web-1 was undefined", metadata: {} };
    const domain = { name: "web-1", claimId: CLAIM, claimState: ClaimState.FAILED, failure };
    const response = CreateDomainResponse.fromPartial({ domain });
    const error = errorOf({ ended: { kind: "made", place, response, unasked: new Map() } });
    assert.equal(error.message, "the claim of web-1 has failed: domain web-1 was undefined");
    assert.deepEqual([error.reason, error.ending], ["DOMAIN_VANISHED", "failure"]);
    assert.deepEqual(
      [error.look, error.hints],
      [
        undefined,
        [
          `to look at it: vgpuctl schedule status ${CLAIM}`,
          `to end it, where it is not wanted any more: vgpuctl schedule destroy ${CLAIM}`,
        ],
      ],
    );
  });
});

describe("a create that many hosts did not take", () => {
  const MORE = "warning: and 3 more were passed over: -o json has all";
  const about = { claimId: CLAIM, flavor, memberOf: [], patienceMs: 180_000, line };
  const lost: Lost[] = Array.from({ length: 23 }, () => ({
    ...{ place, reason: undefined, why: "away", ending: "unreachable", hints: [] },
  }));

  it("names some of them, and counts the others", () => {
    const response = CreateDomainResponse.create();
    const ended = { kind: "made", place, response, unasked: new Map() } as const;
    const { messages = [] } = scheduledAnswer({ ended, lost, standing: "held" }, about);
    assert.equal(messages.length, 21);
    assert.equal(messages.at(-1), MORE);
  });

  it("shows as many in its table where nobody did, or it failed, and has all in a document", () => {
    for (const ended of [{ kind: "no-host", untried: true } as const, failed("CALL_TIMEOUT")]) {
      const { json, text, messages } = scheduledAnswer({ ended, lost, standing: "held" }, about);
      const [table] = text;
      assert.ok(table?.kind === "table");
      assert.deepEqual([table.rows.length, messages], [20, [MORE]]);
      assert.equal((json["candidates"] as readonly unknown[]).length, 23);
      const few = scheduledAnswer({ ended, lost: lost.slice(0, 20), standing: "held" }, about);
      assert.deepEqual(few.messages, []);
    }
  });
});

describe("a create that no host took", () => {
  it("says that time has ended it while there were candidates yet, and how to try more", () => {
    const away = { place, reason: undefined, why: "no", ending: "unreachable", hints: [] } as const;
    const { message, hints } = errorOf({ ended: { kind: "no-host", untried: true }, lost: [away, away] });
    assert.equal(
      message,
      "no host for flavor m1.gvt: none of 2 candidates took it within 3m, and there are more",
    );
    const { message: ofOne } = errorOf({ ended: { kind: "no-host", untried: true }, lost: [away] });
    assert.equal(
      ofOne,
      "no host for flavor m1.gvt: one candidate did not take it within 3m, and there are more",
    );
    assert.match(
      hints.join("\n"),
      /^to try more of them: --timeout with more than 3m; how a host that is down/,
    );
  });

  it("says that time has ended it before any could be asked, and what was given back", () => {
    for (const [standing, back] of [
      ["none", []],
      ["released", ["  what was booked was given back"]],
    ] as const) {
      const ended = { kind: "no-host", untried: true } as const;
      const { message, lines, hints, ending } = errorOf({ ended, standing });
      assert.equal(
        message,
        "no host for flavor m1.gvt: too little of 3m was left to ask a candidate for the domain",
      );
      assert.deepEqual([lines, ending], [back, "unreachable"]);
      assert.match(hints.join("\n"), /^is Placement slow, or a host\? .*: --timeout with more than 3m$/);
    }
  });

  it("ends as those were lost that were tried where Placement could not be asked for more, and says so", () => {
    const fault = new CliError("failure", "GET: 503", { hints: ["mend Placement"] });
    const full = { place, reason: undefined, why: "no", ending: "no-room", hints: [] } as const;
    const ended = { kind: "no-host", untried: true, fault } as const;
    const { message, hints, ending } = errorOf({ ended, lost: [full] });
    assert.equal(
      message,
      "no host for flavor m1.gvt: one candidate did not take it, and further ones could not be asked for: GET: 503",
    );
    const booked = "what is booked, and what of it has no domain: vgpuctl schedule list";
    assert.deepEqual([hints, ending], [["mend Placement", booked], "no-room"]);
  });

  const lost = (ending: Lost["ending"], hints: readonly string[] = [], reason?: string): Lost => ({
    ...{ place, reason, why: "no", ending, hints },
  });
  const of = (...all: readonly Lost[]) => errorOf({ ended: { kind: "no-host", untried: false }, lost: all });

  it("leads to what is booked where there was no room, and to what is to be mended where there was not", () => {
    const booked = "what is booked, and what of it has no domain: vgpuctl schedule list";
    const [full, away] = [lost("no-room"), lost("unreachable", ["mend it"])];
    const [first, second = ""] = of().hints;
    assert.equal(first, booked);
    assert.equal(
      of().message,
      "Placement has no candidate for flavor m1.gvt: no GPU of mode gvt-g has room for 128 MiB low GM, 512 MiB high GM, 4 fences",
    );
    assert.match(second, /up to scheduler\.first_within \(2 min by default\) after its vgpud has started/);
    assert.equal(of(full).message, "no host for flavor m1.gvt: the one candidate did not take it");
    assert.deepEqual(of(full, away).hints, ["mend it", booked]);
    assert.deepEqual(of(away, away).hints, ["mend it"]);
    assert.deepEqual(of(lost("failure", [], "PATH_NOT_ALLOWED")).hints, []);
    const many = ["1", "2", "2", "3", "4"].map((hint) => lost("unreachable", [hint]));
    assert.deepEqual(of(...many).hints, ["1", "2", "3"]);
  });

  it("names the mode, and the traits with it, of which no vgpud has published a GPU", () => {
    const traits = { required: ["CUSTOM_INTEL_VGPU_HYPERVISOR_XEN"], forbidden: [] };
    const missing = {
      ...{ drained: { some: [], more: 0 }, unpublished: [], unknownTraits: [] },
      isUnpublished: true,
    };
    const { error } = scheduledAnswer(
      { lost: [], standing: "none", ended: { kind: "no-host", untried: false } },
      {
        ...{ claimId: CLAIM, memberOf: [], patienceMs: 180_000, line, missing },
        flavor: { ...flavor, vgpu: { mode: "sriov" }, traits },
      },
    );
    const kind = "GPU of mode sriov with CUSTOM_INTEL_VGPU_HYPERVISOR_XEN";
    assert.equal(
      error?.message,
      `Placement has no candidate for flavor m1.gvt: no ${kind} is published there`,
    );
    assert.ok(error.hints.some((hint) => hint.startsWith(`no vgpud has published a ${kind} in Placement: `)));
  });

  it("names the traits that a GPU is to have, and not to have, where none of its mode has room", () => {
    const traits = { required: ["CUSTOM_RACK_7"], forbidden: ["CUSTOM_OLD"] };
    const { error } = scheduledAnswer(
      { lost: [], standing: "none", ended: { kind: "no-host", untried: false } },
      {
        ...{ claimId: CLAIM, memberOf: [], patienceMs: 180_000, line },
        flavor: { ...flavor, vgpu: { mode: "sriov" }, traits },
      },
    );
    assert.match(
      error?.message ?? "",
      /no GPU of mode sriov with CUSTOM_RACK_7 and without CUSTOM_OLD has room$/,
    );
  });

  it("does not lead to root of this machine where hosts do not let a certificate in", () => {
    const create = present(commands.find(({ name }) => name === "schedule create"));
    const context = firstContext(["schedule", "create"], create, []);
    const shown = (error: CliError): string => errorText(error, context);
    const refused = lost("permission", ["agents.tls takes another"]);
    assert.match(shown(of(refused, refused)), /\nhint: agents\.tls takes another\n$/);
    assert.match(shown(of(lost("permission"))), /\nhint: sudo vgpuctl schedule create\n$/);
  });

  it("ends as the one cause does that all were lost for, and for want of room where there were several", () => {
    const path = lost("failure", [], "PATH_NOT_ALLOWED");
    assert.equal(of(path, path).ending, "failure");
    assert.equal(of(lost("permission"), lost("permission")).ending, "permission");
    for (const all of [
      [],
      [lost("no-room")],
      [path, lost("no-room")],
      [path, lost("failure", [], "NETWORK_NOT_ALLOWED")],
    ])
      assert.equal(of(...all).ending, "no-room");
  });
});

describe("what a host failed with", () => {
  const tls: Target = {
    ...{ kind: "tls", host: "192.0.2.17", port: 9470, serverName: "kvm-1" },
    ...{ ca: "/ca.pem", certificate: "/me.pem", key: "/me.key" },
  };
  const said = (error: CliError, target: Target) => ofHost(error, { host: "kvm-1", target, file: "s.yaml" });

  it("is told by its name, and leads to that host", () => {
    const { message, target } = said(new CliError("conflict", "no"), tls);
    assert.equal(message, "kvm-1: no");
    assert.equal(
      target?.join(" "),
      "--address 192.0.2.17:9470 --tls-ca /ca.pem --tls-certificate /me.pem --tls-key /me.key --tls-server-name kvm-1",
    );
    const local = said(new CliError("conflict", "no"), { kind: "socket", path: "/a.sock" });
    assert.deepEqual(local.target, ["--socket", "/a.sock"]);
  });

  it("keeps whatever else is known of it", () => {
    const given = new CliError("permission", "no", {
      reason: "R",
      lines: ["  it has expired"],
      look: ["host"],
    });
    const { ending, reason, lines, look, cause } = said(given, tls);
    assert.deepEqual([ending, reason, lines, look], ["permission", "R", ["  it has expired"], ["host"]]);
    assert.equal(cause, given);
  });

  it("leads to keys of the schedule file, where flags say the same elsewhere", () => {
    const hints = ["--tls-ca takes the CAs", "--tls-server-name takes the name"];
    assert.deepEqual(said(new CliError("unreachable", "no", { hints }), tls).hints, [
      "agents.tls.ca of s.yaml takes the CAs",
      "agents.tls.server_name of s.yaml takes the name; or agents.addresses names another host's address",
    ]);
  });

  it("leads to that host where nobody serves its socket there, and to no vgpud of one's own", () => {
    for (const errno of ["ENOENT", "ECONNREFUSED"]) {
      const error = refusedSocket("/a.sock", Object.assign(new Error(errno), { code: errno }));
      const [start, noMore, ...others] = said(error, { kind: "socket", path: "/a.sock" }).hints;
      assert.match(start ?? "", /^start vgpud on kvm-1; where it runs, agents of s\.yaml takes the address /);
      assert.match(noMore ?? "", /^a host that is no more: .* docs\/placement\.md /);
      assert.deepEqual(others, []);
    }
  });

  it("leads to its vgpud there where it takes the call and does not answer", () => {
    const details = { reason: undefined, metadata: {}, fields: [], retryMs: undefined, decision: undefined };
    const call = { code: status.DEADLINE_EXCEEDED, details, outcomeUnknown: true };
    const [hint] = said(new CliError("failure", "no answer from vgpud within 10s", { call }), tls).hints;
    assert.match(hint ?? "", /its vgpud is stuck; on that host: systemctl status vgpud\.service, journalctl/);
  });

  it("leads to the address where the host that is booked knows of no booking", () => {
    const error = new CliError("failure", "no", { reason: "CLAIM_NOT_BOOKED" });
    assert.deepEqual(said(error, tls).hints, [
      "is what answers there another host than kvm-1, which is booked? agents of s.yaml says its address",
    ]);
  });

  it("leads to another certificate where a role is not enough, and not where there is none", () => {
    const details = { reason: "SOCKET_READ_ONLY", metadata: {}, fields: [], retryMs: undefined };
    const call = { code: status.PERMISSION_DENIED, details: { ...details, decision: undefined } };
    const error = new CliError("permission", "no", { call: { ...call, outcomeUnknown: false } });
    const [hint] = said(error, tls).hints;
    assert.match(
      hint ?? "",
      /^agents\.tls of s\.yaml takes the certificate and key of a client whose role is admin/,
    );
    assert.deepEqual(said(error, { kind: "socket", path: "/a.sock" }).hints, []);
  });
});
