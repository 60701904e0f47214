// The files of a TLS listener, judged before any of them is used.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { readMaterial, type TlsFiles } from "../../../../agent/host/tls/material.ts";
import { Authority } from "../../../e2e/tls/authority.ts";
import { filesIn } from "../../../e2e/tls/remote-world.ts";

const run = promisify(execFile);

describe("the files of a TLS listener", () => {
  let folder: string;
  let ca: Authority;
  let other: Authority;
  let files: TlsFiles;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "vgpud-tls-material-"));
    ca = await Authority.root(path.join(folder, "ca"), "clients");
    other = await Authority.root(path.join(folder, "other"), "others");
  });
  beforeEach(async () => {
    const { certificate, key, client_ca: clientCa, revocation_list: list } = await filesIn(folder, ca);
    files = { certificate, key, clientCa, revocationList: list };
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  it("are refused while the second CA, or the second list, is not written to its end", async () => {
    const [cas, lists] = await Promise.all([
      Promise.all([ca, other].map(({ certificate }) => readFile(certificate, "utf8"))),
      Promise.all([ca.list(), other.list()]),
    ]);
    await writeFile(files.revocationList ?? "", lists.join(""));
    await writeFile(files.clientCa, cas.join(""));
    await readMaterial(files);
    const [first = "", second = ""] = cas;
    for (const part of [12, 300, second.length - 3]) {
      await writeFile(files.clientCa, `${first}${second.slice(0, part)}`);
      await assert.rejects(readMaterial(files), /clients-ca\.pem: of its 2 parts in PEM 1 are a whole "CERT/);
    }
    await writeFile(files.clientCa, first);
    await writeFile(files.revocationList ?? "", lists.join("").slice(0, -30));
    await assert.rejects(readMaterial(files), /clients\.crl: of its 2 parts in PEM 1 are a whole "X509 CRL"/);
  });

  it("are refused with a CA in a form that is not looked at, and that OpenSSL would take", async () => {
    const trusted = path.join(folder, "trusted.pem");
    await run("openssl", ["x509", "-in", other.certificate, "-trustout", "-out", trusted]);
    await writeFile(
      files.clientCa,
      `${await readFile(ca.certificate, "utf8")}${await readFile(trusted, "utf8")}`,
    );
    await assert.rejects(readMaterial(files), /clients-ca\.pem: of its 2 parts .*something else beside/);
  });

  it("are the same CAs where only the text for people is another", async () => {
    const { clientCa } = await readMaterial(files);
    await writeFile(files.clientCa, `# the clients'\n${await readFile(files.clientCa, "utf8")}\n`);
    assert.equal((await readMaterial(files)).clientCa, clientCa);
  });
});
