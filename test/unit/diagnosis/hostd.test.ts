// What is said of vgpud-hostd, by what the agent has found of it.
import assert from "node:assert/strict";
import { hostdUnavailable } from "../../../agent/diagnosis/checks/hostd.ts";
import type { HostSubject } from "../../../agent/diagnosis/condition.ts";
import { diagnose } from "../../../agent/diagnosis/diagnose.ts";
import { messageOf, remedyOf } from "../../../agent/diagnosis/words.ts";
import { languages } from "../../../agent/core/language.ts";
import { RootedFiles } from "../../../agent/host/files.ts";

const socket = "/run/vgpud/hostd.sock";
const away = { kind: "away", socket, why: "connect ECONNREFUSED" } as const;

async function told(hostd: HostSubject["hostd"]): Promise<unknown> {
  const host: HostSubject = {
    ...{ hypervisor: "kvm", kernel: { major: 6, minor: 1 }, kernelRelease: "6.1.0", gpus: [] },
    ...{
      libvirt: { asked: false, why: "a test" },
      kernelLog: [],
      hostd,
      rooms: undefined,
      settings: undefined,
    },
  };
  const { conditions } = await diagnose(new RootedFiles("/nowhere"), host, [hostdUnavailable]);
  return conditions.map((condition) => {
    const said = languages.map((each) => [messageOf(condition, each), remedyOf(condition, each)]);
    assert.ok(said.flat().every((text) => !/\{\w*\}/.test(text)));
    return [condition.finding.status, condition.evidence[0]?.value, said[0]?.[1] !== ""];
  });
}

describe("the condition of vgpud-hostd", () => {
  it("fails where it is away, with what was met and what to do", async () => {
    assert.deepEqual(await told(away), [["fail", "connect ECONNREFUSED", true]]);
  });

  it("passes where it answers, or its socket waits for the first question", async () => {
    assert.deepEqual(await told({ kind: "answers", socket }), [["pass", "answers", false]]);
    assert.deepEqual(await told({ kind: "waits", socket }), [["pass", "waits", false]]);
  });

  it("says nothing where there is nothing to ask it for, or no agent that may", async () => {
    assert.deepEqual(await told({ kind: "not-needed" }), [["not-applicable", undefined, false]]);
    assert.deepEqual(await told(undefined), [["not-applicable", undefined, false]]);
  });
});
