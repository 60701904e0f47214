// Who signed a revocation list, by openssl's own lists, with keys and digests of every kind that is read.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { readMaterial, type TlsFiles } from "../../../../agent/host/tls/material.ts";
import { readRevocationList } from "../../../../agent/host/tls/revocation-list.ts";
import { isSignedBy } from "../../../../agent/host/tls/revocation-signature.ts";
import { Authority } from "../../../e2e/tls/authority.ts";
import { filesIn } from "../../../e2e/tls/remote-world.ts";

const run = promisify(execFile);
const EC = ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const RSA = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
const pss = (...more: readonly string[]) => ["-sigopt", "rsa_padding_mode:pss", ...more];

describe("the signature of a revocation list", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "vgpud-crl-"));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  /** The list of a CA of that name in DER, and the CA's certificate. */
  async function listed(
    key: readonly string[],
    digest: readonly string[] = [],
  ): Promise<{ readonly der: Buffer; readonly ca: X509Certificate }> {
    const inside = await mkdtemp(path.join(folder, "ca-"));
    const at = (name: string): string => path.join(inside, name);
    await run("openssl", ["genpkey", "-algorithm", ...key, "-out", at("ca.key")]);
    const self = ["req", "-x509", "-key", at("ca.key"), "-subj", "/CN=clients", "-days", "9"];
    await run("openssl", [...self, "-out", at("ca.pem")]);
    await writeFile(at("index.txt"), "");
    await writeFile(
      at("ca.cnf"),
      `[ca]\ndefault_ca = a\n[a]\ndatabase = ${at("index.txt")}\ndefault_md = default\ndefault_crl_days = 9\n`,
    );
    const files = ["-cert", at("ca.pem"), "-keyfile", at("ca.key"), "-out", at("list.crl")];
    await run("openssl", ["ca", "-config", at("ca.cnf"), "-gencrl", ...files, ...digest]);
    await run("openssl", ["crl", "-in", at("list.crl"), "-outform", "DER", "-out", at("list.der")]);
    return { der: await readFile(at("list.der")), ca: new X509Certificate(await readFile(at("ca.pem"))) };
  }

  const kinds: Readonly<Record<string, readonly [key: readonly string[], digest?: readonly string[]]>> = {
    "ECDSA with SHA-256": [EC],
    "ECDSA with SHA-384": [
      ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
      ["-md", "sha384"],
    ],
    "RSA with SHA-256": [RSA],
    "RSA with SHA-512": [RSA, ["-md", "sha512"]],
    "RSA-PSS with a salt as long as its hash": [RSA, pss("-sigopt", "rsa_pss_saltlen:digest")],
    "RSA-PSS with the longest salt": [RSA, ["-md", "sha384", ...pss("-sigopt", "rsa_pss_saltlen:max")]],
    "a key for RSA-PSS alone": [["RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"]],
    Ed25519: [["ED25519"]],
    Ed448: [["ED448"]],
  };
  for (const [kind, [key, digest]] of Object.entries(kinds))
    it(`is the CA's and no other's by ${kind}`, async () => {
      const { der, ca } = await listed(key, digest);
      const other = await listed(key, digest);
      assert.equal(isSignedBy(der, ca.publicKey), true);
      assert.equal(isSignedBy(der, other.ca.publicKey), false);
    });

  it("is not the CA's once a byte of the list is another, and never that of a key of another kind", async () => {
    const { der, ca } = await listed(EC);
    const at = der.indexOf("clients");
    const changed = Buffer.from(der);
    changed.write("Clients", at);
    assert.equal(isSignedBy(changed, ca.publicKey), false);
    assert.equal(isSignedBy(der, (await listed(RSA)).ca.publicKey), false);
  });

  it("is told not to be checked where its digest is forbidden, and not to be another's", async () => {
    const { der } = await listed(RSA, pss("-sigopt", "rsa_pss_saltlen:digest"));
    // As by the policy of a system that takes no SHA-1 any more.
    const only = ["rsa_pss_keygen_md:sha512", "rsa_pss_keygen_mgf1_md:sha512"];
    const strict = await listed(
      ["RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", ...only.flatMap((each) => ["-pkeyopt", each])],
      ["-md", "sha512"],
    );
    assert.throws(
      () => isSignedBy(der, strict.ca.publicKey),
      /does not check its signature by sha256 here \(.*digest not allowed\)/,
    );
    assert.equal(isSignedBy(strict.der, strict.ca.publicKey), true);
  });

  it("is told to be unknown where it is made in another way", async () => {
    const { der, ca } = await listed(RSA, pss("-sigopt", "rsa_mgf1_md:sha512"));
    assert.throws(() => isSignedBy(der, ca.publicKey), /algorithm that is not known here/);
  });
});

