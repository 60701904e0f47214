// How Placement and Keystone are asked: what is agreed on, kept and renewed, and what is told of what goes wrong.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { Keystone, noauth, type Authority } from "../../../agent/placement/auth.ts";
import { Connection } from "../../../agent/placement/connection.ts";
import { PlacementError, type PlacementFailure } from "../../../agent/placement/errors.ts";
import { Exchanger } from "../../../agent/placement/exchange.ts";
import { Placement } from "../../../agent/placement/placement.ts";

const never = new AbortController().signal;
const HOUR = 3_600_000;

/** An HTTP server that answers as its test says, and notes what it was asked. */
class Cloud {
  readonly server: Server = createServer((request, response) => void this.#serve(request, response));
  readonly asked: { path: string; token: string | undefined; version: string | undefined; body: unknown }[] =
    [];
  url = "";
  versions = { min_version: "1.0", max_version: "1.39" };
  /** Tokens that Placement takes; undefined: any. */
  takes: string | undefined;
  /** What Keystone gives next. */
  tokens = ["one", "two"];
  tokenStatus = 201;
  /** Said in place of a token; undefined: a token. */
  tokenRefusal: unknown;
  expiresAt = "2026-01-01T01:00:00.000000Z";
  answer: { status: number; text: string } | undefined;

  async start(): Promise<void> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    const address = this.server.address();
    assert.ok(address !== null && typeof address === "object");
    this.url = `http://127.0.0.1:${address.port}`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url: path = "", headers, method } = request;
    const body: unknown =
      method === "POST" || method === "PUT" ? await json(request).catch(() => undefined) : undefined;
    const token = headers["x-auth-token"]?.toString();
    this.asked.push({ path, token, version: headers["openstack-api-version"]?.toString(), body });
    const send = (status: number, said: unknown, more: Record<string, string> = {}): void => {
      response.writeHead(status, { "content-type": "application/json", ...more });
      response.end(typeof said === "string" ? said : JSON.stringify(said));
    };
    if (path === "/v3/auth/tokens") {
      const endpoints = [
        { interface: "public", region_id: "a", region: "a", url: "http://public.invalid" },
        { interface: "internal", region_id: "a", region: "a", url: "http://elsewhere.invalid" },
        { interface: "internal", region_id: "b", region: "b", url: `${this.url}/placement` },
      ];
      const catalog = [
        { type: "compute", endpoints: [] },
        { type: "placement", endpoints },
      ];
      const subject = this.tokens.shift() ?? "none";
      send(this.tokenStatus, this.tokenRefusal ?? { token: { expires_at: this.expiresAt, catalog } }, {
        "x-subject-token": subject,
      });
    } else if (path.endsWith("/")) send(200, { versions: [this.versions] });
    else if (this.takes !== undefined && token !== this.takes) send(401, { error: "no" });
    else if (this.answer) send(this.answer.status, this.answer.text);
    else send(200, { resource_providers: [] });
  }
}

