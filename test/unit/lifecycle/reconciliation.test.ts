// What stands between host and ledger, shown without a change, and made up for and told step by step.
import assert from "node:assert/strict";
import fc from "fast-check";
import { AgentError } from "../../../agent/core/errors.ts";
import type { Report } from "../../../agent/lifecycle/reconciliation.ts";
import { foreignDomain } from "../../fakes/claims.ts";
import { claimId, domainId } from "../../fakes/ids.ts";
import { FakeNode } from "../../fakes/node.ts";
import { callerWith, createRequest, patient, stopRequest } from "../../fakes/requests.ts";

const steps = ({ steps: told }: Report): string[] => told.map(({ kind, state }) => `${kind} ${state}`);

/** What may have happened to a domain and its claim before anybody looks. */
const happenings: Readonly<Record<string, (node: FakeNode, n: number) => void>> = {
  "its guest shut down": (node, n) => {
    node.host.become(domainId(n), "shut-off");
  },
  "it was undefined": (node, n) => {
    node.host.become(domainId(n), "shut-off");
    node.host.forget(domainId(n));
  },
  "its slice was removed": (node, n) => {
    const claim = node.ledger.byClaimId(claimId(`claim-${n}`));
    if (claim) for (const gpu of node.host.gpus) gpu.unmake(claim.vgpuId);
  },
  "it was defined anew without a vGPU": (node, n) => {
    const domain = node.host.domain(domainId(n));
    if (domain) node.host.put({ ...domain, vgpuIds: [] });
  },
  "another domain runs with its slice": (node, n) => {
    const claim = node.ledger.byClaimId(claimId(`claim-${n}`));
    node.host.become(domainId(n), "shut-off");
    if (claim) node.host.put(foreignDomain(n + 100, { vgpuIds: [claim.vgpuId] }));
  },
  nothing: () => undefined,
};

describe("a reconciliation", () => {
  const never = new AbortController().signal;
  const run = (node: FakeNode, only?: string): Promise<Report> =>
    node.clock.until(node.reconciliation.run(only === undefined ? undefined : claimId(only), never));
  const preview = (node: FakeNode): Promise<Report> =>
    node.clock.until(node.reconciliation.preview(undefined, never));

  async function nodeWith(...domains: readonly number[]): Promise<FakeNode> {
    const node = new FakeNode(1024);
    for (const n of domains)
      await node.clock.until(node.service.create(createRequest(n, { suffix: "8" }), patient));
    return node;
  }

  it("has nothing to do where all is well", async () => {
    const node = await nodeWith(1);
    assert.deepEqual([(await preview(node)).steps, (await run(node)).steps], [[], []]);
  });

  it("shows the steps with their reasons and takes none, then takes those", async () => {
    const node = await nodeWith(1);
    node.host.reboot();
    node.driver.wake();
    const before = node.host.vgpuIds;
    const shown = await preview(node);
    assert.deepEqual(steps(shown), ["settle planned"]);
    assert.equal(shown.steps[0]?.message, "note that the claim is stopped, not active");
    assert.deepEqual(node.host.vgpuIds, before);
    const taken = await run(node);
    assert.deepEqual(steps(taken), ["settle done", "create-vgpu done"]);
    assert.deepEqual((await preview(node)).steps, []);
  });

  it("tells what failed, why, and what is left", async () => {
    const node = await nodeWith(1);
    const [claim] = node.ledger.all();
    assert.ok(claim);
    node.host.become(domainId(1), "shut-off");
    node.host.keep(claim.vgpuId, { pid: 7, command: "vgpu-top" });
    const left = new AbortController();
    const destroyed = node.service.destroy(stopRequest(1), callerWith(left.signal)).catch(() => undefined);
    const report = await run(node);
    left.abort(new Error("the caller left"));
    await destroyed;
    assert.deepEqual(steps(report), ["remove-vgpu failed", "undefine-domain planned", "settle planned"]);
    const [first] = report.steps;
    assert.deepEqual(
      [first?.claimId, first?.object, first?.failure?.reason],
      [claim.claimId, claim.vgpuId, "VGPU_IN_USE"],
    );
    node.host.letGo(claim.vgpuId);
    assert.deepEqual(steps(await run(node)), ["remove-vgpu done", "undefine-domain done", "settle done"]);
  });

  it("says what waits for libvirt", async () => {
    const node = await nodeWith(1);
    const left = new AbortController();
    node.host.refuse("force-off", new AgentError("LIBVIRT_UNAVAILABLE", "gone"), 1);
    const destroyed = node.service.destroy(stopRequest(1, { graceMs: 0 }), callerWith(left.signal));
    const caught = node.clock.until(destroyed.catch((error: unknown) => error));
    await caught;
    node.host.libvirtAway = "connection refused";
    const report = await run(node);
    const [only] = report.steps;
    assert.deepEqual([steps(report), only?.failure?.reason], [["wait failed"], "LIBVIRT_UNAVAILABLE"]);
    assert.match(only?.message ?? "", /^wait for libvirt: connection refused$/);
  });

  it("says what it cannot know, and which claims wait for somebody to decide", async () => {
    const node = await nodeWith(1, 2);
    node.host.become(domainId(1), "shut-off");
    node.host.forget(domainId(1));
    const found = await run(node);
    assert.deepEqual([found.incomplete, found.failed], [undefined, [claimId("claim-1")]]);
    assert.deepEqual((await run(node, "claim-2")).failed, []);
    node.host.libvirtAway = "connection refused";
    const away = await preview(node);
    assert.deepEqual(
      [away.steps, away.incomplete],
      [[], { known: false, why: "connection refused", away: "libvirt" }],
    );
    assert.deepEqual(away.failed, [], "it may be well by the next answer");
  });

  it("rebuilds what the ledger lost", async () => {
    const node = await nodeWith(1);
    const [claim] = node.ledger.all();
    assert.ok(claim);
    await node.store.erase(claim.vgpuId);
    node.restart();
    assert.deepEqual(steps(await preview(node)), ["rebuild-claim planned"]);
    assert.deepEqual(node.ledger.all(), []);
    assert.deepEqual(steps(await run(node)), ["rebuild-claim done"]);
    assert.equal(node.ledger.all().length, 1);
  });

  it("leads one claim alone when that is asked for, and knows none that is not there", async () => {
    const node = await nodeWith(1, 2);
    for (const n of [1, 2]) node.host.become(domainId(n), "shut-off");
    const report = await run(node, "claim-2");
    assert.deepEqual([...new Set(report.steps.map(({ claimId: id }) => id))], ["claim-2"]);
    await assert.rejects(
      node.reconciliation.run(claimId("claim-9"), never),
      (error: unknown) => error instanceof AgentError && error.reason === "VGPU_NOT_FOUND",
    );
  });

  it("leaves nothing to do, whatever happened", async () => {
    const names = Object.keys(happenings);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(1, 2, 3), fc.constantFrom(...names)), { maxLength: 6 }),
        fc.boolean(),
        async (events, reboots) => {
          const node = await nodeWith(1, 2, 3);
          if (reboots) node.host.reboot();
          for (const [n, what] of events) happenings[what]?.(node, n);
          const strangers = node.host.domains.filter(({ mark }) => mark === undefined);
          await run(node);
          assert.deepEqual(steps(await preview(node)), []);
          assert.deepEqual(
            node.host.domains.filter(({ mark }) => mark === undefined),
            strangers,
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
