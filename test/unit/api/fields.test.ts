import assert from "node:assert/strict";
import { formed, inRange, printable, refuseUnserved } from "../../../agent/api/validate/fields.ts";
import { parseVgpuRequest } from "../../../agent/api/validate/vgpu-request.ts";
import { AgentError } from "../../../agent/core/errors.ts";
import { VgpuRequest } from "../../../proto/gen/vgpud/v1/placement.ts";

function refusal(check: () => unknown): [reason: string, field: string | undefined] {
  try {
    check();
  } catch (error) {
    if (error instanceof AgentError) return [error.reason, error.field];
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("a checked field", () => {
  const form = { pattern: /^[a-z]+$/, maxBytes: 4, described: "letters" };

  it("is required, formed and short, in bytes", () => {
    assert.equal(formed("a.b", "abcd", form), "abcd");
    assert.deepEqual(
      refusal(() => formed("a.b", "", form)),
      ["FIELD_REQUIRED", "a.b"],
    );
    for (const wrong of ["abcde", "a\n", "ä"])
      assert.deepEqual(
        refusal(() => formed("a.b", wrong, form)),
        ["FIELD_INVALID", "a.b"],
      );
  });

  it("is a whole number within its range", () => {
    const range = { min: 1, max: 3 };
    assert.equal(inRange("n", 3, range), 3);
    for (const wrong of [0, 4, 1.5, NaN, Infinity])
      assert.deepEqual(
        refusal(() => inRange("n", wrong, range)),
        ["FIELD_INVALID", "n"],
      );
  });

  it("is told again short and without control characters", () => {
    assert.equal(printable("a\n\u001b[2J"), String.raw`"a\n\u001b[2J"`);
    assert.ok(printable("x".repeat(10_000)).length < 100);
  });

  it("that is not served is refused when it is set, and only then", () => {
    const unset: { kept: string; extra: number; listOf: number[] } = { kept: "", extra: 0, listOf: [] };
    const served = { unset, fields: ["kept"], path: "m" } as const;
    refuseUnserved({ kept: "x", extra: 0, listOf: [] }, served);
    assert.deepEqual(
      refusal(() => {
        refuseUnserved({ kept: "x", extra: 0, listOf: [1] }, served);
      }),
      ["FIELD_NOT_SERVED", "m.list_of"],
    );
  });
});

describe("a vGPU request as it came over the wire", () => {
  it("packs by default and takes a GPU's address in either case", () => {
    const wire = VgpuRequest.fromPartial({ want: { $case: "type", value: "t" }, gpu: "0000:0A:02.0" });
    assert.deepEqual(parseVgpuRequest(wire, "vgpu"), {
      size: { by: "type", type: "t" },
      gpu: "0000:0a:02.0",
      policy: "pack",
    });
  });

  it("is told the modes there are where it names none", () => {
    const wire = VgpuRequest.fromPartial({
      want: { $case: "needs", value: { anyOf: [{ minLowGmMib: 64 }] } },
    });
    assert.throws(() => parseVgpuRequest(wire, "vgpu"), {
      field: "vgpu.needs.any_of[0].mode",
      message: /: gvt-g, gvt-d, gvt-s, sriov$/,
    });
  });
});