describe("a client of Placement", () => {
  let cloud: Cloud;
  let wall: number;
  const exchanger = (timeoutMs = 5_000): Exchanger => new Exchanger({ timeoutMs, ca: undefined });
  const keystone = (
    change: { region?: string; timeoutMs?: number; secret?: () => Promise<string> } = {},
  ): Authority =>
    new Keystone({
      ...{ exchanger: exchanger(), authUrl: new URL(`${cloud.url}/v3/`), credentialId: "cred" },
      secret: change.secret ?? (() => Promise.resolve("hush")),
      timeoutMs: change.timeoutMs ?? 5_000,
      ...{ endpoint: undefined, region: change.region ?? "b", interface: "internal", wall: () => wall },
    });
  const client = (authority: Authority = noauth(new URL(cloud.url)), timeoutMs?: number): Placement =>
    new Placement(new Connection({ exchanger: exchanger(timeoutMs), authority, now: () => 0 }));
  const failure = async (call: Promise<unknown>): Promise<PlacementError> => {
    const error = await call.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof PlacementError, String(error));
    return error;
  };

  beforeEach(async () => {
    wall = Date.parse("2026-01-01T00:00:00Z");
    cloud = new Cloud();
    await cloud.start();
  });
  afterEach(async () => {
    cloud.server.closeAllConnections();
    cloud.server.close();
    await once(cloud.server, "close");
  });

  it("agrees on the newest microversion that both know, once", async () => {
    cloud.versions = { min_version: "1.0", max_version: "1.37" };
    const placement = client();
    await placement.tree("u", never);
    await placement.tree("u", never);
    assert.deepEqual(
      cloud.asked.map(({ path, version }) => [path, version]),
      [
        ["/", undefined],
        ["/resource_providers?in_tree=u", "placement 1.37"],
        ["/resource_providers?in_tree=u", "placement 1.37"],
      ],
    );
  });

  it("names both sides' microversions where they do not meet", async () => {
    for (const [min, max] of [
      ["1.0", "1.35"],
      ["1.40", "1.50"],
    ] as const) {
      cloud.versions = { min_version: min, max_version: max };
      const { kind, message } = await failure(client().tree("u", never));
      assert.equal(kind, "version");
      assert.match(message, new RegExp(`speaks microversions ${min} to ${max}, vgpud 1.36 to 1.39`));
    }
  });

  it("keeps Keystone's token until shortly before its end, and finds Placement in its region", async () => {
    const placement = client(keystone());
    await placement.tree("u", never);
    wall += HOUR - 61_000;
    await placement.tree("u", never);
    wall += 2_000;
    await placement.tree("u", never);
    const used = cloud.asked.filter(({ path }) => path.startsWith("/placement/resource_providers"));
    assert.deepEqual(
      used.map(({ token }) => token),
      ["one", "one", "two"],
    );
    const [{ body } = { body: undefined }] = cloud.asked;
    assert.deepEqual(body, {
      auth: {
        identity: {
          methods: ["application_credential"],
          application_credential: { id: "cred", secret: "hush" },
        },
      },
    });
  });

  it("asks for another token once when one is not taken, and no more", async () => {
    cloud.takes = "two";
    await client(keystone()).tree("u", never);
    cloud.takes = "never";
    cloud.tokens = ["three", "four", "five"];
    assert.equal((await failure(client(keystone()).tree("u", never))).kind, "unauthorized");
    assert.deepEqual(cloud.tokens, ["five"]);
  });

  it("tells neither the secret nor what Keystone says of it", async () => {
    cloud.tokenStatus = 401;
    const { kind, message } = await failure(client(keystone()).tree("u", never));
    assert.equal(kind, "unauthorized");
    assert.match(message, /gives no token for application credential cred \(HTTP 401\)/);
    assert.doesNotMatch(message, /hush/);
    const unread = keystone({
      secret: () => Promise.reject(new Error("EACCES: permission denied, open '/x'")),
    });
    const unreadable = await failure(client(unread).tree("u", never));
    assert.equal(unreadable.kind, "no-secret");
    assert.match(unreadable.message, /the secret .* cannot be read: EACCES/);
  });

  it("waits for a secret whose disk hangs as long as for an answer, and reads it once for all who wait", async () => {
    let reads = 0;
    let come: (secret: string) => void = () => undefined;
    const hanging = keystone({
      timeoutMs: 50,
      secret: () => {
        reads += 1;
        return new Promise((resolve) => {
          come = resolve;
        });
      },
    });
    const ask = (): Promise<unknown> => client(hanging).tree("u", never);
    for (const { kind, message } of await Promise.all([failure(ask()), failure(ask())])) {
      assert.equal(kind, "no-secret");
      assert.match(message, /credential cred cannot be read: its file has not been read within 50 ms/);
    }
    const asked = ask();
    come("hush");
    await asked;
    assert.equal(reads, 1);
  });

  it("waits for a secret no longer than its caller", async () => {
    const hanging = keystone({ secret: () => new Promise(() => undefined) });
    const given = new AbortController();
    const asked = client(hanging).tree("u", given.signal);
    given.abort(new Error("the caller went away"));
    await assert.rejects(asked, /the caller went away/);
  });

  it("tells a credential that was withdrawn from a wrong address", async () => {
    cloud.tokenStatus = 404;
    cloud.tokenRefusal = { error: { code: 404, message: "Could not find Application Credential: cred." } };
    const withdrawn = await failure(client(keystone()).tree("u", never));
    assert.equal(withdrawn.kind, "unauthorized");
    assert.match(withdrawn.message, /gives no token for application credential cred \(HTTP 404\)/);
    cloud.tokenRefusal = { error: { code: 404, message: "The resource could not be found." } };
    assert.equal((await failure(client(keystone()).tree("u", never))).kind, "bad-answer");
  });

  it("says which endpoint Keystone's catalogue lacks", async () => {
    const { kind, message } = await failure(client(keystone({ region: "c" })).tree("u", never));
    assert.equal(kind, "bad-answer");
    assert.match(message, /has no internal endpoint of Placement in region c/);
  });

  it("sends no token to an endpoint of the catalogue where it could be read on its way", async () => {
    const { kind, message } = await failure(client(keystone({ region: "a" })).tree("u", never));
    assert.equal(kind, "bad-answer");
    assert.match(message, /has http:\/\/elsewhere\.invalid\/ as the internal endpoint/);
    assert.deepEqual(
      cloud.asked.map(({ path }) => path),
      ["/v3/auth/tokens"],
    );
  });

  it("tells of a long request what Placement says is wrong with it, and not the whole of it", async () => {
    const general =
      "The server could not comply with the request since it is malformed or otherwise incorrect.";
    const detail = `${general}\n\n No such trait(s): CUSTOM_INTEL_VGPU_PLATFORM_SKYLAK.  `;
    cloud.answer = { status: 400, text: JSON.stringify({ errors: [{ detail }] }) };
    const query = `resources_GPU=${"CUSTOM_VGT_FENCE:4,".repeat(20)}`;
    const { message } = await failure(client().candidates(query, never));
    assert.equal(
      message,
      "Placement refuses GET /allocation_candidates with HTTP 400: No such trait(s): CUSTOM_INTEL_VGPU_PLATFORM_SKYLAK.",
    );
  });

  const failures: readonly [number, string, PlacementFailure][] = [
    [
      409,
      JSON.stringify({ errors: [{ code: "placement.concurrent_update", detail: "generation" }] }),
      "conflict",
    ],
    [409, JSON.stringify({ errors: [{ code: "placement.inventory.inuse" }] }), "in-use"],
    [409, JSON.stringify({ errors: [{ code: "placement.duplicate_name" }] }), "duplicate"],
    [
      409,
      JSON.stringify({ errors: [{ code: "placement.undefined_code", detail: "exceed" }] }),
      "no-capacity",
    ],
    [403, "Forbidden", "unauthorized"],
    [404, "{}", "not-found"],
    [406, "{}", "version"],
    [400, "{}", "refused"],
    [429, "slow down", "failed"],
    [500, "<html>\n<b>oops</b>", "failed"],
    [302, "", "bad-answer"],
    [200, "[]", "bad-answer"],
    [200, '{"resource_providers": [{"uuid": "no"}]}', "bad-answer"],
    [200, "half {", "bad-answer"],
  ];
  it("tells failures apart by what a caller can do", async () => {
    for (const [status, text, kind] of failures) {
      cloud.answer = { status, text };
      const error = await failure(client().tree("u", never));
      assert.equal(error.kind, kind, `${status} ${text}`);
      assert.doesNotMatch(error.message, /\n/);
    }
  });

  it("gives up a server that is away, and one that takes too long, with the address and the time", async () => {
    const gone = new Cloud();
    await gone.start();
    gone.server.close();
    await once(gone.server, "close");
    const away = await failure(client(noauth(new URL(gone.url))).tree("u", never));
    assert.deepEqual(
      [away.kind, away.message],
      ["unreachable", `GET ${gone.url}/: connect ECONNREFUSED ${gone.url.slice(7)}`],
    );
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    assert.ok(address !== null && typeof address === "object");
    const slow = client(noauth(new URL(`http://127.0.0.1:${address.port}`)), 100);
    assert.match((await failure(slow.tree("u", never))).message, /: no answer within 100 ms$/);
    silent.closeAllConnections();
    silent.close();
  });

  it("stops when nobody waits any more, and says so as whoever stopped it", async () => {
    const stop = new AbortController();
    stop.abort(new Error("the caller went away"));
    await assert.rejects(client().tree("u", stop.signal), /the caller went away/);
  });
});
