// Errors: a closed list of reasons, each of a kind, with the cause kept.
import assert from "node:assert/strict";
import { AgentError, messageOf } from "../../../agent/core/errors.ts";
import { reasons, type ErrorKind } from "../../../agent/core/reasons.ts";

describe("an error", () => {
  it("has the kind of its reason", () => {
    assert.equal(new AgentError("APERTURE_EXHAUSTED", "no").kind, "no-room");
    assert.equal(new AgentError("LIBVIRT_TIMEOUT", "no").kind, "unavailable");
  });

  it("says no room for lack of room and for nothing else", () => {
    const noRoom = Object.entries(reasons).filter(([, kind]: [string, ErrorKind]) => kind === "no-room");
    for (const [reason] of noRoom) assert.match(reason, /EXHAUSTED$|_LIMIT_REACHED$|FRAGMENTED$|_NO_ROOM$/);
  });

  it("names its reasons as constants of the wire", () => {
    for (const reason of Object.keys(reasons)) assert.match(reason, /^[A-Z][A-Z0-9_]{1,61}[A-Z0-9]$/);
  });

  it("keeps its reason when it is caught and wrapped on the way", () => {
    const error = new AgentError("KERNEL_REFUSED", "no");
    assert.equal(AgentError.from(error, "INTERNAL"), error);
  });

  it("of somebody else becomes ours with its text and itself as the cause", () => {
    const cause = new TypeError("x is undefined");
    const error = AgentError.from(cause);
    assert.deepEqual([error.reason, error.message, error.cause], ["INTERNAL", "x is undefined", cause]);
    assert.equal(AgentError.from("text", "LIBVIRT_UNAVAILABLE").message, "text");
  });

  it("has no cause when none is given", () => {
    assert.ok(!("cause" in new AgentError("INTERNAL", "no")));
  });

  it("tells what anything thrown says, and leaves causes to the stack", () => {
    const cause = new Error("cannot open: EIO");
    assert.equal(messageOf(new Error("cannot write: EIO", { cause })), "cannot write: EIO");
    assert.equal(messageOf("a text"), "a text");
  });
});
