// Trailers have a size that every client takes: long values must not make an error into another.
import assert from "node:assert/strict";
import { toStatus } from "../../../agent/api/status.ts";
import { AgentError } from "../../../agent/core/errors.ts";

/** gRPC's core refuses trailers above this size with a status of its own. */
const CORE_LIMIT_BYTES = 16_384;

function trailerBytes(error: AgentError): number {
  const { details, metadata } = toStatus(error);
  const [body] = metadata.get("grpc-status-details-bin");
  assert.ok(Buffer.isBuffer(body));
  return encodeURIComponent(details).length + body.toString("base64").length;
}

describe("an error's status", () => {
  it("fits into the trailers that every client takes, however long the names in it", () => {
    for (const letter of ["a", "ü", "€"]) {
      const path = `/${letter.repeat(4_000)}`;
      const error = new AgentError("PATH_NOT_ALLOWED", `${path} cannot be resolved: no such file, ${path}`, {
        details: { path },
        field: "domain.disks[0].path",
      });
      assert.ok(trailerBytes(error) < CORE_LIMIT_BYTES, `${trailerBytes(error)} bytes`);
    }
  });

  it("is whole where it is short", () => {
    const error = new AgentError("GPU_NOT_FOUND", "this host has no Intel GPU 0000:00:03.0");
    assert.equal(toStatus(error).details, error.message);
  });
});
