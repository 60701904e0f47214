// vgpuctl schedule with a real Placement in front of two simulated hosts.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { ownLimit } from "../../../agent/cli/client/limit.ts";
import { connect } from "../../../agent/cli/client/vgpud.ts";
import { exitCodes } from "../../../agent/cli/errors/exit-codes.ts";
import { startPlacement, type Placement } from "../../schedulers/placement.ts";
import { TwoHosts } from "../../schedulers/two-hosts.ts";
import type { Ran } from "../../unit/cli/vgpuctl.ts";
import { ADMIN, READ, RemoteWorld } from "../tls/remote-world.ts";
import { until } from "../harness/until.ts";
import { type } from "../harness/requests.ts";
import { HostServiceService as Hosts } from "../../../proto/gen/vgpud/v1/host_service.ts";
import type { World } from "../harness/world.ts";

const CLAIMS = { method: "PUT", path: /^\/allocations\// };
const INVENTORIES = { method: "PUT", path: /\/inventories$/ };

const madeSchema = z.looseObject({
  claim_id: z.string(),
  host: z.string().nullable(),
  booking: z.string(),
  candidates: z.array(z.looseObject({ host: z.string(), reason: z.string().nullable() })),
});
const listSchema = z.looseObject({
  claims: z.array(z.looseObject({ claim_id: z.string(), host: z.string(), domain: z.string().nullable() })),
});

describe("vgpuctl schedule", function () {
  this.timeout(180_000);
  let placement: Placement;
  let hosts: TwoHosts;
  before(async () => {
    placement = await startPlacement();
    hosts = await TwoHosts.start(placement);
  });
  /** Of others, on the first host. */
  let slices: readonly string[] = [];
  afterEach(async () => {
    for (const uuid of slices)
      await hosts.world(hosts.names[0]).host.control({ command: "remove-mdev", uuid });
    slices = [];
    hosts.asked.behave();
    hosts.told.behave();
    for (const { claim_id: claim, host } of listed(await hosts.schedule(["list", "-o", "json"])))
      assert.equal((await hosts.schedule(["destroy", claim, "--now", "--host", host])).exitCode, 0);
    await until("there is room again", async () => (await hosts.withRoom()).length === 2);
    hosts.asked.forget();
  });
  after(async () => {
    await (hosts as TwoHosts | undefined)?.[Symbol.asyncDispose]();
    await (placement as Placement | undefined)?.stop();
  });

  const create = (name: string, ...flags: readonly string[]): Promise<Ran> =>
    hosts.schedule(["create", "--flavor", "big", "--name", name, "-o", "json", ...flags]);
  const made = ({ stdout }: Ran) => madeSchema.parse(JSON.parse(stdout));
  const listed = ({ stdout }: Ran) => listSchema.parse(JSON.parse(stdout)).claims;
  const domainsOf = async (world: World): Promise<readonly string[]> =>
    (await world.domains()).map(({ name }) => name);

  it("makes each domain where there is room, tells who has none, and gives all back", async () => {
    const [first, second] = [made(await create("web-1")), made(await create("web-2"))];
    assert.deepEqual([first.host, second.host].sort(), hosts.names);
    assert.deepEqual(await domainsOf(hosts.world(first.host ?? "")), ["web-1"]);

    const third = await create("web-3");
    assert.equal(third.exitCode, exitCodes["no-room"]);
    assert.match(third.stderr, /Placement has no candidate for flavor big/);
    assert.equal(made(third).booking, "none");

    const claims = listed(await hosts.schedule(["list", "-o", "json"]));
    assert.deepEqual(claims.map(({ domain }) => domain).sort(), ["web-1", "web-2"]);

    const gone = await hosts.schedule(["destroy", "web-1", "--now"]);
    assert.equal(gone.exitCode, 0, gone.stderr);
    assert.equal(await hosts.isBooked(first.claim_id), false);
    assert.deepEqual(await domainsOf(hosts.world(first.host ?? "")), []);
    const again = await hosts.schedule(["destroy", first.claim_id]);
    assert.deepEqual([again.exitCode, again.stderr], [0, ""]);
    assert.match(again.stdout, /nothing to do/);
  });

  it("gives a claim back that its host refuses, and takes the next host", async () => {
    const [refuses, takes] = hosts.names;
    const world = hosts.world(refuses);
    // Placement is not told that the room is gone.
    hosts.told.misbehave(INVENTORIES, { kind: "unavailable" });
    slices = [randomUUID(), randomUUID()];
    for (const slice of slices)
      await world.host.control({ command: "create-mdev", gpu: "0000:00:02.0", type: type(2), uuid: slice });
    await until("the host has seen them", async () => (await world.vgpus()).length === slices.length);

    await hosts.showFirst(refuses);
    const ran = await create("web-1");
    assert.equal(ran.exitCode, 0, ran.stderr);
    const { host, claim_id: claim, candidates } = made(ran);
    assert.equal(host, takes);
    assert.deepEqual(
      candidates.map((each) => [each.host, each.reason]),
      [[refuses, "APERTURE_EXHAUSTED"]],
    );
    const ofClaim = hosts.asked.writes.filter(({ path }) => path === `/allocations/${claim}`);
    assert.deepEqual(
      ofClaim.map(({ method }) => method),
      ["PUT", "PUT", "PUT"],
    );
    assert.deepEqual(await domainsOf(world), []);
  });

  it("passes over a host that does not answer, and says so when there is no other", async () => {
    const [away, there] = hosts.names;
    const text = hosts.scheduleFile({ [away]: "/nonexistent/vgpud.sock" });
    const readText = hosts.readerWith(text);
    await hosts.showFirst(away);
    const argv = ["create", "--flavor", "big", "--name"];
    const ran = await hosts.schedule([...argv, "web-1", "-o", "json"], { readText });
    assert.equal(made(ran).host, there, ran.stdout + ran.stderr);
    const none = await hosts.schedule([...argv, "web-2"], { readText });
    assert.equal(none.exitCode, exitCodes.unreachable);
    assert.match(none.stdout, new RegExp(`${away} +0000:00:02.0 +passed over +.*no socket at /nonexistent`));
    const [claim = ""] = none.notes.map((note) => note.replace("claim id: ", ""));
    assert.equal(await hosts.isBooked(claim), false);
  });

  it("goes on when the answer to its claim is lost", async () => {
    hosts.asked.misbehave(CLAIMS, { kind: "lost reply" }, 1);
    const ran = await create("web-1");
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.equal(hosts.asked.seen.filter(({ method }) => method === "PUT").length, 1);
    assert.equal(await hosts.isBooked(made(ran).claim_id), true);
  });

  it("passes over hosts that take connections and hang, and books nothing there", async () => {
    const agents = hosts.names.map((name) => hosts.world(name).agent);
    for (const agent of agents) agent.signal("SIGSTOP");
    const ran = await create("web-1");
    for (const agent of agents) agent.signal("SIGCONT");
    assert.equal(ran.exitCode, exitCodes.unreachable, ran.stderr);
    const { claim_id: claim, booking } = made(ran);
    assert.deepEqual([booking, await hosts.isBooked(claim)], ["none", false]);
    assert.match(ran.stdout, /"message": ?"no answer from vgpud within 3s"/);
  });

  it("finds the domain of a call whose end is not known, and makes no second one", async () => {
    const agents = hosts.names.map((name) => hosts.world(name).agent);
    const argv = ["create", "--flavor", "big", "--name", "web-1", "-o", "json"];
    const ran = await hosts.schedule(argv, {
      connect: (options) => {
        const real = connect(options);
        // What comes before the create is given its time, on a slow machine, too.
        const hurried = connect({ ...options, timeout: ownLimit(2000) });
        // It hangs from when it was asked on.
        const createDomain: typeof real.createDomain = (request) => {
          for (const agent of agents) agent.signal("SIGSTOP");
          return hurried.createDomain(request);
        };
        const close = (): void => {
          real.close();
          hurried.close();
        };
        return { ...real, createDomain, close };
      },
    });
    for (const agent of agents) agent.signal("SIGCONT");
    assert.equal(ran.exitCode, exitCodes.failure);
    const { claim_id: claim, host, booking } = made(ran);
    assert.equal(booking, "held");
    assert.match(ran.stderr, /no answer from vgpud within 2s/);
    assert.equal(await hosts.isBooked(claim), true);

    const again = await create("web-1", "--claim-id", claim);
    assert.equal(again.exitCode, 0, again.stderr);
    assert.equal(made(again).host, host);
    const all = await Promise.all(hosts.names.map((name) => domainsOf(hosts.world(name))));
    assert.deepEqual(all.flat(), ["web-1"]);
    const status = await hosts.schedule(["status", claim]);
    assert.match(status.stdout, /^domain: +web-1$/m);
  });

  it("goes on with a domain whose booking was lost, where it is, and is sure of the others before", async () => {
    const line = ["create", "--flavor", "odd", "--name", "web-1", "-o", "json"];
    const [host, other] = hosts.names;
    await hosts.showFirst(host);
    const first = made(await hosts.schedule(line));
    assert.equal(first.host, host);
    const claim = first.claim_id;
    await placement.ask("DELETE", `/allocations/${claim}`);

    const says = new RegExp(`nothing is booked for claim ${claim}, and ${host} has a domain of it`);
    const ended = await hosts.schedule(["destroy", claim, "--now"]);
    assert.equal(ended.exitCode, exitCodes.failure, ended.stdout);
    assert.match(ended.stderr, says);

    const readText = hosts.readerWith(hosts.scheduleFile({ [host]: "/nonexistent/vgpud.sock" }));
    const unsure = await hosts.schedule([...line, "--claim-id", claim], { readText });
    assert.equal(unsure.exitCode, exitCodes.unreachable, unsure.stderr);
    assert.match(unsure.stderr, new RegExp(`and whether ${host} has a domain of it is not known`));

    await hosts.showFirst(other);
    const again = await hosts.schedule([...line, "--claim-id", claim]);
    assert.equal(again.exitCode, 0, again.stderr);
    assert.equal(made(again).host, host);
    assert.deepEqual(await domainsOf(hosts.world(other)), []);
    assert.equal(await hosts.isBooked(claim), true);
  });

  it("ends nothing by a name while a host does not answer that may have another domain of it", async () => {
    const [first, second] = [made(await create("web-1")), made(await create("web-2"))];
    const text = hosts.scheduleFile({ [second.host ?? ""]: "/nonexistent/vgpud.sock" });
    const ran = await hosts.schedule(["destroy", "web-1", "--now"], { readText: hosts.readerWith(text) });
    assert.equal(ran.exitCode, exitCodes.unreachable, ran.stderr);
    assert.match(
      ran.stderr,
      /which claim has domain web-1 is not known\n.*could not be asked: .*no socket at/,
    );
    assert.deepEqual(await domainsOf(hosts.world(first.host ?? "")), ["web-1"]);
    assert.equal(await hosts.isBooked(first.claim_id), true);
  });

  it("keeps what is booked where another host answers at the address", async () => {
    const { claim_id: claim, host } = made(await create("web-1"));
    const [one, other] = hosts.names;
    const swapped = { [one]: hosts.world(other).socket, [other]: hosts.world(one).socket };
    const readText = hosts.readerWith(hosts.scheduleFile(swapped));
    const ran = await hosts.schedule(["destroy", claim, "--now"], { readText });
    assert.equal(ran.exitCode, exitCodes.conflict, ran.stderr);
    const answers = host === one ? other : one;
    const says = `answers as ${host ?? ""} has no domain of claim .*, and is the vgpud of host ${answers}: it stays booked\n`;
    assert.match(ran.stderr, new RegExp(says));
    assert.match(ran.stderr, /hint: .* --host \S+ --now --schedule-file schedule\n/);
    const status = await hosts.schedule(["status", claim], { readText });
    assert.equal(status.exitCode, exitCodes.conflict, status.stdout);
    assert.match(status.stderr, new RegExp(`and is the vgpud of host ${answers}\n`));
    const list = await hosts.schedule(["list"], { readText });
    assert.match(list.stdout, new RegExp(`^${claim} +${host ?? ""} +0000:00:02\\.0 +\\? +-$`, "m"));
    const unknown = `domains of ${host ?? ""} are not known: what answers as ${host ?? ""} is the vgpud of host ${answers}`;
    assert.ok(
      list.stderr.startsWith(`warning: ${unknown}\nhint: is the address of the host right? `),
      list.stderr,
    );
    assert.equal(await hosts.isBooked(claim), true);
    assert.deepEqual(await domainsOf(hosts.world(host ?? "")), ["web-1"]);
  });

  it("gives back what no domain came for, without being told the host", async () => {
    const [host] = hosts.names;
    const claim = randomUUID();
    await hosts.book(claim, host);
    const status = await hosts.schedule(["status", claim]);
    assert.match(status.stdout, /^domain: +none: the booking is given back in time, or by destroy$/m);
    const list = await hosts.schedule(["list"]);
    assert.match(list.stdout, new RegExp(`^${claim} +${host} +0000:00:02\\.0 +none +-$`, "m"));
    const ending = `vgpuctl schedule destroy ${claim} --schedule-file schedule`;
    assert.match(
      list.stderr,
      new RegExp(`^hint: bookings without a domain: 1; .*; to give it back: ${ending}\n$`),
    );
    const ran = await hosts.schedule(["destroy", claim]);
    assert.deepEqual([ran.exitCode, ran.stderr], [0, ""]);
    const says = `${host} has no domain of claim ${claim}\n\nwhat was booked for it is given back\n`;
    assert.equal(ran.stdout, says);
    assert.equal(await hosts.isBooked(claim), false);
  });

  it("books nothing for a claim that has ended, and leads to a new one", async () => {
    const claim = randomUUID();
    const [host] = hosts.names;
    await hosts.showFirst(host);
    assert.equal((await create("web-1", "--claim-id", claim)).exitCode, 0);
    assert.equal((await hosts.schedule(["destroy", claim, "--now"])).exitCode, 0);
    await until("there is room again", async () => (await hosts.withRoom()).length === 2);
    await hosts.showFirst(host);
    const ran = await hosts.schedule(["create", "--flavor", "big", "--name", "web-1", "--claim-id", claim]);
    assert.equal(ran.exitCode, exitCodes.conflict, ran.stderr);
    assert.match(ran.stderr, new RegExp(`^error: ${host}: claim ${claim} .*\\[CLAIM_ENDED\\]\n`));
    assert.match(
      ran.stderr,
      /\n {2}nothing was booked\nhint: for another domain: the same line without --claim-id\n$/,
    );
    assert.equal(await hosts.isBooked(claim), false);
  });

  it("names the host that has a domain of that name already, and leads to that one", async () => {
    const [host, away] = hosts.names;
    const readText = hosts.readerWith(hosts.scheduleFile({ [away]: "/nonexistent/vgpud.sock" }));
    const odd = ["create", "--flavor", "odd", "--name", "web-1"];
    const first = await hosts.schedule(odd, { readText });
    assert.equal(first.exitCode, 0, first.stderr);
    const again = await hosts.schedule(odd, { readText });
    assert.equal(again.exitCode, exitCodes.conflict, again.stderr);
    assert.match(again.stderr, new RegExp(`^error: ${host}: a domain named web-1 exists already`));
    const status = "vgpuctl schedule status web-1 --schedule-file schedule";
    assert.match(again.stderr, /\nhint: the domain of that name: vgpuctl --socket \S+ domains web-1\n/);
    assert.ok(again.stderr.endsWith(`\nhint: where that is of a claim of vgpuctl schedule's: ${status}\n`));
  });

  it("lists nothing of a host that Placement does not know", async () => {
    const ran = await hosts.schedule(["list", "--host", hosts.names[0].slice(1)]);
    assert.equal(ran.exitCode, exitCodes.failure);
    assert.match(
      ran.stderr,
      new RegExp(`no vgpud has .* of a host .*\nhint: did you mean ${hosts.names[0]}\\?`),
    );
  });

  it("books what the sizes of a flavor round to, and says that it does", async () => {
    const ran = await hosts.schedule(["create", "--flavor", "odd", "--name", "web-1"]);
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.match(ran.notes.join("\n"), /odd: .* 384 MiB high GM.* rounds to .* 512 MiB high GM/);
    const [put] = hosts.asked.writes;
    assert.match(JSON.stringify(put?.body), /"CUSTOM_VGT_HIGH_GM_MB":512/);
    assert.equal(ran.stderr, "");
  });

  it("reaches a host by TLS, by the name of its certificate", async () => {
    const name = `afar-${randomUUID().slice(0, 8)}`;
    await using remote = await RemoteWorld.start({ more: hosts.settings(name) });
    await until("it is published", async () => (await hosts.allWithRoom()).includes(name));
    const told = await until("the host knows that it is", async () => {
      const { host } = await remote.world.rpc.call(Hosts.getHost, {});
      return host?.scheduler?.told === true && host.scheduler;
    });
    assert.deepEqual(told, { adapter: "placement", host: name, told: true });
    const { certificate, key } = await remote.client("scheduler", ADMIN);
    const tls = `{ ca: ${remote.ca.certificate}, certificate: ${certificate}, key: ${key}, server_name: host.test }`;
    const text = `${hosts.scheduleFile()}    ${name}: ${remote.address}\n  tls: ${tls}\n`;
    const readText = hosts.readerWith(text);
    await hosts.showFirst(name);
    const argv = ["create", "--flavor", "big", "--name", "web-1", "-o", "json"];
    const ran = await hosts.schedule(argv, { readText });
    assert.equal(made(ran).host, name, ran.stderr);
    assert.deepEqual(await domainsOf(remote.world), ["web-1"]);
    const reader = await remote.client("monitoring", READ);
    const asReader = text.replace(certificate, reader.certificate).replace(key, reader.key);
    const refused = await hosts.schedule(["destroy", "web-1", "--now"], {
      readText: hosts.readerWith(asReader),
    });
    assert.equal(refused.exitCode, exitCodes.permission);
    assert.match(
      refused.stderr,
      new RegExp(`^error: ${name}: .*the role of this certificate is to read only`),
    );
    assert.match(refused.stderr, /hint: agents\.tls of schedule takes the certificate .* role is admin/);
    assert.doesNotMatch(refused.stderr, /sudo/);
    const gone = await hosts.schedule(["destroy", "web-1", "--now"], { readText });
    assert.equal(gone.exitCode, 0, gone.stderr);
    assert.deepEqual(await domainsOf(remote.world), []);
  });
});
