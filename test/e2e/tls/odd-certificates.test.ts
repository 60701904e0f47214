// Certificates of forms that are seldom seen: whoever shows one, vgpud serves the others as before.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createPrivateKey, sign, X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { derSequence } from "../../../agent/host/tls/der.ts";
import type { Pair } from "./authority.ts";
import { ADMIN, RemoteWorld } from "./remote-world.ts";

const run = promisify(execFile);
const SENT_AWAY = { secured: true, bytes: 0, error: undefined };

describe("the TLS listener and odd certificates", () => {
  let remote: RemoteWorld;
  let admin: Pair;
  before(async () => {
    remote = await RemoteWorld.start();
    admin = await remote.client("scheduler", ADMIN);
  });
  afterEach(async () => {
    (await remote.letIn(admin)).destroy();
  });
  after(async () => {
    await remote[Symbol.asyncDispose]();
  });

  const refused = (check: string): Promise<void> =>
    remote.world.agent.logged(new RegExp(`"check":"(?:${check})",.*"TLS connection refused"`));
  const at = (name: string): string => path.join(remote.folder, name);

  it("sends a client away that signed its own certificate for nobody", async () => {
    const certificate = at("nobody.pem");
    const self = ["req", "-x509", "-key", admin.key, "-subj", "/", "-days", "1", "-out", certificate];
    await run("openssl", self);
    assert.deepEqual(await remote.knock({ certificate, key: admin.key }), SENT_AWAY);
    await refused("DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_GET_CRL");
    assert.match(remote.world.agent.log, /"subject":"\(empty\)","issuer":"\(empty\)"/);
  });

  it("lets a client in whose URI is its only name, as SPIFFE has it", async () => {
    const [request, certificate] = [at("svid.csr"), at("svid.pem")];
    const names = ["-addext", `subjectAltName=critical,URI:${ADMIN}`];
    await run("openssl", ["req", "-new", "-key", admin.key, "-subj", "/", ...names, "-out", request]);
    await run("openssl", [
      ...["x509", "-req", "-in", request, "-copy_extensions", "copyall", "-days", "1"],
      ...["-CA", remote.ca.certificate, "-CAkey", remote.ca.key, "-out", certificate],
    ]);
    (await remote.letIn({ certificate, key: admin.key })).destroy();
  });

  const headers: readonly [what: string, header: (length: number) => Buffer, end: Buffer][] = [
    ["of a length that is not told", () => Buffer.from([0x30, 0x80]), Buffer.from([0, 0])],
    [
      "of a length with zeros before it",
      (length) => Buffer.from([0x30, 0x86, 0, 0, 0, 0, length >> 8, length & 0xff]),
      Buffer.alloc(0),
    ],
  ];
  for (const [what, header, end] of headers) {
    const other = async (signed: boolean): Promise<Pair> => {
      const [body, algorithm, signature] = derSequence(
        new X509Certificate(await readFile(admin.certificate)).raw,
      );
      assert.ok(body && algorithm && signature);
      const odd = Buffer.concat([header(body.content.length), body.content, end]);
      const mine = sign("sha256", odd, createPrivateKey(await readFile(remote.ca.key)));
      const bits = Buffer.concat([Buffer.from([0x03, mine.length + 1, 0]), mine]);
      const all = Buffer.concat([odd, algorithm.whole, signed ? bits : signature.whole]);
      const der = Buffer.concat([Buffer.from([0x30, 0x82, all.length >> 8, all.length & 0xff]), all]);
      const certificate = at(`odd-${signed ? "signed" : "forged"}-${end.length}.pem`);
      await writeFile(
        certificate,
        `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----\n`,
      );
      return { certificate, key: admin.key };
    };

    it(`sends a client away whose certificate is one ${what}, though a CA signed it`, async () => {
      assert.deepEqual(await remote.knock(await other(true)), SENT_AWAY);
      await refused("CERTIFICATE_UNREADABLE");
    });

    it(`sends a client away whose certificate is one ${what}, and nobody signed it`, async () => {
      assert.deepEqual(await remote.knock(await other(false)), SENT_AWAY);
      await refused("CERT_SIGNATURE_FAILURE");
    });
  }
});
