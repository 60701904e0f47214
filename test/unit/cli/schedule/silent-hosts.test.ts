// Candidates whose hosts are down while others have room.
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { CliError } from "../../../../agent/cli/errors/cli-error.ts";
import { full, Hosts, makes, PATIENCE_MS, refusal, type Refuses } from "./hosts.ts";

const away = (): CliError => new CliError("unreachable", "vgpud does not answer");

/** Many hosts that do not answer before the last one, which does. */
function mostlyAway(count: number): Hosts {
  const names = Array.from({ length: count }, (_, number) => `dead-${number}`);
  const hosts = new Hosts({ ...Object.fromEntries(names.map((name) => [name, away])), there: makes });
  for (const name of names) hosts.away.set(name, away());
  return hosts;
}

describe("hosts that are down among the candidates", () => {
  it("keep nobody from the host that answers behind them, however many there are", async () => {
    const hosts = mostlyAway(300);
    const { ended, lost } = await hosts.schedule();
    assert.ok(ended.kind === "made");
    assert.equal(ended.place.host, "there");
    assert.equal(new Set(lost.map(({ place }) => place?.host)).size, 300);
    assert.deepEqual(
      hosts.api.queries.map((query) => /limit=\d+/.exec(query)?.[0]),
      ["limit=20", "limit=200", "limit=2000"],
    );
  });

  it("get no booking: each is asked before, and once one was found so all the others at once", async () => {
    const hosts = mostlyAway(50);
    await hosts.schedule();
    assert.equal(hosts.api.changes.filter((change) => change.startsWith("claim")).length, 1);
    assert.equal(hosts.looked.size, 51);
  });

  it("are not looked for behind the host that takes the domain, as long as every host answers", async () => {
    const hosts = new Hosts({ a: full, b: makes, c: makes });
    await hosts.schedule();
    assert.deepEqual([...hosts.looked], ["a", "b"]);
  });

  it("are also those that take connections and hang, or let go of them: none is asked for a domain", async () => {
    for (const silence of [refusal(status.DEADLINE_EXCEEDED), refusal(status.UNAVAILABLE, undefined, true)]) {
      const hosts = new Hosts({ a: makes, b: makes });
      hosts.away.set("a", silence);
      const { ended, lost } = await hosts.schedule();
      assert.ok(ended.kind === "made");
      assert.equal(ended.place.host, "b");
      assert.deepEqual(
        [hosts.asked.map(({ host }) => host), lost.map(({ ending }) => ending)],
        [["b"], ["unreachable"]],
      );
    }
  });

  it("are none that refuse to say who they are: what they say to the create counts", async () => {
    const hosts = new Hosts({ a: makes });
    hosts.away.set("a", refusal(status.DEADLINE_EXCEEDED, "CALL_TIMEOUT"));
    assert.equal((await hosts.schedule()).ended.kind, "made");
  });

  it("end the search when its time is over, and it is said that there are more", async () => {
    const hosts: Hosts = new Hosts({
      a: (): Refuses => {
        hosts.now += PATIENCE_MS;
        return full();
      },
      b: makes,
    });
    const { ended, lost } = await hosts.schedule();
    assert.deepEqual([ended, lost.length], [{ kind: "no-host", untried: true }, 1]);
  });

  it("leave the next one what is left of the time, and none is tried for whom that is not enough", async () => {
    for (const [tookMs, givenMs] of [
      [PATIENCE_MS - 12_000.25, 12_000],
      [PATIENCE_MS - 9000, undefined],
    ] as const) {
      const hosts: Hosts = new Hosts({
        a: (): Refuses => {
          hosts.now += tookMs;
          return full();
        },
        b: makes,
      });
      const { ended } = await hosts.schedule();
      assert.equal(hosts.givenMs.get("a"), PATIENCE_MS);
      assert.equal(hosts.givenMs.get("b"), givenMs);
      if (givenMs === undefined) assert.deepEqual(ended, { kind: "no-host", untried: true });
      else assert.equal(ended.kind, "made");
    }
  });

  it("have Placement asked where they are eight at a time", async () => {
    const hosts = mostlyAway(50);
    let [now, most] = [0, 0];
    hosts.api.beforeTree = async () => {
      now += 1;
      most = Math.max(most, now);
      await setImmediate();
      now -= 1;
    };
    const { ended } = await hosts.schedule();
    assert.deepEqual([ended.kind, most], ["made", 8]);
  });

  it("are asked for no more once time is over while Placement says where they are", async () => {
    const hosts = mostlyAway(50);
    let places = 0;
    hosts.api.beforeTree = async () => {
      await setImmediate();
      places += 1;
      hosts.now += PATIENCE_MS / 10;
    };
    const { ended, lost } = await hosts.schedule();
    assert.deepEqual([ended, lost.length], [{ kind: "no-host", untried: true }, 1]);
    assert.ok(places < 20, String(places));
    assert.equal(hosts.looked.size, 1);
  });
});
