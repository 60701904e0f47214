// Errors under -o json: one document on stderr, whatever went wrong.
import { status } from "@grpc/grpc-js";
import assert from "node:assert/strict";
import { CREATE, SIZED } from "./create-line.ts";
import { fakeVgpud } from "./fake-vgpud.ts";
import type { Refusal } from "./fake-refusal.ts";
import { refusedDecision } from "./facts.ts";
import { matchesGolden, vgpuctl } from "./vgpuctl.ts";

const AS_JSON = ["-o", "json"];

const refusals: Readonly<Record<string, Refusal>> = {
  field: {
    code: status.INVALID_ARGUMENT,
    message: "domain.vcpus must be 1 to 256, is 0",
    reason: "FIELD_INVALID",
    field: "domain.vcpus",
    about: { field: "domain.vcpus" },
  },
  placement: {
    code: status.RESOURCE_EXHAUSTED,
    message: "no room",
    reason: "APERTURE_EXHAUSTED",
    decision: refusedDecision,
  },
  retry: { code: status.UNAVAILABLE, message: "gone", reason: "LIBVIRT_UNAVAILABLE", retrySeconds: 2 },
  transport: { code: status.RESOURCE_EXHAUSTED, message: "too large" },
};

describe("an error under -o json", () => {
  for (const [name, refusal] of Object.entries(refusals))
    it(`is one document for a refusal (${name})`, async () => {
      await using vgpud = await fakeVgpud();
      vgpud.refuse(refusal);
      const ran = await vgpuctl(vgpud.socketPath, [...CREATE, ...AS_JSON]);
      assert.notEqual(ran.exitCode, 0);
      assert.deepEqual([ran.stdout, ran.notes], ["", []]);
      await matchesGolden(`error-${name}.json`, ran.stderr.replaceAll(vgpud.socketPath, "/vgpud.sock"));
    });

  it("is one document for a wrong command line, also when the format comes before the mistake", async () => {
    for (const [argv, message] of [
      [[...SIZED, ...AS_JSON], "there is nothing to boot: give --disk or --kernel"],
      [["-ojson", "gpu"], "there is no command 'gpu'"],
      [["gpus", "--output=json", "--frob"], "there is no flag '--frob' here"],
    ] as const) {
      const ran = await vgpuctl("/nonexistent/vgpud.sock", argv);
      assert.equal(ran.exitCode, 2);
      const { error, ...rest } = JSON.parse(ran.stderr) as { error: Record<string, unknown> };
      const { hints, ...told } = error;
      assert.equal((hints as readonly string[]).length, 1);
      assert.deepEqual(
        { ...rest, error: told },
        {
          schema_version: 1,
          error: {
            details: [],
            message,
            reason: null,
            grpc_code: null,
            field: null,
            metadata: {},
            retry_after_seconds: null,
          },
        },
      );
    }
  });

  it("comes beside the answer when a change is held up", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.hold();
    const ran = await vgpuctl(vgpud.socketPath, ["destroy", "web-1", ...AS_JSON]);
    assert.equal(ran.exitCode, 7);
    assert.match(ran.stdout, /"CLAIM_STATE_DELETING"/);
    await matchesGolden("error-held.json", ran.stderr.replaceAll(vgpud.socketPath, "/vgpud.sock"));
  });

  it("tells the claim id of a create that nobody knows the end of", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.hang();
    const ran = await vgpuctl(vgpud.socketPath, [...CREATE, ...AS_JSON, "--timeout", "200ms"]);
    await matchesGolden("error-deadline.json", ran.stderr.replaceAll(vgpud.socketPath, "/vgpud.sock"));
  });

  it("leaves stderr empty when all went well", async () => {
    await using vgpud = await fakeVgpud();
    const ran = await vgpuctl(vgpud.socketPath, [...CREATE, ...AS_JSON]);
    assert.deepEqual([ran.exitCode, ran.stderr, ran.notes], [0, "", []]);
    assert.match(ran.stdout, /"warnings": \[\n +"high GM/);
  });
});
