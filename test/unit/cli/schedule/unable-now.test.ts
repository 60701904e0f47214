// Candidates that can do nothing now, though they answer: how a create ends that no other takes.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { CliError } from "../../../../agent/cli/errors/cli-error.ts";
import { scheduledAnswer } from "../../../../agent/cli/schedule/create-view.ts";
import { present } from "../../../e2e/harness/agent-calls.ts";
import { CLAIM, flavor, full, Hosts, PATIENCE_MS, refusal, type Refuses } from "./hosts.ts";

const DOCTOR = /vgpuctl doctor there$/;

const unable =
  (reason: string): (() => Refuses) =>
  () =>
    refusal(status.UNAVAILABLE, reason);
const down = (): Refuses => new CliError("unreachable", "vgpud does not answer");

async function errorOf(refuse: Readonly<Record<string, () => Refuses>>): Promise<CliError> {
  const scheduled = await new Hosts(refuse).schedule();
  assert.deepEqual([scheduled.ended.kind, scheduled.standing], ["no-host", "released"]);
  const line = (...words: readonly string[]): string => `vgpuctl schedule ${words.join(" ")}`;
  const about = { claimId: CLAIM, flavor, memberOf: [], patienceMs: PATIENCE_MS, line };
  return present(scheduledAnswer(scheduled, about).error);
}

describe("a create whose candidates can do nothing now", () => {
  it("ends as where no host answers, whatever it is on each, and leads to what to look at, and to no room", async () => {
    for (const reason of ["LIBVIRT_UNAVAILABLE", "HOSTD_UNAVAILABLE", "LEDGER_UNAVAILABLE"])
      for (const other of [unable(reason), unable("LIBVIRT_TIMEOUT"), unable("KERNEL_TIMEOUT"), down]) {
        const { ending, hints } = await errorOf({ a: unable(reason), b: other });
        assert.equal(ending, "unreachable");
        assert.equal(hints.length, 1);
        assert.match(hints[0] ?? "", DOCTOR);
      }
  });

  it("ends so where each vgpud starts, as after a power cut, or goes down, and leads to the same line", async () => {
    const { ending, hints } = await errorOf({ a: unable("STARTING"), b: unable("STOPPING") });
    assert.deepEqual([ending, hints.length], ["unreachable", 1]);
    assert.match(hints[0] ?? "", /: the same line again soon; .*vgpuctl doctor there$/);
  });

  it("ends for want of room where one of them has none", async () => {
    const { ending } = await errorOf({ a: unable("LIBVIRT_UNAVAILABLE"), b: full });
    assert.equal(ending, "no-room");
  });
});
