// What a caller repeats is safe: claim_id, request_id, validate_only, and a create that failed.
import assert from "node:assert/strict";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../proto/gen/vgpud/v1/domain.ts";
import { type, type Draft } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { World } from "./harness/world.ts";

const REQUEST = "0d9d6d3e-1111-4000-8000-000000000001";
const OTHER_REQUEST = "0d9d6d3e-2222-4000-8000-000000000002";

describe("a request that is repeated", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  afterEach("each test leaves an empty host", async () => {
    await world.clearFaults();
    for (const { name } of await world.domains()) await world.destroy(name);
    assert.deepEqual((await world.truth()).mdevs, []);
  });

  it("finds the domain that the first one made", async () => {
    const first = await world.create("retried");
    assert.deepEqual(await world.create("retried"), first);
    await world.stop("retried");
    const later = await world.create("retried");
    assert.deepEqual(
      [later.domain?.uuid, later.domain?.state, later.decision],
      [first.domain?.uuid, DomainState.SHUT_OFF, first.decision],
    );
    assert.equal((await world.truth()).mdevs.length, 1);
  });

  it("joins the first one while it runs, however many there are", async () => {
    await world.setFaults({ kind: "CREATE_LATE", delay_ms: 300 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => world.create("crowd")));
    assert.equal(new Set(answers.map(({ operation }) => operation)).size, 1);
    assert.equal(new Set(answers.map(({ domain }) => domain?.uuid)).size, 1);
    const { mdevs, domains } = await world.truth();
    assert.deepEqual([mdevs.length, domains.length], [1, 1]);
  });

  it("is the same whatever its request_id and validate_only say", async () => {
    const first = await world.create("same");
    const again = await world.create("same", ({ request }) => {
      request.requestId = REQUEST;
    });
    assert.deepEqual(again, first);
    // Law 7's canonical request leaves validate_only out.
    const checked = await world.create("same", ({ request }) => {
      request.validateOnly = true;
    });
    assert.deepEqual(checked, { domain: undefined, decision: first.decision, operation: "" });
  });

  it("is refused when it says anything else under the same claim id", async () => {
    await world.create("reused");
    const changes: readonly ((draft: Draft) => void)[] = [
      ({ spec }) => (spec.vcpus += 1),
      ({ spec }) => (spec.name = "other"),
      ({ vgpu }) => (vgpu.want = { $case: "type", value: type(8) }),
    ];
    for (const change of changes) {
      const error = await refusal(
        world.create("reused", (draft) => {
          change(draft);
        }),
      );
      assert.deepEqual([error.code, error.reason], ["ALREADY_EXISTS", "CLAIM_REUSED"]);
    }
  });

  it("does not raise what was destroyed", async () => {
    await world.create("ended");
    await world.destroy("ended");
    const error = await refusal(world.create("ended"));
    assert.deepEqual([error.code, error.reason], ["ALREADY_EXISTS", "CLAIM_ENDED"]);
    const reused = await refusal(
      world.create("ended", ({ spec }) => {
        spec.vcpus = 7;
      }),
    );
    assert.equal(reused.reason, "CLAIM_REUSED");
    // Name and UUID are free again for another claim.
    const { domain } = await world.create("ended", ({ request }) => {
      request.claimId = "claim-ended-again";
    });
    assert.equal(domain?.claimState, ClaimState.ACTIVE);
  });

  it("tries again what failed and left nothing, also under the same request id", async () => {
    await world.setFaults({ kind: "LIBVIRT_ERROR", target: "domainCreate", message: "no luck" });
    const attempt = (): Promise<unknown> =>
      world.create("failing", ({ request }) => {
        request.requestId = "0d9d6d3e-3333-4000-8000-000000000003";
      });
    const error = await refusal(attempt());
    assert.deepEqual([error.code, error.reason], ["FAILED_PRECONDITION", "LIBVIRT_REFUSED"]);
    assert.match(error.message, /no luck/);
    assert.deepEqual(await world.domains(), []);
    assert.equal((await refusal(attempt())).reason, "LIBVIRT_REFUSED");
    await world.clearFaults();
    await attempt();
    assert.equal((await world.claimed("failing")).claimState, ClaimState.ACTIVE);
  });

  it("gets the same answer by its request id, and does nothing a second time", async () => {
    await world.create("remembered");
    const stopped = await world.stop("remembered", { requestId: REQUEST.replace("1111", "4444") });
    await world.start("remembered");
    const again = await world.stop("remembered", {
      requestId: REQUEST.replace("1111", "4444").toUpperCase(),
    });
    assert.equal(again.operation, stopped.operation);
    assert.equal((await world.named("remembered")).state, DomainState.RUNNING);
  });

  it("is refused under the request id of another request", async () => {
    const identified = (name: string, requestId: string): Promise<unknown> =>
      world.create(name, ({ request }) => {
        request.requestId = requestId;
      });
    await identified("one", OTHER_REQUEST);
    for (const call of [identified("two", OTHER_REQUEST), world.stop("one", { requestId: OTHER_REQUEST })]) {
      const error = await refusal(call);
      assert.deepEqual(
        [error.code, error.reason, error.field],
        ["INVALID_ARGUMENT", "REQUEST_ID_REUSED", "request_id"],
      );
    }
  });

  it("may ask first: validate_only places, refuses as a create would, and does nothing", async () => {
    const before = await world.footprint();
    const checked = await world.create("only-asked", ({ request }) => {
      request.validateOnly = true;
    });
    assert.deepEqual([checked.domain, checked.operation], [undefined, ""]);
    assert.equal(checked.decision?.type, type(4));
    assert.deepEqual(await world.footprint(), before);
  });

  it("joins a destroy that runs, and the shorter grace period counts", async () => {
    await world.setFaults({ kind: "GUEST_IGNORES_SHUTDOWN" });
    await world.create("stubborn");
    const patient = world.destroy("stubborn", { noForce: true });
    await world.agent.logged(/"domain":"stubborn".*"step":"ask-shutdown"/);
    const urgent = await world.destroy("stubborn", { gracePeriod: { seconds: 0n, nanos: 0 } });
    assert.deepEqual(await patient, urgent);
    assert.equal(urgent.domain?.claimState, ClaimState.GONE);
  });

  it("gives a create up when a destroy comes", async () => {
    await world.setFaults({ kind: "DOMAIN_STARTS_LATE", delay_ms: 500 });
    const creating = refusal(world.create("given-up"));
    await world.agent.logged(/"domain":"given-up".*"step":"define-domain"/);
    const { domain } = await world.destroy("given-up");
    assert.equal(domain?.claimState, ClaimState.GONE);
    const error = await creating;
    assert.deepEqual([error.code, error.reason], ["ABORTED", "SUPERSEDED"]);
  });
});
