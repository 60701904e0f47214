// Certificates, lists and roles that change while vgpud serves: taken over without a restart, and felt by who is connected.
import assert from "node:assert/strict";
import { once } from "node:events";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import type tls from "node:tls";
import { HostServiceService as Hosts } from "../../../proto/gen/vgpud/v1/host_service.ts";
import { until } from "../harness/until.ts";
import { Authority, type Pair } from "./authority.ts";
import { ADMIN, hostPair, READ, RemoteWorld } from "./remote-world.ts";

const SENT_AWAY = { secured: true, bytes: 0, error: undefined };

describe("a TLS listener whose files change", () => {
  let remote: RemoteWorld;
  let admin: Pair;
  before(async () => {
    remote = await RemoteWorld.start();
    admin = await remote.client("scheduler", ADMIN);
  });
  after(async () => {
    await remote[Symbol.asyncDispose]();
  });

  const ended = (socket: tls.TLSSocket): Promise<unknown> => once(socket, "close");
  /** A connection that has begun and says nothing: who comes after it has been let in. */
  const silent = async (): Promise<net.Socket> => {
    const socket = net.connect(remote.port, "127.0.0.1");
    await once(socket, "connect");
    (await remote.letIn(admin)).destroy();
    return socket;
  };
  const shownTo = async (pair: Pair): Promise<string> => {
    const socket = await remote.letIn(pair);
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };

  it("shows a renewed certificate by itself, and keeps the connections that stand", async () => {
    const before = await shownTo(admin);
    const standing = await remote.letIn(admin);
    const { certificate, key } = await hostPair(remote.ca);
    await remote.replace("certificate", await readFile(certificate, "utf8"));
    await remote.replace("key", await readFile(key, "utf8"));
    await remote.world.agent.logged(/the TLS listener uses its files as they are now/);
    assert.notEqual(await shownTo(admin), before);
    assert.equal(standing.destroyed, false);
    standing.destroy();
  });

  it("tells by a condition that its certificate ends soon, until another is in its place", async () => {
    const replaced = async ({ certificate, key }: Pair): Promise<void> => {
      await remote.replace("certificate", await readFile(certificate, "utf8"));
      await remote.replace("key", await readFile(key, "utf8"));
      await remote.reload();
    };
    const told = async (): Promise<string | undefined> => {
      const { host } = await remote.world.rpc.call(Hosts.getHost, {});
      return host?.conditions.find(({ reason }) => reason === "TLS_FILE_ENDS")?.message;
    };
    assert.equal(await told(), undefined);
    const names = "DNS:host.test,IP:127.0.0.1";
    await replaced(await remote.ca.sign("brief-host", { names, usage: "serverAuth", days: 0.1 }));
    const message = await until("it is told", told);
    assert.match(message, /^CN=brief-host \(serial [0-9A-F]+\) in tls\.certificate ends soon, at \d{4}-/);
    await replaced(await hostPair(remote.ca));
    await until("it is told no more", async () => (await told()) === undefined);
  });

  it("goes on with the files before when new ones are wrong, and says what is wrong with them", async () => {
    const [certificate, serial] = [await readFile(remote.file("certificate"), "utf8"), await shownTo(admin)];
    await remote.replace("certificate", certificate.slice(0, 300));
    await remote.reload(/TLS files not taken over; those before still hold/);
    assert.match(
      remote.world.agent.log,
      /"key":"tls\.certificate","why":"[^"]*host\.pem: it holds no certificate in PEM"/,
    );
    assert.match(await remote.world.scrape(), /^vgpud_tls_last_reload_successful 0$/m);
    assert.equal(await shownTo(admin), serial);
    const other = await hostPair(remote.ca);
    await remote.replace("certificate", await readFile(other.certificate, "utf8"));
    await remote.reload(/it is not the key of/);
    assert.equal(await shownTo(admin), serial);
    await remote.replace("certificate", certificate);
    await remote.reload();
    assert.match(await remote.world.scrape(), /^vgpud_tls_last_reload_successful 1$/m);
  });

  it("goes on with the list before when a new one is signed by another CA of the same name", async () => {
    const twin = await Authority.root(path.join(remote.folder, "twin"), "clients");
    await remote.replace("revocation_list", await twin.list());
    await remote.reload(/TLS files not taken over; those before still hold/);
    assert.match(
      remote.world.agent.log,
      /"key":"tls\.revocation_list","why":"[^"]*clients\.crl: its list of CN=clients is not signed by the CA of that name/,
    );
    (await remote.letIn(admin)).destroy();
    await remote.setList();
    await remote.reload();
    (await remote.letIn(admin)).destroy();
  });

  it("ends the connections of a certificate that is revoked, and of no other", async () => {
    const gone = await remote.client("gone", ADMIN);
    const [theirs, ours] = await Promise.all([remote.letIn(gone), remote.letIn(admin)]);
    await remote.ca.revoke(gone);
    await remote.setList();
    remote.world.agent.signal("SIGHUP");
    await ended(theirs);
    await remote.world.agent.logged(
      /"check":"CERT_REVOKED".*"subject":"CN=gone".*"msg":"TLS connection ended"/,
    );
    assert.deepEqual(await remote.knock(gone), SENT_AWAY);
    assert.equal(ours.destroyed, false);
    ours.destroy();
  });

  it("refuses a certificate that was revoked since its connection began", async () => {
    const gone = await remote.client("slow", ADMIN);
    await remote.ca.revoke(gone);
    const list = await remote.ca.list();
    const socket = await silent();
    await remote.replace("revocation_list", list);
    await remote.reload();
    assert.deepEqual(await remote.knock(gone, { socket }), SENT_AWAY);
    await remote.world.agent.logged(
      /"check":"CERT_REVOKED".*"subject":"CN=slow".*"msg":"TLS connection refused"/,
    );
  });

  it("cuts off the call of a client whose certificate is revoked", async () => {
    const gone = await remote.client("caller", ADMIN);
    using rpc = await remote.rpc(gone);
    const watching = rpc.first("/vgpud.v1.WatchService/Watch", Buffer.alloc(0));
    await watching;
    const stream = rpc.stream(
      {
        path: "/grpc.health.v1.Health/Watch",
        requestSerialize: (bytes: Buffer) => bytes,
        responseDeserialize: (bytes: Buffer) => bytes,
      },
      Buffer.alloc(0),
    );
    await once(stream, "data");
    const cut = once(stream, "error");
    await remote.ca.revoke(gone);
    await remote.setList();
    remote.world.agent.signal("SIGHUP");
    await cut;
  });

  it("ends the connection of a certificate when its time is over", async () => {
    const brief = await remote.ca.sign("brief", { names: `URI:${ADMIN}`, days: 3 / 86_400 });
    await ended(await remote.letIn(brief));
    await remote.world.agent.logged(
      /"check":"CERT_HAS_EXPIRED".*"subject":"CN=brief".*"msg":"TLS connection ended"/,
    );
  });

  it("ends the connection of a certificate when the time of the CA that signed it is over", async () => {
    const between = await remote.ca.intermediate(path.join(remote.folder, "brief"), "between", 8 / 86_400);
    const { certificate, key } = await between.sign("outlives", { names: `URI:${ADMIN}` });
    await writeFile(certificate, await readFile(between.certificate), { flag: "a" });
    await remote.replace("revocation_list", `${await remote.ca.list()}${await between.list()}`);
    await remote.reload();
    await ended(await remote.letIn({ certificate, key }));
    await remote.world.agent.logged(
      /"check":"CERT_HAS_EXPIRED".*"subject":"CN=outlives".*"msg":"TLS connection ended"/,
    );
    await remote.setList();
    await remote.reload();
  });

  it("takes a role away, or changes it, for those who are connected", async () => {
    const [one, two] = await Promise.all([
      remote.client("one", "test:one"),
      remote.client("two", "test:two"),
    ]);
    const file = path.join(remote.world.host.directory, "vgpud.yaml");
    const text = await readFile(file, "utf8");
    const give = async (roles: string): Promise<void> => {
      await writeFile(file, text.replace(/^tls_roles:.*$/m, `tls_roles: ${roles}`));
      remote.world.agent.signal("SIGHUP");
    };
    assert.deepEqual(await remote.knock(one), SENT_AWAY);
    await give('{ admin: ["test:one", "test:two"] }');
    const sockets = await until("both are let in", async () => {
      const met = await Promise.all([one, two].map((pair) => remote.letIn(pair).catch(() => undefined)));
      return met.every((socket) => socket !== undefined) && met;
    });
    await give('{ admin: [], read: ["test:two"] }');
    await Promise.all(sockets.map(ended));
    await remote.world.agent.logged(/"check":"NO_ROLE".*"subject":"CN=one".*"msg":"TLS connection ended"/);
    await remote.world.agent.logged(/"check":"OTHER_ROLE".*"subject":"CN=two".*"msg":"TLS connection ended"/);
    assert.deepEqual(await remote.knock(one), SENT_AWAY);
    (await remote.letIn(two)).destroy();
    await give(`{ admin: ["${ADMIN}"], read: ["${READ}"] }`);
    await until("the scheduler is let in", () =>
      remote.letIn(admin).then(
        (socket) => socket.destroy().destroyed,
        () => false,
      ),
    );
  });

  it("lets nobody in by a list that is past its next update", async () => {
    await remote.setList(1);
    await remote.reload();
    await until("the list is over", async () => (await remote.knock(admin)).bytes === 0);
    await remote.world.agent.logged(
      /"check":"CRL_HAS_EXPIRED","why":"tls\.revocation_list is past its next update/,
    );
    await remote.world.agent.logged(
      /"key":"tls\.revocation_list","part":"CN=clients [^"]+","ends":"[^"]+","msg":"TLS file is over/,
    );
    await remote.setList();
    await remote.reload();
    (await remote.letIn(admin)).destroy();
  });

  it("asks everybody anew when the CAs of clients are others", async () => {
    const standing = await remote.letIn(admin);
    const next = await Authority.root(path.join(remote.folder, "next"), "next");
    const list = await next.list();
    const socket = await silent();
    await copyFile(next.certificate, remote.file("client_ca"));
    await remote.replace("revocation_list", list);
    remote.world.agent.signal("SIGHUP");
    await ended(standing);
    assert.deepEqual(await remote.knock(admin, { socket }), SENT_AWAY);
    await remote.world.agent.logged(/"check":"OTHER_CAS".*"msg":"TLS connection refused"/);
    assert.deepEqual(await remote.knock(admin), SENT_AWAY);
    (await remote.letIn(await next.sign("newcomer", { names: `URI:${ADMIN}` }))).destroy();
  });
});
