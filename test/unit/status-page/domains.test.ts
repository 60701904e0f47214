import assert from "node:assert/strict";
import fc from "fast-check";
import { chartInWords, groupCharts, rowCharts } from "../../../agent/observation/status-page/charts.ts";
import { domainGroups, listChoice } from "../../../agent/observation/status-page/domain-groups.ts";
import type { History } from "../../../agent/observation/status-page/model.ts";
import { addressOf } from "../../../agent/observation/status-page/domain-section.ts";
import { domainId, examples, host, NOON } from "./example-hosts.ts";

const choose = (text: string) => listChoice(new URLSearchParams(text));

describe("the lists of domains", () => {
  it("put each domain on one page of one of two groups, and never more than 25 on a page", () => {
    const { view } = examples.crowd();
    const seen: string[] = [];
    for (let page = 1; page <= 40; page += 1) {
      const groups = domainGroups(view, choose(`without=${page}`));
      const [, without] = groups;
      assert.ok(without && without.rows.length <= 25);
      assert.deepEqual([without.members.length, without.pages, without.page], [1000, 40, page]);
      seen.push(...without.rows.map((row) => row.view.id));
    }
    assert.equal(new Set(seen).size, 1000);
    assert.deepEqual(
      domainGroups(view, choose(""))[0]?.rows.map((row) => row.view.name),
      ["web-1"],
    );
  });

  it("show running domains before others, then by name as people count", () => {
    const [, without] = domainGroups(host({ plain: 11 }).view, choose(""));
    const numbers = without?.rows.map((row) => Number(row.view.name.replace("db-", "")));
    assert.deepEqual(numbers, [1, 2, 3, 4, 6, 7, 8, 9, 11, 5, 10]);
  });

  it("find by part of a name in any case, and by the beginning of a UUID", () => {
    const { view } = examples.crowd();
    assert.equal(domainGroups(view, choose("q=DB-99"))[1]?.found, 11);
    assert.equal(domainGroups(view, choose(`q=${domainId(1)}`))[0]?.found, 1);
    assert.equal(domainGroups(view, choose("q=nobody"))[1]?.rows.length, 0);
  });

  it("show the last page to who asks for one behind it, and the first for nonsense", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (search, page) => {
        const query = new URLSearchParams({ q: search, without: page });
        const [, without] = domainGroups(examples.crowd().view, listChoice(query));
        assert.ok(without && without.page >= 1 && without.page <= without.pages && without.rows.length <= 25);
      }),
      { numRuns: 25 },
    );
    assert.equal(domainGroups(examples.crowd().view, choose("without=999999"))[1]?.page, 40);
  });

  it("are found again by the address of the choice", () => {
    for (const text of ["", "q=a%26b%3D", "with=2&without=3", "q=a&reload=yes"]) {
      const choice = choose(text);
      assert.deepEqual(choose(addressOf(choice).slice(2)), choice);
    }
  });
});

describe("the charts of domains", () => {
  const quiet = {
    memoryBytes: undefined,
    diskReadPerSecond: 0,
    diskWritePerSecond: 0,
    receivedPerSecond: 0,
    sentPerSecond: 0,
  };
  const reading = (at: number, cores: number | undefined): History["readings"][number] => ({
    at,
    domains: new Map([
      [domainId(1), { ...quiet, cores, diskReadPerSecond: 100 }],
      [domainId(1000), { ...quiet, cores: 1, diskReadPerSecond: 400 }],
    ]),
  });
  const history: History = {
    spanMs: 600_000,
    readings: [reading(NOON - 30_000, undefined), reading(NOON - 15_000, 1), reading(NOON, 2)],
  };
  const groups = domainGroups(host({ guests: [{ name: "web-1" }], plain: 1 }).view, choose(""));
  const rows = groups.flatMap((group) => group.rows);

  it("show CPU as a share of the domain's processors, and nothing where nothing is known", () => {
    const [cpu] = [...rowCharts(rows, history).values()][0] ?? [];
    assert.ok(cpu);
    assert.deepEqual(cpu.lines[0]?.values, [undefined, 0.25, 0.5]);
    assert.equal(cpu.top, 1);
  });

  it("have one scale of disk and network for all rows", () => {
    const tops = [...rowCharts(rows, history).values()].map((charts) => charts[2]?.top);
    assert.deepEqual(tops, [400, 400]);
  });

  it("sum the domains of a group, each measure on one scale for both", () => {
    const sums = groupCharts(
      groups.map(({ members }) => members),
      history,
    );
    assert.deepEqual(
      sums.map(([cpu]) => [cpu?.lines[0]?.values, cpu?.top]),
      [
        [[undefined, 1, 2], 2],
        [[1, 1, 1], 2],
      ],
    );
  });

  it("say in words what they show", () => {
    const [cpu, memory, disk] = [...rowCharts(rows, history).values()][0] ?? [];
    assert.ok(cpu && memory && disk);
    assert.equal(chartInWords(cpu), "now 50 %, lowest 25 %, highest 50 %");
    assert.equal(chartInWords(memory), "no readings");
    assert.equal(
      chartInWords(disk),
      "read now 100 B/s, lowest 100 B/s, highest 100 B/s; write now 0 B/s, lowest 0 B/s, highest 0 B/s",
    );
  });
});
