// What vgpuctl schedule says and leaves behind where Placement does not answer, or answers wrong.
import assert from "node:assert/strict";
import { exitCodes } from "../../../agent/cli/errors/exit-codes.ts";
import { startPlacement, type Placement } from "../../schedulers/placement.ts";
import { TwoHosts } from "../../schedulers/two-hosts.ts";

/** Before it is given back. */
const LOOKS = { method: "GET", path: /^\/allocations\// };

describe("vgpuctl schedule, where Placement fails", function () {
  this.timeout(180_000);
  let placement: Placement;
  let hosts: TwoHosts;
  before(async () => {
    placement = await startPlacement();
    hosts = await TwoHosts.start(placement);
  });
  afterEach(() => {
    hosts.asked.behave();
    hosts.asked.forget();
  });
  after(async () => {
    await (hosts as TwoHosts | undefined)?.[Symbol.asyncDispose]();
    await (placement as Placement | undefined)?.stop();
  });

  const nobody = (): never => assert.fail("a host is asked");

  it("says that Placement could not be asked, and where that is written", async () => {
    const text = hosts.scheduleFile().replace(hosts.asked.url, "http://127.0.0.1:1");
    const ran = await hosts.schedule(["list"], { readText: hosts.readerWith(text) });
    assert.equal(ran.exitCode, exitCodes.unreachable);
    assert.match(ran.stderr, /^error: cannot ask Placement: GET http:\/\/127\.0\.0\.1:1\/: .*ECONNREFUSED/);
    assert.match(ran.stderr, /hint: where it is: placement of schedule\n$/);
  });

  it("books nothing and asks no host while Placement answers wrong, and says how", async () => {
    for (const [how, ending, says] of [
      [{ kind: "internal error" }, "unreachable", /HTTP 500/],
      [{ kind: "unavailable" }, "unreachable", /HTTP 503/],
      [{ kind: "page" }, "unreachable", /what is no JSON[^]*hint: where it is: placement of schedule\n/],
      [{ kind: "wrong shape" }, "unreachable", /what is not to be expected/],
      [{ kind: "unsupported version" }, "failure", /HTTP 406/],
      [{ kind: "unauthorized" }, "permission", /HTTP 401[^]*hint: the credential and its secret/],
      [{ kind: "cut" }, "unreachable", /cannot ask Placement: /],
    ] as const) {
      hosts.asked.misbehave({ path: /^\/allocation_candidates/ }, how);
      const argv = ["create", "--flavor", "big", "--name", "web-1"];
      const ran = await hosts.schedule(argv, { connect: nobody });
      assert.equal(ran.exitCode, exitCodes[ending], `${how.kind}: ${ran.stderr}`);
      assert.match(ran.stderr, says, how.kind);
      assert.match(ran.stderr, /\n {2}nothing was booked\n/);
      hosts.asked.behave();
    }
    assert.deepEqual(hosts.asked.writes, []);
  });

  it("tells how to end a claim that could not be given back, which does it once Placement answers", async () => {
    const [refuses] = hosts.names;
    const domain = "domain: { disks: [{ path: /etc/hostname, format: raw }] }";
    const readText = async (path: string) => (path === "domain" ? domain : await hosts.readText(path));
    await hosts.showFirst(refuses);
    hosts.asked.misbehave(LOOKS, { kind: "unavailable" });
    const ran = await hosts.schedule(["create", "--flavor", "big", "--name", "web-1"], { readText });
    assert.equal(ran.exitCode, exitCodes.unreachable);
    assert.match(ran.stderr, /could not be given back/);
    const [, claim = ""] =
      /hint: to end it: vgpuctl schedule destroy ([0-9a-f-]{36}) --schedule-file schedule/.exec(ran.stderr) ??
      [];
    assert.equal(await hosts.isBooked(claim), true, ran.stderr);
    hosts.asked.behave();
    const ended = await hosts.schedule(["destroy", claim]);
    assert.equal(ended.exitCode, exitCodes.ok, ended.stderr);
    assert.equal(await hosts.isBooked(claim), false);
  });
});
