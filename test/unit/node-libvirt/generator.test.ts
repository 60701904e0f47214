import assert from "node:assert/strict";

import { writeModule } from "../../../agent/node-libvirt/tools/codec-writer.ts";
import { type Protocol, parseProtocol } from "../../../agent/node-libvirt/tools/protocol-parser.ts";

const DESCRIPTION = `
%#include "internal.h"
const VIR_NET_MESSAGE_MAX = 0x2000000; /* a comment; with a semicolon */
const REMOTE_PROGRAM = 0x20008086;
const REMOTE_PROTOCOL_VERSION = 1;
const NAME_MAX = 8;
typedef string remote_nonnull_string<NAME_MAX>;
typedef remote_nonnull_string *remote_string;
struct virNetMessageError { int code; remote_string message; };
enum remote_kind { KIND_A = 0, KIND_B = 1 };
union remote_value switch (int type) { case 1: unsigned int ui; case 2: remote_nonnull_string s; };
struct remote_nonnull_thing { opaque id[16]; remote_kind kind; unsigned hyper size; char model[2]; };
struct remote_get_thing_args { remote_string name; };
struct remote_get_thing_ret { remote_nonnull_thing things<4>; remote_value value; };
struct remote_thing_changed_msg { int callbackID; };
struct remote_unwanted_args { int x; };
enum remote_procedure { REMOTE_PROC_GET_THING = 7, REMOTE_PROC_THING_CHANGED = 8, REMOTE_PROC_UNWANTED = 9 };
`;

const parse = (text: string): Protocol => {
  const protocol: Protocol = { constants: new Map(), types: new Map() };
  parseProtocol(text, protocol);
  return protocol;
};

describe("the generator", () => {
  const text = writeModule(parse(DESCRIPTION), ["get_thing", "thing_changed"]);

  for (const [title, line] of [
    ["an optional string becomes nullable", "  readonly name: string | null;"],
    ["bounds go along", "    e.optional(v.name, (x) => { e.string(x, 8); });"],
    ["a vector becomes a readonly array", "  readonly things: readonly Thing[];"],
    ["64 bits become bigint", "  readonly size: bigint;"],
    ["an enumeration travels as an integer", "    kind: d.int(),"],
    ["a fixed opaque keeps its length", "    id: d.fixedOpaque(16),"],
    ["characters travel as integers", "    model: d.array(2, () => d.int()),"],
    ["a union becomes a discriminated union", "  | { readonly type: 2; readonly value: string };"],
    ["a call without a reply returns nothing", "  getThing: { args: GetThingArgs; ret: GetThingRet };"],
    ["hexadecimal constants are read", "export const MESSAGE_MAX = 33554432;"],
  ] as const) {
    it(`writes what the protocol means: ${title}`, () => {
      assert.ok(text.split("\n").includes(line), text);
    });
  }

  it("puts events into a table of their own, and leaves out what is not wanted", () => {
    assert.match(text, /thingChanged: \{ number: 8, name: "thing_changed", message: thingChangedMsgCodec \}/);
    assert.doesNotMatch(text, /unwanted/i);
  });

  it("refuses procedures, types and constants that the description does not have", () => {
    assert.throws(() => writeModule(parse(DESCRIPTION), ["no_such"]), /has no REMOTE_PROC_NO_SUCH/);
    assert.throws(() => parse("struct a { string x<UNKNOWN>; };"), /unknown constant 'UNKNOWN' near/);
    const dangling = DESCRIPTION.replace("remote_kind kind", "remote_lost kind");
    assert.throws(() => writeModule(parse(dangling), ["get_thing"]), /has no type remote_lost/);
  });

  it("says where a description is broken", () => {
    assert.throws(() => parse("const A 1;"), /expected '=' near/);
    assert.throws(() => parse("struct a { int x; "), /ends early/);
    assert.throws(() => parse("program x;"), /unexpected 'program'/);
  });
});
