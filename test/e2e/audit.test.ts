// The account of changes in the agent's log: one line for each, found by whom it is about.
import assert from "node:assert/strict";
import {
  DestroyDomainRequest,
  DomainServiceService as Domains,
} from "../../proto/gen/vgpud/v1/domain_service.ts";
import { refusal, Rpc } from "./harness/rpc.ts";
import { World } from "./harness/world.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const headers = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01` };
const destroyed = DestroyDomainRequest.fromPartial({
  domain: { ref: { $case: "name", value: "web-1" } },
  gracePeriod: { seconds: 0n, nanos: 0 },
});

describe("the audit", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });

  const lines = (): Record<string, unknown>[] =>
    world.agent.log.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  const audit = (): Record<string, unknown>[] => lines().filter((line) => line["audit"] === true);

  it("says who destroyed a domain, who tried to, and what was done for it under the same trace", async () => {
    const { domain } = await world.create("web-1");
    using reader = new Rpc(world.readSocket);
    await refusal(reader.call(Domains.destroyDomain, destroyed));
    const { operation } = await world.rpc.call(Domains.destroyDomain, destroyed, { headers });
    await world.agent.logged(/"audit":true.*DestroyDomain.*"code":"OK"/);
    const told = audit().filter(({ domain: name }) => name === "web-1");
    assert.deepEqual(
      told.map(({ socket, method, code, reason }) => [socket, method, code, reason]),
      [
        ["admin", "DomainService/CreateDomain", "OK", undefined],
        ["read", "DomainService/DestroyDomain", "PERMISSION_DENIED", "SOCKET_READ_ONLY"],
        ["admin", "DomainService/DestroyDomain", "OK", undefined],
      ],
    );
    const last = told[2] ?? {};
    assert.equal(last["claim"], "claim-web-1");
    assert.equal(last["domain_uuid"], domain?.uuid);
    assert.equal(last["operation"], operation);
    const steps = lines().filter((line) => line["trace_id"] === TRACE_ID && line["msg"] !== "call");
    assert.deepEqual(
      steps.map(({ step, state }) => step ?? state),
      ["force-off", "remove-vgpu", "undefine-domain", "gone"],
    );
    for (const step of steps) assert.equal(step["operation"], operation);
  });

  it("tells the operation that a caller began and did not wait for", async () => {
    await world.setFaults({ kind: "DOMAIN_STARTS_LATE", delay_ms: 1_500 });
    const { request } = world.draft("late");
    const cancel = new AbortController();
    const cancelled = refusal(world.rpc.call(Domains.createDomain, request, { signal: cancel.signal }));
    await world.agent.logged(/"domain":"late".*"step":"define-domain"/);
    cancel.abort();
    await cancelled;
    await world.agent.logged(/"audit":true.*"code":"CANCELLED"/);
    await world.clearFaults();
    const { operation } = await world.createAs(request);
    const [first] = audit().filter(({ claim }) => claim === "claim-late");
    assert.equal(first?.["operation"], operation);
  });
});
