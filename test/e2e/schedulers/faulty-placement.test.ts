// What stands between an agent and Placement misbehaves as it is told, and tells what it saw.
import assert from "node:assert/strict";
import { FaultyPlacement } from "../../schedulers/faulty-placement.ts";
import type { Misbehaviour } from "../../schedulers/misbehaviours.ts";
import { startPlacement, type Placement } from "../../schedulers/placement.ts";

const PROVIDERS = "/resource_providers";
const READS = { method: "GET", path: /^\/resource_providers/ };
const WRITES = { method: "POST", path: /^\/resource_providers$/ };
const headers = { "x-auth-token": "admin", "openstack-api-version": "placement 1.39" };

describe("a Placement that misbehaves", function () {
  this.timeout(180_000);
  let placement: Placement;
  let faulty: FaultyPlacement;
  before(async () => {
    placement = await startPlacement();
  });
  beforeEach(async () => {
    faulty = await FaultyPlacement.start(placement.url);
  });
  afterEach(async () => {
    await faulty[Symbol.asyncDispose]();
  });
  after(async () => {
    await (placement as Placement | undefined)?.stop();
  });

  const read = (signal?: AbortSignal): Promise<Response> =>
    fetch(`${faulty.url}${PROVIDERS}`, { headers, ...(signal === undefined ? {} : { signal }) });
  const create = (name: string): Promise<Response> =>
    fetch(`${faulty.url}${PROVIDERS}`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ name }),
    });
  const known = async (name: string): Promise<unknown> =>
    (await placement.ask("GET", `${PROVIDERS}?name=${name}`)).body;

  it("forwards what it was not told of, and keeps what was asked and answered", async () => {
    assert.equal((await create("forwarded")).status, 200);
    assert.deepEqual(await (await read()).json(), (await placement.ask("GET", PROVIDERS)).body);
    const seen = faulty.seen.map(({ method, path, body, status }) => ({ method, path, body, status }));
    const [write] = seen;
    assert.deepEqual(seen, [
      { method: "POST", path: PROVIDERS, body: { name: "forwarded" }, status: 200 },
      { method: "GET", path: PROVIDERS, body: undefined, status: 200 },
    ]);
    assert.deepEqual(
      faulty.writes.map(({ body }) => body),
      [write?.body],
    );
  });

  const answered: readonly [Misbehaviour, number, RegExp][] = [
    [{ kind: "internal error" }, 500, /"title":"Internal Server Error"/],
    [{ kind: "unavailable" }, 503, /^<html>/],
    [{ kind: "page" }, 200, /^<html>/],
    [{ kind: "nonsense" }, 200, /^\{"resource_providers": \[$/],
    [{ kind: "wrong shape" }, 200, /^\["not"/],
    [{ kind: "wrong shape", body: { inventories: 7 } }, 200, /^\{"inventories":7\}$/],
    [{ kind: "unsupported version" }, 406, /"max_version": "1.39"/],
    [{ kind: "unauthorized" }, 401, /"title": "Unauthorized"/],
  ];
  for (const [how, status, text] of answered)
    it(`answers ${status} with ${text.source} when it is told: ${how.kind}`, async () => {
      faulty.misbehave(READS, how, 1);
      const response = await read();
      assert.equal(response.status, status);
      assert.match(await response.text(), text);
      assert.deepEqual(
        faulty.seen.map((request) => request.status),
        [status],
      );
      assert.equal((await read()).status, 200);
    });

  it("keeps silent about one request while it answers others", async () => {
    faulty.misbehave(READS, { kind: "silence" }, 1);
    const patience = new AbortController();
    const silent = read(patience.signal);
    await faulty.saw(READS);
    assert.equal((await read()).status, 200);
    assert.equal(await Promise.race([silent, Promise.resolve("no answer")]), "no answer");
    patience.abort();
    await assert.rejects(silent, { name: "AbortError" });
    assert.deepEqual(
      faulty.seen.map(({ status }) => status),
      [undefined, 200],
    );
  });

  it("lets the true answer trickle", async () => {
    faulty.misbehave(READS, { kind: "trickle", everyMs: 1 });
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await read()).body ?? []) chunks.push(chunk as Uint8Array);
    assert.ok(chunks.length > 1);
    const whole: unknown = JSON.parse(Buffer.concat(chunks).toString());
    assert.deepEqual(whole, (await placement.ask("GET", PROVIDERS)).body);
  });

  it("cuts the connection in the middle of a body", async () => {
    faulty.misbehave(READS, { kind: "cut" });
    const response = await read();
    assert.equal(response.status, 200);
    await assert.rejects(response.text());
  });

  it("loses the reply of what Placement has done", async () => {
    faulty.misbehave(WRITES, { kind: "lost reply" });
    await assert.rejects(create("unheard"));
    assert.deepEqual(
      faulty.writes.map(({ status }) => status),
      [200],
    );
    assert.match(JSON.stringify(await known("unheard")), /"name":"unheard"/);
  });

  it("lets somebody else be faster", async () => {
    const by = () => placement.ask("POST", PROVIDERS, { name: "contested" });
    faulty.misbehave(WRITES, { kind: "overtaken", by });
    assert.equal((await create("contested")).status, 409);
  });

  it("answers truly again when it is told to behave", async () => {
    faulty.misbehave({}, { kind: "unavailable" });
    assert.equal((await read()).status, 503);
    faulty.behave();
    faulty.forget();
    assert.equal((await read()).status, 200);
    assert.equal(faulty.seen.length, 1);
  });

  it("breaks the connection when nobody is behind it", async () => {
    await placement.kill();
    await assert.rejects(read());
    await placement.boot();
    assert.equal((await read()).status, 200);
  });
});
