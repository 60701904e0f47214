import assert from "node:assert/strict";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { AgentError } from "../../../agent/core/errors.ts";
import { serveHttp, type HttpServer, type HttpServerOptions } from "../../../agent/host/http-server.ts";
import { plain, siteOf, type SiteParts } from "../../../agent/observation/site.ts";

interface Serving extends AsyncDisposable {
  readonly server: HttpServer;
  readonly stop: AbortController;
  readonly errors: AgentError[];
  readonly get: (path: string, init?: RequestInit) => Promise<Response>;
}

async function serving(change: Partial<HttpServerOptions & SiteParts> = {}): Promise<Serving> {
  const stop = new AbortController();
  const errors: AgentError[] = [];
  const site = siteOf({
    scrape: (accept) =>
      Promise.resolve({ contentType: "text/x-test", body: `accept ${accept ?? "nothing"} ü\n` }),
    status: (query) => plain(200, `status ${query.toString()}\n`),
    whyNotReady: () => undefined,
    ...change,
  });
  const server = await serveHttp({
    ...{ host: "127.0.0.1", port: 0, site },
    stop: stop.signal,
    onError: (error) => errors.push(error),
    ...change,
  });
  return {
    ...{ server, stop, errors },
    get: (path, init) => fetch(`${server.url}${path}`, init),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.closed;
    },
  };
}

/** A scrape that begins when asked and ends when told. */
function heldScrape(): {
  readonly scrape: SiteParts["scrape"];
  readonly begun: (count: number) => Promise<void>;
  readonly finish: () => void;
} {
  const held: (() => void)[] = [];
  const watchers: (() => void)[] = [];
  return {
    scrape: () =>
      new Promise((resolve) => {
        held.push(() => {
          resolve({ contentType: "text/plain", body: "done\n" });
        });
        for (const watcher of watchers) watcher();
      }),
    begun: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (held.length >= count) resolve();
        };
        watchers.push(check);
        check();
      }),
    finish: () => {
      for (const end of held) end();
    },
  };
}

