// vgpuctl on another machine: what it can by TLS, and what it says when it cannot.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { copyFile, writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { promisify } from "node:util";
import { ownLimit } from "../../../agent/cli/client/limit.ts";
import { connect } from "../../../agent/cli/client/vgpud.ts";
import { vgpuctl, type Ran } from "../../unit/cli/vgpuctl.ts";
import { Authority, type Pair } from "./authority.ts";
import { ADMIN, READ, RemoteWorld } from "./remote-world.ts";

interface Given {
  readonly pair?: Pair;
  readonly address?: string;
  readonly ca?: string;
  readonly name?: string;
}

describe("vgpuctl by TLS", () => {
  let remote: RemoteWorld;
  let admin: Pair;
  before(async () => {
    remote = await RemoteWorld.start();
    admin = await remote.client("operator", ADMIN);
  });
  after(async () => {
    await remote[Symbol.asyncDispose]();
  });

  const flags = ({
    pair = admin,
    address = remote.address,
    ca = remote.ca.certificate,
    name,
  }: Given): string[] => [
    ...["--address", address, "--tls-ca", ca, "--tls-certificate", pair.certificate, "--tls-key", pair.key],
    ...(name === undefined ? [] : ["--tls-server-name", name]),
  ];
  const ran = (words: readonly string[], given: Given = {}): Promise<Ran> =>
    vgpuctl(undefined, [...words, ...flags(given)]);
  const refused = async (code: number, says: RegExp, given: Given, words = ["gpus"]): Promise<void> => {
    const { exitCode, stdout, stderr } = await ran(words, given);
    assert.deepEqual([exitCode, stdout], [code, ""], stderr);
    assert.match(stderr, says);
  };

  it("reads and changes as by the socket", async () => {
    assert.match((await ran(["gpus", "-o", "name"])).stdout, /^0000:00:02\.0\n$/);
    const drained = await ran(["drain", "0000:00:02.0"]);
    assert.equal(drained.exitCode, 0, drained.stderr);
    const undrained = await ran(["undrain"]);
    assert.equal(undrained.exitCode, 0, undrained.stderr);
    assert.match(
      undrained.stderr,
      /still drained: vgpuctl --address 127\.0\.0\.1:\d+ --tls-ca \S+ --tls-certificate \S+ --tls-key \S+ undrain 0000:00:02\.0/,
    );
  });

  it("finds a host by the name of its certificate", async () => {
    assert.equal((await ran(["gpus"], { name: "host.test" })).exitCode, 0);
    await refused(
      8,
      /the certificate of 127\.0\.0\.1:\d+ is not one of other\.test\nhint: --tls-server-name/,
      { name: "other.test" },
    );
  });

  it("says what a role lacks, and asks for no root of this machine", async () => {
    const pair = await remote.client("watcher", READ);
    const says =
      /\[SOCKET_READ_ONLY\]\nhint: --tls-certificate and --tls-key take those of a client whose role is admin there\n$/;
    await refused(4, says, { pair }, ["drain"]);
  });

  it("refuses a certificate that OpenSSL does not take, by its file", async () => {
    const [key, certificate] = ["weak.key", "weak.pem"].map((name) => path.join(remote.ca.folder, name));
    const made = ["-x509", "-nodes", "-newkey", "rsa:512", "-subj", "/CN=weak", "-keyout", key ?? ""];
    await promisify(execFile)("openssl", ["req", ...made, "-out", certificate ?? ""]);
    const pair = { key: key ?? "", certificate: certificate ?? "" };
    await refused(2, /--tls-certificate \S+weak\.pem cannot be used: .*key too small/, { pair });
  });

  it("gives up a host that is silent after the limit of connecting, however long a call may take", async () => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    const words = ["gpus", "--timeout", "10m", ...flags({ address: `127.0.0.1:${port}` })];
    const { exitCode, stderr } = await vgpuctl(undefined, words, {
      connect: (options) => connect({ ...options, connectTimeout: ownLimit(100) }),
    });
    server.close();
    assert.match(stderr, /what listens at 127\.0\.0\.1:\d+ takes connections and says nothing/);
    assert.equal(exitCode, 8);
  });

  it("tells of a certificate that is not let in what is to be seen here", async () => {
    const nameless = await remote.ca.sign("nameless");
    await refused(
      4,
      /does not let this certificate in\n.*CN=nameless, serial [0-9A-F]+\n {2}it has no URI .*\nhint: that host's log says why: /,
      { pair: nameless },
    );
    const late = await remote.ca.sign("late", { names: `URI:${ADMIN}`, days: -1 });
    await refused(4, /CN=late, .*\n {2}it has expired: /, { pair: late });
    const other = await (
      await Authority.root(path.join(remote.folder, "other"), "other")
    ).sign("x", { names: `URI:${ADMIN}` });
    await refused(4, /does not let this certificate in\n/, { pair: other });
  });

  it("does not speak to a host whose certificate it has no CA for", async () => {
    const { certificate } = await Authority.root(path.join(remote.folder, "trusted"), "trusted");
    await refused(8, /the certificate of 127\.0\.0\.1:\d+ is not trusted \([A-Z_]+\)\nhint: --tls-ca takes/, {
      ca: certificate,
    });
  });

  it("tells of what is no listener for TLS", async () => {
    const plain = net.createServer((socket) =>
      socket
        .on("error", () => undefined)
        .resume()
        .end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    );
    await once(plain.listen(0, "127.0.0.1"), "listening");
    const { port } = plain.address() as net.AddressInfo;
    await refused(8, /what listens at 127\.0\.0\.1:\d+ does not speak TLS 1\.3/, {
      address: `127.0.0.1:${port}`,
    });
    plain.close();
    await once(plain, "close");
    await refused(
      8,
      /nobody listens at 127\.0\.0\.1:\d+\nhint: vgpud may not be running there: .*; on that host tls\.listen/,
      {
        address: `127.0.0.1:${port}`,
      },
    );
  });

  it("gives up on a host that takes connections and says nothing, and leads to its vgpud", async () => {
    const silent = net.createServer();
    await once(silent.listen(0, "127.0.0.1"), "listening");
    const { port } = silent.address() as net.AddressInfo;
    await refused(
      8,
      /takes connections and says nothing\nhint: that host is overloaded, or its vgpud is stuck; on that host: systemctl/,
      { address: `127.0.0.1:${port}` },
      ["gpus", "--timeout", "200ms"],
    );
    silent.close();
  });

  it("names the file that is wrong", async () => {
    const empty = path.join(remote.folder, "empty.pem");
    await writeFile(empty, "");
    const foreign = path.join(remote.folder, "foreign.key");
    await copyFile((await remote.ca.sign("foreign")).key, foreign);
    await refused(2, /cannot read --tls-ca \/nonexistent: there is no such file/, { ca: "/nonexistent" });
    await refused(2, /--tls-certificate \S+ holds no certificate in PEM/, {
      pair: { ...admin, certificate: empty },
    });
    await refused(2, /--tls-key \S+ holds no private key in PEM without a passphrase/, {
      pair: { ...admin, key: empty },
    });
    await refused(2, /--tls-key \S+ is not the key of --tls-certificate/, {
      pair: { ...admin, key: foreign },
    });
  });
});
