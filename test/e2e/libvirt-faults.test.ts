// A libvirt that refuses, hangs, or comes and goes: it costs no more than its own calls.
import assert from "node:assert/strict";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../proto/gen/vgpud/v1/domain.ts";
import { DomainServiceService as Domains } from "../../proto/gen/vgpud/v1/domain_service.ts";
import { refusal } from "./harness/rpc.ts";
import { until } from "./harness/until.ts";
import { World } from "./harness/world.ts";

const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };

describe("a libvirt that refuses", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    await world.clearFaults();
  });

  it("a definition or a start is told in its words, and nothing is left", async () => {
    const untouched = await world.footprint();
    for (const target of ["domainDefineXml", "domainCreate"]) {
      await world.setFaults({ kind: "LIBVIRT_ERROR", target, message: "no such machine type" });
      const error = await refusal(world.create("refused"));
      assert.deepEqual([error.code, error.reason], ["FAILED_PRECONDITION", "LIBVIRT_REFUSED"]);
      assert.match(error.message, /no such machine type/);
      await world.clearFaults();
      const { truth, claims } = await world.footprint();
      assert.deepEqual({ truth, claims }, untouched);
    }
  });

  it("the start of a stopped domain leaves it stopped, with its slice", async () => {
    await world.create("stays");
    await world.stop("stays", AT_ONCE);
    await world.setFaults({ kind: "LIBVIRT_ERROR", target: "domainCreate", message: "no luck" });
    const error = await refusal(world.start("stays"));
    assert.deepEqual([error.code, error.reason], ["FAILED_PRECONDITION", "LIBVIRT_REFUSED"]);
    const domain = await world.named("stays");
    assert.deepEqual([domain.claimState, domain.state], [ClaimState.STOPPED, DomainState.SHUT_OFF]);
    assert.equal((await world.truth()).mdevs.length, 1);
    await world.clearFaults();
    await world.start("stays");
    await world.destroy("stays", AT_ONCE);
  });

  it("nothing, but whose guest crashes right after its start, leaves a stopped claim", async () => {
    await world.setFaults({ kind: "DOMAIN_CRASHES", delay_ms: 1 });
    await world.create("crashing");
    await until("it is seen", async () => (await world.named("crashing")).claimState === ClaimState.STOPPED);
    assert.equal((await world.truth()).mdevs.length, 1);
    await world.clearFaults();
    assert.equal((await world.start("crashing")).domain?.state, DomainState.RUNNING);
    await world.destroy("crashing", AT_ONCE);
  });
});

describe("a domain that somebody else undefined", () => {
  it("is a failed claim that says what it still holds, until it is destroyed", async () => {
    await using world = await World.start();
    await world.create("vanishing");
    await world.stop("vanishing", AT_ONCE);
    await world.undefineBehindItsBack("vanishing");
    const domain = await until("it is seen", async () => {
      const seen = await world.claimed("vanishing");
      return seen.claimState === ClaimState.FAILED && seen;
    });
    assert.deepEqual([domain.failure?.reason, domain.stillHolds.length], ["DOMAIN_VANISHED", 1]);
    for (const call of [world.start("vanishing"), world.stop("vanishing")]) {
      const { code, reason } = await refusal(call);
      assert.deepEqual([code, reason], ["FAILED_PRECONDITION", "DOMAIN_VANISHED"]);
    }
    assert.equal((await world.destroy("vanishing")).domain?.claimState, ClaimState.GONE);
    assert.deepEqual((await world.truth()).mdevs, []);
  });
});

describe("a libvirt that is away", () => {
  it("leaves the reads, refuses the changes, and is used again when it is back", async () => {
    await using world = await World.start();
    const { domain } = await world.create("desk-1");
    await world.defineForeign({ name: "theirs", uuid: "6c9c1f1e-bbbb-4000-8000-000000000001" });
    await world.setFaults({ kind: "LIBVIRT_GONE" });
    const listed = await until("its absence is seen", async () => {
      const page = await world.rpc.call(Domains.listDomains, {
        pageSize: 0,
        pageToken: "",
        withUsage: false,
      });
      return page.incomplete && page;
    });
    assert.equal(listed.incomplete?.reason, "LIBVIRT_UNAVAILABLE");
    assert.deepEqual(
      listed.domains.map(({ uuid, state, claimState }) => [uuid, state, claimState]),
      [[domain?.uuid, DomainState.UNKNOWN, ClaimState.ACTIVE]],
    );
    const foreign = await refusal(
      world.domain({ $case: "uuid", value: "6c9c1f1e-bbbb-4000-8000-000000000001" }),
    );
    assert.deepEqual([foreign.code, foreign.reason], ["UNAVAILABLE", "LIBVIRT_UNAVAILABLE"]);
    const [vgpu] = await world.vgpus();
    assert.deepEqual([vgpu?.present, vgpu?.inUse], [true, undefined]);
    const { libvirt } = await world.shownHost();
    assert.deepEqual([libvirt?.connected, libvirt?.failure?.reason], [false, "LIBVIRT_UNAVAILABLE"]);
    assert.match(await world.scrape(), /^vgpud_hypervisor_up\{hypervisor="kvm"\} 0$/m);
    for (const call of [world.create("desk-2"), world.stop("desk-1"), world.destroy("desk-1")]) {
      const error = await refusal(call);
      assert.deepEqual([error.code, error.reason], ["UNAVAILABLE", "LIBVIRT_UNAVAILABLE"]);
    }
    assert.equal((await world.claimFiles()).length, 1);
    await world.clearFaults();
    await world.sawLibvirt();
    assert.equal((await world.named("desk-1")).state, DomainState.RUNNING);
    await world.create("desk-2");
    assert.equal((await world.shownHost()).libvirt?.connected, true);
  });

  it("does not keep the agent from starting", async () => {
    await using world = await World.start("faults: [{ kind: LIBVIRT_GONE }]");
    assert.equal((await world.shownHost()).libvirt?.connected, false);
    assert.equal((await world.gpus()).length, 1);
    await world.clearFaults();
    await world.sawLibvirt();
    await world.create("desk-1");
  });
});
