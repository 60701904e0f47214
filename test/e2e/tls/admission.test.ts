// Who is let in by TLS, with which rights, and what those learn who are not.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import tls from "node:tls";
import { DomainServiceService as Domains } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { GpuServiceService as Gpus } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { refusal } from "../harness/rpc.ts";
import { Authority, type Pair } from "./authority.ts";
import { ADMIN, READ, RemoteWorld } from "./remote-world.ts";

const PAGE = { pageSize: 0, pageToken: "" };
/** The handshake ends well for the client, as TLS 1.3 has it, and then there is nothing. */
const SENT_AWAY = { secured: true, bytes: 0, error: undefined };

describe("the TLS listener", () => {
  let remote: RemoteWorld;
  let admin: Pair;
  before(async () => {
    remote = await RemoteWorld.start();
    admin = await remote.client("scheduler", ADMIN);
  });
  after(async () => {
    await remote[Symbol.asyncDispose]();
  });

  const logged = (check: string, subject?: string): Promise<void> => {
    const of =
      subject === undefined ? "" : `.*"subject":"CN=${subject}","issuer":"[^"]*","serial":"[0-9A-F]+"`;
    return remote.world.agent.logged(
      new RegExp(`"address":"127\\.0\\.0\\.1:\\d+","check":"${check}","why":"[^"]+"${of}.*"TLS connection`),
    );
  };

  it("lets a client of role admin change the host, and names it in the audit", async () => {
    using rpc = await remote.rpc(admin);
    await rpc.call(Domains.createDomain, remote.world.draft("remote-1").request);
    assert.deepEqual(
      (await rpc.call(Gpus.listGpus, PAGE)).gpus,
      await remote.world.gpus(),
      "what the socket shows",
    );
    await remote.world.agent.logged(
      /"audit":true,"socket":"admin","connection":\d+,"client":"spiffe:\/\/test\/vgpud\/admin","client_serial":"[0-9A-F]+","address":"127\.0\.0\.1:\d+","method":"DomainService\/CreateDomain","code":"OK"/,
    );
  });

  it("lets a client of role read see everything and change nothing, and names no file of the host to it", async () => {
    using rpc = await remote.rpc(await remote.client("dashboard", READ));
    assert.equal((await rpc.call(Gpus.listGpus, PAGE)).gpus.length, 1);
    const error = await refusal(rpc.call(Domains.createDomain, remote.world.draft("never").request));
    assert.deepEqual([error.code, error.reason], ["PERMISSION_DENIED", "SOCKET_READ_ONLY"]);
    assert.match(error.message, /call it with one whose role is admin$/);
    assert.deepEqual(error.info?.metadata, {
      method: "/vgpud.v1.DomainService/CreateDomain",
      socket: "read",
    });
  });

  const strangers: readonly [who: string, check: string, pair: () => Promise<Pair | undefined>][] = [
    ["without a certificate", "NO_CERTIFICATE", () => Promise.resolve(undefined)],
    [
      "with a certificate of another CA of the same name",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT|CRL_SIGNATURE_FAILURE",
      async () =>
        await (
          await Authority.root(path.join(remote.folder, "other"), "clients")
        ).sign("forged", {
          names: `URI:${ADMIN}`,
        }),
    ],
    [
      "that signed its own certificate",
      "DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_GET_CRL",
      async () => await Authority.root(path.join(remote.folder, "self"), "self"),
    ],
    [
      "whose certificate has ended",
      "CERT_HAS_EXPIRED",
      () => remote.ca.sign("late", { names: `URI:${ADMIN}`, days: -1 }),
    ],
    ["whose certificate has no URI", "NO_ROLE", () => remote.ca.sign("nameless", {})],
    [
      "that has the URI of a role for another kind of name",
      "NO_ROLE",
      () => remote.ca.sign("admin", { names: `DNS:${ADMIN}` }),
    ],
    [
      "whose URI is but the beginning of one with a role, or longer",
      "NO_ROLE",
      () => remote.ca.sign("near", { names: `URI:${ADMIN.slice(0, -1)},URI:${ADMIN}/x` }),
    ],
    [
      "with the certificate of a host",
      "INVALID_PURPOSE|UNSUPPORTED_CERTIFICATE_PURPOSE",
      () => remote.ca.sign("another-host", { names: `URI:${ADMIN}`, usage: "serverAuth" }),
    ],
  ];
  for (const [who, check, pair] of strangers)
    it(`sends a client away ${who}, tells it nothing, and the log why`, async () => {
      assert.deepEqual(await remote.knock(await pair()), SENT_AWAY);
      await logged(`(?:${check})`);
    });

  it("names in the log what a certificate says that was refused", async () => {
    assert.deepEqual(await remote.knock(await remote.client("stranger", "spiffe://test/nobody")), SENT_AWAY);
    await logged("NO_ROLE", "stranger");
    assert.match(remote.world.agent.log, /"subject":"CN=stranger".*"uris":\["spiffe:\/\/test\/nobody"\]/);
  });

  it("sends a client away whose certificate is on the list", async () => {
    const gone = await remote.client("gone", ADMIN);
    await remote.ca.revoke(gone);
    await remote.setList();
    await remote.reload();
    assert.deepEqual(await remote.knock(gone), SENT_AWAY);
    await logged("CERT_REVOKED", "gone");
  });

  it("takes a CA between only with its own list", async () => {
    const between = await remote.ca.intermediate(path.join(remote.folder, "between"), "between");
    const leaf = await between.sign("below", { names: `URI:${ADMIN}` });
    const chain = path.join(remote.folder, "below-chain.pem");
    await writeFile(
      chain,
      (await Promise.all([leaf, between].map(({ certificate }) => readFile(certificate, "utf8")))).join(""),
    );
    const pair = { certificate: chain, key: leaf.key };
    assert.deepEqual(await remote.knock(pair), SENT_AWAY);
    await logged("UNABLE_TO_GET_CRL", "below");
    await remote.replace("revocation_list", `${await remote.ca.list()}${await between.list()}`);
    await remote.reload();
    (await remote.letIn(pair)).destroy();
  });

  for (const maxVersion of ["TLSv1.2", "TLSv1.1", "TLSv1"] as const)
    it(`does not speak ${maxVersion}`, async () => {
      const met = await remote.knock(admin, {
        minVersion: maxVersion,
        maxVersion,
        ciphers: "ALL@SECLEVEL=0",
      });
      assert.deepEqual([met.secured, met.bytes], [false, 0]);
      await logged("ERR_SSL_UNSUPPORTED_PROTOCOL");
    });

  it("speaks HTTP/2 alone", async () => {
    assert.equal((await remote.knock(admin, { ALPNProtocols: ["http/1.1"] })).secured, false);
    assert.deepEqual(await remote.knock(admin, { ALPNProtocols: [] }), SENT_AWAY);
    await logged("NO_HTTP2", "scheduler");
  });

  it("has no session to go on with, by which a certificate would not be looked at again", async () => {
    const first = await remote.letIn(admin);
    const session = first.getSession();
    first.destroy();
    const second = await remote.connect(admin, session === undefined ? {} : { session });
    await once(second, "data");
    assert.equal(second.isSessionReused(), false);
    second.destroy();
  });

  it("answers plain text with the end of the connection", async () => {
    for (const text of ["GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\0\0\0\0"]) {
      const socket = net.connect(remote.port, "127.0.0.1");
      const pieces: Buffer[] = [];
      socket.on("data", (piece) => pieces.push(piece));
      socket.on("error", () => undefined);
      socket.end(text);
      await once(socket, "close");
      // An alert of TLS at most: seven bytes that begin with its type.
      const got = Buffer.concat(pieces);
      assert.ok(got.length === 0 || (got.length === 7 && got[0] === 21), got.toString("hex"));
    }
    await logged("ERR_SSL_[A-Z_]+");
  });

  it("bounds handshakes of one address, and ends those that are not over in time", async () => {
    const silent = Array.from({ length: 17 }, () => net.connect(remote.port, "127.0.0.1"));
    for (const socket of silent) socket.on("error", () => undefined).resume();
    const closed = silent.map((socket) => once(socket, "close"));
    await Promise.race(closed);
    await logged("FULL");
    await Promise.all(closed);
    await logged("ERR_TLS_HANDSHAKE_TIMEOUT");
    (await remote.letIn(admin)).destroy();
  });

  it("counts what became of connections, and says when its files end", async () => {
    const scrape = await remote.world.scrape();
    for (const outcome of ["admitted", "handshake", "certificate", "role", "full"])
      assert.match(scrape, new RegExp(`^vgpud_tls_connections_total\\{outcome="${outcome}"\\} [1-9]`, "m"));
    const seconds = (metric: string, file: string): number =>
      Number(
        new RegExp(`^vgpud_tls_${metric}_timestamp_seconds\\{file="${file}"\\} (\\S+)$`, "m").exec(
          scrape,
        )?.[1],
      );
    for (const file of ["certificate", "client_ca", "revocation_list"])
      assert.ok(seconds("ends_soon", file) < seconds("expiry", file), file);
    assert.match(scrape, /^vgpud_tls_last_reload_successful 1$/m);
  });
});

