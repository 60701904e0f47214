import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { toStatus } from "../../../agent/api/status.ts";
import { NotPlacedError } from "../../../agent/capacity/place.ts";
import { AgentError } from "../../../agent/core/errors.ts";
import { reasons, type Reason } from "../../../agent/core/reasons.ts";
import { BadRequest, ErrorInfo } from "../../../proto/gen/google/rpc/error_details.ts";
import { Status } from "../../../proto/gen/google/rpc/status.ts";

function detailsOf(error: unknown): Status {
  const [packed] = toStatus(error).metadata.get("grpc-status-details-bin");
  assert.ok(packed instanceof Buffer);
  return Status.decode(packed);
}

const namesOf = ({ details }: Status): (string | undefined)[] =>
  details.map(({ typeUrl }) => typeUrl.split(".").at(-1));

describe("the status of an error", () => {
  it("has one code and exactly one ErrorInfo for every reason", () => {
    const names = Object.entries(reasons).map(([reason]) => reason as Reason);
    for (const reason of names) {
      const error = new AgentError(reason, "why");
      const { code, details } = detailsOf(error);
      assert.equal(code, toStatus(error).code);
      assert.equal(details.filter(({ typeUrl }) => typeUrl.endsWith("google.rpc.ErrorInfo")).length, 1);
      assert.equal(namesOf(detailsOf(error)).includes("RetryInfo"), reasons[reason] === "unavailable");
    }
  });

  it("names the field and the values, as text", () => {
    const error = new AgentError("FIELD_INVALID", "why", { field: "domain.name", details: { n: 7, s: "x" } });
    const [info, bad] = detailsOf(error).details.map(({ value }) => value);
    assert.ok(info && bad);
    assert.deepEqual(ErrorInfo.decode(info), {
      reason: "FIELD_INVALID",
      domain: "vgpud",
      metadata: { n: "7", s: "x" },
    });
    assert.equal(BadRequest.decode(bad).fieldViolations[0]?.field, "domain.name");
  });

  it("explains a placement that failed", () => {
    const decision = { ok: false, reason: "FENCES_EXHAUSTED", why: "full", candidates: [] } as const;
    const error = new NotPlacedError(decision);
    assert.equal(toStatus(error).code, status.RESOURCE_EXHAUSTED);
    assert.deepEqual(namesOf(detailsOf(error)), ["ErrorInfo", "PlacementDecision"]);
  });

  it("is INTERNAL for what nobody foresaw, whatever was thrown", () => {
    for (const thrown of [new TypeError("x is not a function"), "text", undefined]) {
      assert.equal(toStatus(thrown).code, status.INTERNAL);
      assert.deepEqual(namesOf(detailsOf(thrown)), ["ErrorInfo"]);
    }
  });
});
