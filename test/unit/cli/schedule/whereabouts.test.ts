// Which of many hosts has the domain of a claim, whatever order they answer in and though some never do.
import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { ClaimState } from "../../../../proto/gen/vgpud/v1/claim.ts";
import { GetDomainResponse } from "../../../../proto/gen/vgpud/v1/domain_service.ts";
import { GetHostResponse } from "../../../../proto/gen/vgpud/v1/host_service.ts";
import { CliError } from "../../../../agent/cli/errors/cli-error.ts";
import { whereaboutsOf, type Whereabouts } from "../../../../agent/cli/schedule/whereabouts.ts";
import { MemoryPlacement } from "../../../fakes/memory-placement.ts";
import { TOTALS } from "../scheduling.ts";
import { CLAIM, refusal } from "./hosts.ts";

/** As many as may be asked at a time. */
const AT_ONCE = 32;

const none = (): CliError => refusal(status.NOT_FOUND, "DOMAIN_NOT_FOUND");
const late = (): CliError => new CliError("failure", "no answer from vgpud within 10s");

/** Hosts that answer when the test says so. */
class Fleet {
  readonly api = new MemoryPlacement();
  /** In the order they were asked. */
  readonly asked: string[] = [];
  /** Nobody waits for these any more, though they have not answered. */
  readonly letGo: string[] = [];
  readonly interrupt = new AbortController();
  readonly #waiting = new Map<string, (answer: GetDomainResponse | CliError) => void>();

  constructor(hosts: readonly string[]) {
    for (const host of hosts) this.api.addHost(host, TOTALS);
  }

  get waiting(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  /** `named`: by the schedule file. */
  find(named: readonly string[] = []): Promise<Whereabouts> {
    return whereaboutsOf(CLAIM, {
      ...{ api: this.api, signal: this.interrupt.signal, namedHosts: named },
      agentOf: (host) => ({
        getDomain: () => this.#asked(host),
        getHost: () => Promise.resolve(GetHostResponse.fromPartial({ host: { scheduler: { host } } })),
        close: () => {
          if (this.#waiting.has(host)) this.letGo.push(host);
          this.#end(host, new CliError("interrupted", "interrupted"));
        },
      }),
    });
  }

  /** Returns when what follows from it has happened. */
  async answer(host: string, answer: ClaimState | CliError): Promise<void> {
    assert.ok(this.#waiting.has(host), `${host} was not asked`);
    const told = answer instanceof CliError ? answer : { domain: { name: host, claimState: answer } };
    this.#end(host, told instanceof CliError ? told : GetDomainResponse.fromPartial(told));
    await settled();
  }

  #asked(host: string): Promise<GetDomainResponse> {
    this.asked.push(host);
    return new Promise((resolve, reject) => {
      this.#waiting.set(host, (answer) => {
        if (answer instanceof CliError) reject(answer);
        else resolve(answer);
      });
    });
  }

  #end(host: string, answer: GetDomainResponse | CliError): void {
    const end = this.#waiting.get(host);
    this.#waiting.delete(host);
    end?.(answer);
  }
}

/** All that follows from what has been said is in promises. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** h000, h001 and so on. */
function names(count: number): readonly string[] {
  return Array.from({ length: count }, (_, number) => `h${String(number).padStart(3, "0")}`);
}

describe("the host that has a domain of a claim", () => {
  it("is looked for on many hosts at once, of which those that hang keep nobody from being asked", async () => {
    const hosts = names(200);
    const hang = new Set(["h190", "h003", "h031", "h100"]);
    const fleet = new Fleet(hosts.toReversed());
    const found = fleet.find();
    await settled();
    assert.deepEqual(fleet.asked, hosts.slice(0, AT_ONCE));
    for (;;) {
      const next = fleet.waiting.findLast((host) => !hang.has(host));
      if (next === undefined) break;
      await fleet.answer(next, none());
      assert.ok(fleet.waiting.length <= AT_ONCE);
    }
    assert.deepEqual([...fleet.asked].sort(), hosts);
    for (const host of hang) await fleet.answer(host, late());
    const { found: domain, unasked } = await found;
    assert.equal(domain, undefined);
    const says = [...hang].sort().map((host) => [host, "no answer from vgpud within 10s"]);
    assert.deepEqual(
      [...unasked].map(([host, { why }]) => [host, why]),
      says,
    );
    assert.deepEqual(fleet.letGo, []);
  });

  it("is the first by name, though another answers before it, and hosts behind that one are left alone", async () => {
    const fleet = new Fleet(names(200));
    const found = fleet.find();
    await settled();
    await fleet.answer("h020", ClaimState.ACTIVE);
    // What they say is of no use any more; those before it may have one, too.
    assert.deepEqual(fleet.letGo, names(AT_ONCE).slice(21));
    await fleet.answer("h019", late());
    await fleet.answer("h010", ClaimState.STOPPED);
    for (const host of names(10).toReversed()) await fleet.answer(host, none());
    assert.equal((await found).found?.host, "h010");
    assert.equal(fleet.asked.length, AT_ONCE);
    assert.deepEqual(fleet.letGo, [...names(AT_ONCE).slice(21), ...names(19).slice(11)]);
  });

  it("is not the one where its domain is gone while another has one, and else the first such", async () => {
    for (const last of [ClaimState.ACTIVE, ClaimState.GONE]) {
      const fleet = new Fleet(names(4));
      const found = fleet.find();
      await settled();
      for (const host of ["h002", "h001"]) await fleet.answer(host, ClaimState.GONE);
      await fleet.answer("h000", none());
      await fleet.answer("h003", last);
      assert.equal((await found).found?.host, last === ClaimState.ACTIVE ? "h003" : "h001");
    }
  });

  it("is looked for where Placement has a GPU, and on each that the schedule file names, once", async () => {
    const fleet = new Fleet(["b"]);
    const found = fleet.find(["c", "b", "a"]);
    await settled();
    assert.deepEqual(fleet.asked, ["a", "b", "c"]);
    for (const host of ["a", "b"]) await fleet.answer(host, none());
    await fleet.answer("c", ClaimState.ACTIVE);
    assert.equal((await found).found?.host, "c");
  });

  it("is looked for no longer once the user interrupts, and nobody is kept waiting", async () => {
    const fleet = new Fleet(names(200));
    const found = fleet.find();
    await settled();
    const ended = assert.rejects(found, { ending: "interrupted" });
    await fleet.answer("h005", new CliError("interrupted", "interrupted"));
    await ended;
    assert.deepEqual(fleet.waiting, []);
    assert.equal(fleet.asked.length, AT_ONCE);
  });
});
