import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { LibvirtEvent } from "../../../agent/node-libvirt/events.ts";
import { Libvirt } from "../../../agent/node-libvirt/libvirt.ts";
import { Link, type LinkOptions, type LinkState } from "../../../agent/node-libvirt/link.ts";
import { EventBroadcast } from "../../../agent/node-libvirt/server-events.ts";
import { type Handlers, LibvirtServer } from "../../../agent/node-libvirt/server.ts";

const vm = { name: "vm", uuid: "9d9eda29-a627-4221-9c09-a24423a9c4d6", id: 1 };

/** Collects what it is given; `until` waits for something that fits. */
class Seen<T> {
  readonly all: T[] = [];
  #wake: () => void = () => undefined;

  readonly add = (item: T): void => {
    this.all.push(item);
    this.#wake();
  };

  async until(fits: (items: readonly T[]) => boolean): Promise<void> {
    while (!fits(this.all)) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

interface Running extends AsyncDisposable {
  readonly link: Link;
  readonly path: string;
  readonly states: Seen<LinkState>;
  readonly events: Seen<LibvirtEvent>;
  readonly slept: number[];
}

async function running(options: Partial<LinkOptions> = {}): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), "lv-"));
  const states = new Seen<LinkState>();
  const events = new Seen<LibvirtEvent>();
  const slept: number[] = [];
  const link = new Link({
    socket: { driver: "qemu", directory: folder },
    uri: "qemu:///system",
    events: ["domain-lifecycle"],
    onEvent: events.add,
    onState: states.add,
    random: () => 0.5,
    keepAlive: false,
    sleep: async (ms) => {
      slept.push(ms);
      await new Promise((resolve) => setImmediate(resolve));
    },
    ...options,
  });
  const stop = new AbortController();
  const ended = link.run(stop.signal);
  return {
    link,
    path: join(folder, "libvirt-sock"),
    states,
    events,
    slept,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

async function serve(path: string, handlers: Handlers): Promise<LibvirtServer> {
  const server = new LibvirtServer({ handlers });
  await server.listen(path);
  return server;
}

const up = (states: readonly LinkState[]): boolean => states.at(-1)?.state === "up";
const down = (states: readonly LinkState[]): boolean => states.at(-1)?.state === "down";

describe("a link to a daemon", () => {
  it("comes up when the daemon appears, and waits longer from attempt to attempt until then", async () => {
    await using run = await running({ backoff: { firstMs: 100, maxMs: 1000 } });
    await run.states.until((states) => states.length >= 6);
    assert.deepEqual(run.slept.slice(0, 6), [75, 150, 300, 600, 750, 750]);
    const server = await serve(run.path, new EventBroadcast().handlers);
    await run.states.until(up);
    await server.close();
  });

  it("spreads its pauses over the upper half of each step", async () => {
    for (const [random, expected] of [
      [0, 50],
      [0.999, 100],
    ] as const) {
      await using run = await running({ random: () => random, backoff: { firstMs: 100, maxMs: 1000 } });
      await run.states.until((states) => states.length >= 1);
      assert.equal(run.slept[0], expected);
    }
  });

  it("rejects a call at once while it is down, and says that it was not sent and why", async () => {
    await using run = await running();
    await run.states.until(down);
    await assert.rejects(new Libvirt(run.link).listDomains(), (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.match(
        error.message,
        /connect_list_all_domains: no connection to libvirt, no libvirt socket at .*virtqemud/,
      );
      assert.equal(Reflect.get(error, "outcome"), "not-sent");
      return true;
    });
  });

  it("has registered events before it says that it is up, again after each loss", async () => {
    await using run = await running();
    for (let round = 1; round <= 3; round += 1) {
      const broadcast = new EventBroadcast();
      const server = await serve(run.path, broadcast.handlers);
      await run.states.until(up);
      broadcast.domainLifecycle(vm, "started");
      await run.events.until((events) => events.length === round);
      await server.close();
      await run.states.until(down);
    }
    assert.deepEqual(run.events.all[2], {
      kind: "domain-lifecycle",
      domain: vm,
      change: "started",
      detail: 0,
    });
  });

  it("says which kinds of events the driver does not have, and comes up nevertheless", async () => {
    await using run = await running({ events: ["domain-lifecycle", "node-device-lifecycle"] });
    const { connectDomainEventCallbackRegisterAny } = new EventBroadcast().handlers;
    assert.ok(connectDomainEventCallbackRegisterAny);
    const server = await serve(run.path, { connectDomainEventCallbackRegisterAny });
    await run.states.until(up);
    assert.deepEqual(run.states.all.at(-1), { state: "up", unsupported: ["node-device-lifecycle"] });
    await server.close();
  });

  it("answers a read while four slow calls are at work", async () => {
    await using run = await running();
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const server = await serve(run.path, {
      ...new EventBroadcast().handlers,
      domainCreateWithFlags: async ({ dom }) => {
        await released;
        return { dom };
      },
      connectGetType: () => ({ type: "QEMU" }),
    });
    await run.states.until(up);
    const libvirt = new Libvirt(run.link);
    const starts = Array.from({ length: 6 }, () => libvirt.startDomain(vm));
    assert.equal(await libvirt.driverType(), "QEMU");
    assert.equal(server.sessions.length, 3);
    release();
    assert.equal((await Promise.all(starts)).length, 6);
    await server.close();
  });

  it("answers a read while questions for figures hang", async () => {
    await using run = await running();
    const server = await serve(run.path, {
      ...new EventBroadcast().handlers,
      connectGetAllDomainStats: () => new Promise<never>(() => undefined),
      connectGetType: () => ({ type: "QEMU" }),
    });
    await run.states.until(up);
    const libvirt = new Libvirt(run.link);
    const figures = Array.from({ length: 6 }, () => libvirt.allDomainStats(0));
    assert.equal(await libvirt.driverType(), "QEMU");
    await server.close();
    const outcomes = await Promise.allSettled(figures);
    assert.deepEqual(new Set(outcomes.map(({ status }) => status)), new Set(["rejected"]));
  });

  it("asks for read-only connections for all but work", async () => {
    await using run = await running();
    const flags: number[] = [];
    const server = await serve(run.path, {
      ...new EventBroadcast().handlers,
      connectOpen: (args) => void flags.push(args.flags),
      connectGetType: () => ({ type: "QEMU" }),
      connectGetAllDomainStats: () => ({ retStats: [] }),
      domainDestroyFlags: () => undefined,
    });
    await run.states.until(up);
    const libvirt = new Libvirt(run.link);
    await libvirt.driverType();
    await libvirt.allDomainStats(0);
    await libvirt.destroyDomain(vm);
    assert.deepEqual(flags, [1, 1, 1, 0]);
    await server.close();
  });

  it("opens a lane again after its connection alone was lost", async () => {
    await using run = await running();
    const server = await serve(run.path, {
      ...new EventBroadcast().handlers,
      connectGetType: (_args, session) => {
        session.close();
        return { type: "" };
      },
      connectGetUri: () => ({ uri: "qemu:///system" }),
    });
    await run.states.until(up);
    const libvirt = new Libvirt(run.link);
    await assert.rejects(libvirt.driverType(), { name: "ConnectionLostError", outcome: "unknown" });
    assert.equal(await libvirt.uri(), "qemu:///system");
    assert.ok(up(run.states.all));
    await server.close();
  });
});
