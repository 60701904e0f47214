// The files of a TLS listener, judged before any of them is used.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { readMaterial, type TlsFiles } from "../../../../agent/host/tls/material.ts";
import { present } from "../../../e2e/harness/agent-calls.ts";
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

  const all = async (...of: readonly Promise<string>[]): Promise<string> => (await Promise.all(of)).join("");
  const pem = (file: string): Promise<string> => readFile(file, "utf8");
  const endsOf = async (file: "certificate" | "clientCa" | "revocationList") => {
    const { parts, last } = present((await readMaterial(files)).lifetimes[file]);
    return { parts: parts.map(({ name }) => name.replace(/ \(serial .*/, "")), last: last?.validity.until };
  };

  it("end with the host's own certificate, whatever stands behind it", async () => {
    const between = await ca.intermediate(path.join(folder, "behind"), "behind", 20);
    const { certificate, key } = await between.sign("brief", { days: 2 });
    await writeFile(files.certificate, await all(pem(certificate), pem(between.certificate)));
    await writeFile(files.key, await pem(key), { mode: 0o600 });
    const { parts, last } = await endsOf("certificate");
    assert.deepEqual(parts, ["CN=brief", "CN=behind"]);
    assert.equal(last, Date.parse(new X509Certificate(await pem(certificate)).validTo));
  });

  it("end with the last CA, and with the last list of one", async () => {
    const brief = await other.intermediate(path.join(folder, "brief-ca"), "brief", 2);
    await writeFile(files.clientCa, await all(pem(brief.certificate), pem(ca.certificate)));
    await writeFile(files.revocationList ?? "", await all(brief.list(60), ca.list(7200), other.list(90_000)));
    const cas = await endsOf("clientCa");
    assert.deepEqual(cas.parts, ["CN=brief", "CN=clients"]);
    assert.equal(cas.last, Date.parse(new X509Certificate(await pem(ca.certificate)).validTo));
    // That of a CA which is not there counts for itself alone.
    const { parts, last } = await endsOf("revocationList");
    assert.deepEqual(parts, ["CN=brief", "CN=clients", "CN=others"]);
    const { revocationLists } = await readMaterial(files);
    assert.equal(last, revocationLists[1]?.validity?.until);
  });

  it("have of one CA what is good the longest: its list, and its certificate with the same key", async () => {
    const renewed = path.join(folder, "renewed.pem");
    const self = ["req", "-x509", "-key", ca.key, "-subj", "/CN=clients", "-days", "60", "-out", renewed];
    await run("openssl", self);
    await writeFile(files.clientCa, await all(pem(ca.certificate), pem(renewed)));
    await writeFile(files.revocationList ?? "", `${await ca.list(60)}${await ca.list(7200)}`);
    const cas = await endsOf("clientCa");
    assert.deepEqual(cas.parts, ["CN=clients"]);
    assert.equal(cas.last, Date.parse(new X509Certificate(await pem(renewed)).validTo));
    const { parts, last } = await endsOf("revocationList");
    assert.deepEqual(parts, ["CN=clients"]);
    const { revocationLists } = await readMaterial(files);
    assert.equal(last, revocationLists[1]?.validity?.until);
  });
});
