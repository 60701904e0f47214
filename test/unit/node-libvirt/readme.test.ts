import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { LibvirtError } from "../../../agent/node-libvirt/errors.ts";
import { EventBroadcast } from "../../../agent/node-libvirt/server-events.ts";
import { servedDaemon } from "../../fakes/libvirt-daemon.ts";
import { startGuest } from "./readme-example.ts";

const text = (path: string): string => readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");

const guest = { name: "guest", uuid: "9d9eda29-a627-4221-9c09-a24423a9c4d6", id: undefined };
const dom = {
  name: "guest",
  uuid: Uint8Array.from(Buffer.from(guest.uuid.replaceAll("-", ""), "hex")),
  id: -1,
};

describe("the README of node-libvirt", () => {
  it("shows the example that is tested here", () => {
    const source = text("test/unit/node-libvirt/readme-example.ts");
    const [, body = ""] = /\/\/ README begin\n([\s\S]*?) *\/\/ README end/.exec(source) ?? [];
    const example = body.replaceAll(/^ {2}/gm, "").trim();
    assert.ok(example.length > 0);
    assert.ok(text("agent/node-libvirt/README.md").includes(example));
  });

  it("shows an example that starts a guest and hears of it", async () => {
    const broadcast = new EventBroadcast();
    await using daemon = await servedDaemon({
      ...broadcast.handlers,
      domainLookupByName: () => ({ dom }),
      domainCreateWithFlags: () => {
        broadcast.domainLifecycle(guest, "started");
        return { dom: { ...dom, id: 1 } };
      },
    });
    const log: string[] = [];
    await startGuest(daemon.socket, (line) => log.push(line));
    assert.deepEqual(log, ["guest started", "lost: closed-by-us"]);
  });

  it("shows an example that tells libvirt's refusal", async () => {
    await using daemon = await servedDaemon({
      ...new EventBroadcast().handlers,
      domainLookupByName: () => ({ dom }),
      domainCreateWithFlags: () => {
        throw new LibvirtError({ code: 55, domain: 10, level: 2, message: "domain is already running" });
      },
    });
    const log: string[] = [];
    await startGuest(daemon.socket, (line) => log.push(line));
    assert.equal(log[0], "libvirt says 55: domain is already running");
  });
});