async function statusFor(url: string, host: string): Promise<number | undefined> {
  const asked = request(url, { path: "/healthz", headers: { Host: host } });
  asked.end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

describe("the HTTP server", () => {
  it("hands the Accept header over and the scrape back", async () => {
    await using at = await serving();
    const response = await at.get("/metrics?debug=1", { headers: { Accept: "text/plain" } });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/x-test");
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(await response.text(), "accept text/plain ü\n");
  });

  it("answers HEAD with the headers alone", async () => {
    await using at = await serving();
    const response = await at.get("/metrics", { method: "HEAD" });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-length"), String(Buffer.byteLength("accept */* ü\n")));
    assert.equal(await response.text(), "");
  });

  it("says that it lives, and whether and why it is not ready", async () => {
    let why: string | undefined = "the ledger has not been read";
    await using at = await serving({ whyNotReady: () => why });
    assert.equal((await at.get("/healthz")).status, 200);
    const early = await at.get("/readyz");
    assert.equal(early.status, 503);
    assert.equal(await early.text(), "not ready: the ledger has not been read\n");
    why = undefined;
    assert.equal((await at.get("/readyz")).status, 200);
  });

  it("refuses other methods and names those it serves", async () => {
    await using at = await serving();
    const response = await at.get("/metrics", { method: "POST", body: "x".repeat(100_000) });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get("allow"), "GET, HEAD");
  });

  it("points from an unknown page to those that exist", async () => {
    await using at = await serving();
    for (const path of ["/metric", "//metrics", "/metrics/", "/index.html"]) {
      const response = await at.get(path);
      assert.equal(response.status, 404);
      assert.match(await response.text(), /\/ \/metrics \/healthz \/readyz/);
    }
  });

  it("serves the status page at its root, with what is asked of it", async () => {
    await using at = await serving();
    assert.equal(await (await at.get("/?q=a%20b")).text(), "status q=a+b\n");
  });

  for (const host of [
    "attacker.example",
    "attacker.example:9469",
    "localhost.example",
    "127.0.0.1.example",
    "[::1",
  ])
    it(`refuses a request that calls this machine ${JSON.stringify(host)}`, async () => {
      await using at = await serving();
      assert.equal(await statusFor(at.server.url, host), 421);
    });

  for (const host of ["127.0.0.1", "127.0.0.1:1", "localhost:9469", "LOCALHOST", "[::1]:9469", "192.0.2.7"])
    it(`answers a request that calls this machine ${host}`, async () => {
      await using at = await serving();
      assert.equal(await statusFor(at.server.url, host), 200);
    });

  it("answers to any name where other machines may ask", async () => {
    await using at = await serving({ allowRemote: true });
    assert.equal(await statusFor(at.server.url, "gvt-7.example:9469"), 200);
  });

  it("answers 503 beyond the scrapes allowed at a time, and serves again after", async () => {
    const held = heldScrape();
    await using at = await serving({ scrape: held.scrape, maxPages: 2 });
    const scrapes = [at.get("/metrics"), at.get("/metrics")];
    await held.begun(2);
    const refused = await at.get("/metrics");
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get("retry-after"), "1");
    assert.match(await refused.text(), /2 pages/);
    assert.equal((await at.get("/healthz")).status, 200);

    held.finish();
    for (const response of await Promise.all(scrapes)) assert.equal(await response.text(), "done\n");
    const next = at.get("/metrics");
    await held.begun(3);
    held.finish();
    assert.equal((await next).status, 200);
  });

  it("frees the place of a scraper that went away", async () => {
    const held = heldScrape();
    await using at = await serving({ scrape: held.scrape, maxPages: 1 });
    const gone = request(`${at.server.url}/metrics`).on("error", () => undefined);
    gone.end();
    await held.begun(1);
    gone.destroy();
    // The server hears of the closed connection in its own time.
    let status = 503;
    while (status === 503) {
      const scrape = at.get("/metrics");
      await Promise.race([scrape, held.begun(2)]);
      held.finish();
      status = (await scrape).status;
    }
    assert.equal(status, 200);
  });

  it("answers 503 and reports when a scrape fails or takes too long, and keeps the details to the log", async () => {
    await using failing = await serving({ scrape: () => Promise.reject(new Error("secret detail")) });
    const response = await failing.get("/metrics");
    assert.equal(response.status, 503);
    assert.doesNotMatch(await response.text(), /secret/);
    assert.match(failing.errors[0]?.message ?? "", /secret detail/);

    await using hanging = await serving({ scrape: heldScrape().scrape, pageMs: 20 });
    assert.equal((await hanging.get("/metrics")).status, 503);
    assert.match(hanging.errors[0]?.message ?? "", /timeout/);
  });

  it("survives bytes that are not HTTP", async () => {
    await using at = await serving();
    const socket = connect(Number(new URL(at.server.url).port), "127.0.0.1");
    socket.end("\x16\x03\x01 nonsense\r\n\r\n");
    socket.resume();
    await once(socket, "close");
    assert.equal((await at.get("/healthz")).status, 200);
  });

  it("finishes the scrape under way when stopped, and takes no further connection", async () => {
    const held = heldScrape();
    const at = await serving({ scrape: held.scrape });
    const scrape = at.get("/metrics");
    await held.begun(1);
    at.stop.abort();
    await assert.rejects(at.get("/healthz"));
    held.finish();
    const response = await scrape;
    assert.equal(response.headers.get("connection"), "close");
    assert.equal(await response.text(), "done\n");
    await at.server.closed;
  });

  it("does not wait for ever for a connection that says nothing when stopped", async () => {
    const at = await serving();
    const socket = connect(Number(new URL(at.server.url).port), "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    assert.equal((await at.get("/healthz")).status, 200);
    at.stop.abort();
    await at.server.closed;
  });
});

describe("the address of the HTTP server", () => {
  for (const host of ["::1", "127.8.9.10", "localhost"])
    it(`may be ${host}`, async () => {
      await using at = await serving({ host });
      assert.equal((await at.get("/healthz")).status, 200);
    });

  for (const host of ["0.0.0.0", "::", "192.0.2.1"])
    it(`may not be ${host} unless remote readers are allowed`, async () => {
      await assert.rejects(serving({ host }), { reason: "FIELD_INVALID", field: "metrics.listen" });
    });

  it("may be reachable from elsewhere when that is allowed", async () => {
    await using at = await serving({ host: "0.0.0.0", allowRemote: true });
    assert.match(at.server.url, /^http:\/\/0\.0\.0\.0:\d+$/);
  });

  it("must be an IP address", async () => {
    await assert.rejects(serving({ host: "metrics.example.org" }), /"metrics\.example\.org".*no IP address/);
  });

  it("is named in the error when it is taken", async () => {
    await using at = await serving();
    const port = Number(new URL(at.server.url).port);
    await assert.rejects(serving({ port }), {
      reason: "KERNEL_REFUSED",
      message: new RegExp(`127\\.0\\.0\\.1 port ${port}: .*EADDRINUSE`),
    });
  });
});
