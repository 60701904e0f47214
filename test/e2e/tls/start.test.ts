// A TLS listener that cannot be had: what vgpud says, and that it serves nothing instead.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { AgentProcess, type Ended } from "../harness/agent-process.ts";
import { Authority } from "./authority.ts";
import { filesIn, settingsOf, type TlsFilePaths } from "./remote-world.ts";

const run = promisify(execFile);

describe("the start with a TLS listener", () => {
  let folder: string;
  let ca: Authority;
  let files: TlsFilePaths;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "vgpud-tls-start-"));
    ca = await Authority.root(path.join(folder, "ca"), "clients");
  });
  beforeEach(async () => {
    files = await filesIn(folder, ca);
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });

  const started = async (settings: string): Promise<Ended> => {
    const config = path.join(folder, "vgpud.yaml");
    await writeFile(config, settings);
    await using agent = new AgentProcess(["--simulate", "--config", config]);
    return await agent.ended;
  };
  const refused = async (says: RegExp, settings = settingsOf(files, true)): Promise<void> => {
    const { code, stdout, stderr } = await started(settings);
    assert.deepEqual([code, stdout], [78, ""], stderr);
    assert.match(stderr, says);
  };

  it("fails with every file that is missing", async () => {
    await Promise.all([rm(files.key), rm(files.client_ca), rm(files.revocation_list)]);
    const { code, stderr } = await started(settingsOf(files, true));
    assert.equal(code, 78);
    assert.deepEqual(
      stderr.split("\n").map((line) => /^vgpud: (tls\.\w+): \S+: ENOENT/.exec(line)?.[1]),
      ["tls.key", "tls.client_ca", "tls.revocation_list"],
    );
  });

  it("fails with a key that others can read, and says how it is to be", async () => {
    await chmod(files.key, 0o644);
    await refused(
      /^vgpud: tls\.key: \S+host\.key: every user of the host has rights on it \(mode 0644\); .*0600, .*0640$/,
    );
  });

  it("fails with a key that needs a passphrase", async () => {
    await run("openssl", [
      "genpkey",
      "-algorithm",
      "ED25519",
      "-aes256",
      "-pass",
      "pass:x",
      "-out",
      files.key,
    ]);
    await refused(
      /^vgpud: tls\.key: \S+: it is encrypted, and nobody is there to be asked for its passphrase$/,
    );
  });

  it("fails with a key of another certificate", async () => {
    await copyFile((await ca.sign("another")).key, files.key);
    await refused(/^vgpud: tls\.key: \S+host\.key: it is not the key of \S+host\.pem$/);
  });

  it("fails with clients' CAs of which one is none", async () => {
    await copyFile(files.certificate, files.client_ca);
    await refused(/^vgpud: tls\.client_ca: \S+: its certificate of CN=host is none of a CA$/m);
  });

  it("fails with a revocation list of others, since nobody would be let in", async () => {
    const other = await Authority.root(path.join(folder, "other"), "others");
    await writeFile(files.revocation_list, await other.list());
    await refused(
      /^vgpud: tls\.revocation_list: \S+: it has no list of CN=clients \(serial \w+\); each CA of tls\.client_ca needs one/,
    );
    await writeFile(files.revocation_list, "soon\n");
    await refused(/^vgpud: tls\.revocation_list: \S+: it holds no revocation list in PEM$/);
  });

  it("fails without a certificate, a key, or CAs of clients: there is neither plain text nor TLS without them", async () => {
    await refused(
      /vgpud\.yaml:1:16: tls\.listen: it needs tls\.certificate, .*\n.*tls\.listen: it needs tls\.key, .*\n.*tls\.listen: it needs tls\.client_ca, /,
      "tls: { listen: '127.0.0.1:0' }",
    );
  });

  it("fails with a name for an address, and with roles that are no URIs", async () => {
    await refused(/tls\.listen: "host\.test:1" is not allowed/, settingsOf(files, true, "host.test:1"));
    await refused(/tls_roles\.admin\[0\]: "scheduler" is not allowed/, "tls_roles: { admin: [scheduler] }");
  });

  it("fails where somebody has the port, and says what to set", async () => {
    const other = net.createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as net.AddressInfo;
    const { code, stderr } = await started(settingsOf(files, true, `127.0.0.1:${port}`));
    other.close();
    assert.equal(code, 69);
    assert.match(
      stderr,
      new RegExp(`cannot listen for TLS on 127\\.0\\.0\\.1 port ${port}: .*EADDRINUSE.*set tls\\.listen`),
    );
  });
});