describe("a revocation list", () => {
  /** Version 1, an algorithm, an issuer without a name, this update, next update. */
  const listUntil = (nextUpdate: string): Buffer => {
    const element = (tag: number, content: Buffer): Buffer =>
      Buffer.concat([Buffer.from([tag, content.length]), content]);
    const none = element(0x30, Buffer.alloc(0));
    const times = ["261129120000Z", nextUpdate].map((time) => element(0x17, Buffer.from(time)));
    return element(0x30, element(0x30, Buffer.concat([none, none, ...times])));
  };

  it("is read with its times", () => {
    const day = 86_400_000;
    const { validity } = readRevocationList(listUntil("261130120000Z"));
    assert.deepEqual(validity, { from: Date.UTC(2026, 10, 29, 12), until: Date.UTC(2026, 10, 29, 12) + day });
  });

  it("is refused with a time that no calendar has", () => {
    for (const time of ["261329120000Z", "261100120000Z", "261129250000Z"])
      assert.throws(() => readRevocationList(listUntil(time)), /a time that no calendar has/);
  });
});

describe("the files of a TLS listener with a list that its CA has not signed", () => {
  let folder: string;
  let ca: Authority;
  let files: TlsFiles;
  const list = (): string => files.revocationList ?? "";
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "vgpud-crl-files-"));
    ca = await Authority.root(path.join(folder, "ca"), "clients");
    const { certificate, key, client_ca: clientCa, revocation_list } = await filesIn(folder, ca);
    files = { certificate, key, clientCa, revocationList: revocation_list };
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  it("are refused, though its name is the CA's", async () => {
    const twin = await Authority.root(path.join(folder, "twin"), "clients");
    await writeFile(list(), await twin.list());
    await assert.rejects(
      readMaterial(files),
      /clients\.crl: its list of CN=clients is not signed by the CA of that name in tls\.client_ca/,
    );
    // Beside the right one, too: OpenSSL might look at the wrong one.
    await writeFile(list(), `${await ca.list()}${await twin.list()}`);
    await assert.rejects(readMaterial(files), /is not signed by the CA of that name/);
  });

  it("are taken with a list for each of two CAs of one name, and refused with one for both", async () => {
    const twin = await Authority.root(path.join(folder, "twin-2"), "clients");
    const pems = await Promise.all([ca, twin].map(({ certificate }) => readFile(certificate, "utf8")));
    await writeFile(files.clientCa, pems.join(""));
    await writeFile(list(), `${await ca.list()}${await twin.list()}`);
    assert.equal((await readMaterial(files)).revocationLists.length, 2);
    await writeFile(list(), await ca.list());
    await assert.rejects(readMaterial(files), /it has no list of CN=clients \(serial [0-9A-F]+\)/);
    await writeFile(files.clientCa, pems[0] ?? "");
  });

  it("are taken with a list of a CA between, which only clients' connections show", async () => {
    const between = await ca.intermediate(path.join(folder, "between"), "between");
    await writeFile(list(), `${await ca.list()}${await between.list()}`);
    assert.equal((await readMaterial(files)).revocationLists.length, 2);
  });
});
