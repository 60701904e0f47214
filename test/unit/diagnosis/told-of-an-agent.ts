// What one check says of a host of which nothing but an agent's accounts is known, in every language.
import assert from "node:assert/strict";
import { languages } from "../../../agent/core/language.ts";
import type { Check, HostSubject } from "../../../agent/diagnosis/condition.ts";
import { diagnose } from "../../../agent/diagnosis/diagnose.ts";
import { messageOf, remedyOf } from "../../../agent/diagnosis/words.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import { present } from "../../e2e/harness/agent-calls.ts";

/** `found`: the status and the text by its name. Fails for a text with a gap, and for a failure without a remedy. */
export async function toldOfAnAgent(check: Check, accounts: Partial<HostSubject>) {
  const host: HostSubject = {
    ...{ hypervisor: "kvm", kernel: { major: 6, minor: 1 }, kernelRelease: "6.1.0", gpus: [] },
    ...{ libvirt: { asked: false, why: "a test" }, kernelLog: [] },
    ...{ hostd: undefined, rooms: undefined, settings: undefined },
    ...accounts,
  };
  const { conditions } = await diagnose(new RootedFiles("/nowhere"), host, [check]);
  const condition = present(conditions[0]);
  const { status, says } = condition.finding;
  for (const language of languages) {
    const [message, remedy] = [messageOf(condition, language), remedyOf(condition, language)];
    assert.doesNotMatch(message + remedy, /\{\w*\}/);
    assert.equal(remedy !== "", status === "fail", message);
  }
  const text = { message: messageOf(condition, "en"), remedy: remedyOf(condition, "en") };
  return { found: `${status} ${says}`, ...text, condition };
}