describe("a TLS listener with room for few", () => {
  it("closes what is more of a role, and keeps the places of the other one", async () => {
    await using remote = await RemoteWorld.start({ limits: "{ connections: 2, read_connections: 1 }" });
    const [admin, reader] = await Promise.all([remote.client("a", ADMIN), remote.client("r", READ)]);
    const held: tls.TLSSocket[] = [await remote.letIn(reader)];
    assert.deepEqual(await remote.knock(reader), SENT_AWAY);
    await remote.world.agent.logged(/"check":"FULL","why":"1 connections? of role read are open/);
    held.push(await remote.letIn(admin), await remote.letIn(admin));
    assert.deepEqual(await remote.knock(admin), SENT_AWAY);
    const [first] = held;
    first?.destroy();
    await remote.world.agent.logged(/"check":"FULL","why":"2 connections of role admin are open/);
    for (const socket of held) socket.destroy();
  });
});

// The log of the first listener takes no more lines within its minute.
describe("a TLS listener whose client leaves first", () => {
  it("names in the log from where a client came that does not take the host's certificate", async () => {
    await using remote = await RemoteWorld.start();
    const admin = await remote.client("scheduler", ADMIN);
    const socket = await remote.connect(admin, { ca: [] });
    await once(socket, "connect");
    const { localPort } = socket;
    const closed = new Promise((resolve) => socket.once("close", resolve));
    await once(socket, "error");
    await closed;
    await remote.world.agent.logged(
      new RegExp(`"address":"127\\.0\\.0\\.1:${localPort}","check":"[A-Z_]+","why":"the handshake failed`),
    );
  });
});
