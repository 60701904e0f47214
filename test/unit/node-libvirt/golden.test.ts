// Bytes of a real daemon, recorded by test/contract/capture-golden.ts: what we read is what it meant, byte for byte.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { fromWire } from "../../../agent/node-libvirt/domain-ref.ts";
import { LibvirtError } from "../../../agent/node-libvirt/errors.ts";
import { type MessageHeader, decodeHeader, encodeMessage } from "../../../agent/node-libvirt/message.ts";
import { errorCodec, procedures, remoteEvents } from "../../../agent/node-libvirt/remote.gen.ts";
import { fromTypedParams } from "../../../agent/node-libvirt/typed-params.ts";
import { type Codec, XdrDecoder } from "../../../agent/node-libvirt/xdr.ts";

const file = new URL("../../../../test/golden/node-libvirt/libvirtd-9.0.0.json", import.meta.url);
const golden: unknown = JSON.parse(readFileSync(file, "utf8"));
assert.ok(isGolden(golden));
const samples = new Map(Object.entries(golden.samples).map(([key, hex]) => [key, Buffer.from(hex, "hex")]));

function isGolden(value: unknown): value is { readonly samples: Readonly<Record<string, string>> } {
  return typeof value === "object" && value !== null && "samples" in value;
}

const byName = new Map<string, readonly [string, Codec<unknown>][]>([
  ...Object.values(procedures).map(({ name, args, ret }): [string, [string, Codec<unknown>][]] => [
    name,
    [
      ["call", args],
      ["reply", ret],
      ["error", errorCodec],
    ],
  ]),
  ...Object.values(remoteEvents).map(({ name, message }): [string, [string, Codec<unknown>][]] => [
    name,
    [["event", message]],
  ]),
]);

function codecOf(key: string): Codec<unknown> {
  const [name = "", kind] = key.split(" ");
  const found = byName.get(name)?.find(([direction]) => direction === kind);
  assert.ok(found, `no codec for the sample '${key}'`);
  return found[1];
}

function read<T>(key: string, codec: Codec<T>): { readonly header: MessageHeader; readonly value: T } {
  const sample = samples.get(key);
  assert.ok(sample, `no sample '${key}'`);
  const decoder = new XdrDecoder(sample);
  const header = decodeHeader(decoder);
  const value = codec.decode(decoder);
  decoder.end();
  return { header, value };
}

describe("bytes of a real libvirtd 9.0.0", () => {
  for (const [key, bytes] of samples) {
    it(`are read, and written again the same: ${key}`, () => {
      const codec = codecOf(key);
      const { header, value } = read(key, codec);
      const again = encodeMessage(header, (encoder) => {
        codec.encode(encoder, value);
      });
      assert.equal(again.subarray(4).toString("hex"), bytes.toString("hex"));
    });
  }

  it("mean a guest that was started", () => {
    const { dom } = read("domain_create_with_flags reply", procedures.domainCreateWithFlags.ret).value;
    assert.deepEqual(fromWire(dom), { name: "guest", uuid: "3f0b5c1e-7d3a-4f6f-9a53-0f6a7b6f3c21", id: 1 });
    const { value } = read("domain_get_state reply", procedures.domainGetState.ret);
    assert.deepEqual(value, { state: 1, reason: 1 });
  });

  it("mean an error with all its parts", () => {
    const { value } = read("domain_lookup_by_uuid error", errorCodec);
    const error = LibvirtError.fromWire(value, "domain_lookup_by_uuid");
    assert.deepEqual([error.code, error.domain, error.level], [42, 10, 2]);
    assert.match(error.message, /^Domain not found/);
    assert.equal(error.str1, "Domain not found: %s");
  });

  it("mean figures whose 64 bits are kept", () => {
    const { value } = read("connect_get_all_domain_stats reply", procedures.connectGetAllDomainStats.ret);
    const params = fromTypedParams(value.retStats[0]?.params ?? []);
    assert.equal(params.get("state.state"), 1);
    assert.equal(typeof params.get("cpu.time"), "bigint");
    assert.equal(params.get("balloon.maximum"), 32_768n);
  });

  it("mean a device that was added and one that was removed", () => {
    const added = read(
      "domain_event_callback_device_added event",
      remoteEvents.domainEventCallbackDeviceAdded.message,
    );
    assert.equal(added.value.devAlias, "ua-tablet");
    const removed = read(
      "domain_event_callback_device_removed event",
      remoteEvents.domainEventCallbackDeviceRemoved.message,
    );
    assert.equal(removed.value.msg.devAlias, "ua-tablet");
  });

  it("cover what the wrappers call", () => {
    const called = [
      "authList",
      "connectOpen",
      "connectListAllDomains",
      "domainDefineXmlFlags",
      "domainSetMetadata",
    ] as const;
    for (const name of called) assert.ok(samples.has(`${procedures[name].name} reply`), name);
    assert.ok(samples.size >= 80, `${samples.size} samples`);
  });
});
