// Candidates whose hosts are down while others have room.
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { CliError } from "../../../../agent/cli/errors/cli-error.ts";
import { full, Hosts, makes, PATIENCE_MS, type Refuses } from "./hosts.ts";

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

  it("get no booking once one was found so: the others are asked before", async () => {
    const hosts = mostlyAway(50);
    await hosts.schedule();
    assert.equal(hosts.api.changes.filter((change) => change.startsWith("claim")).length, 2);
    assert.equal(hosts.looked.size, 50);
  });

  it("are not looked for as long as every host answers", async () => {
    const hosts = new Hosts({ a: full, b: full, c: makes });
    await hosts.schedule();
    assert.equal(hosts.looked.size, 0);
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
    assert.equal(hosts.looked.size, 0);
  });
});
