// Every kind of fault, set through the API of a simulated vgpud: what the page of faults says it answers, and that it is
// well again when the fault is cleared.
import assert from "node:assert/strict";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../proto/gen/vgpud/v1/domain.ts";
import { FaultKind } from "../../proto/gen/vgpud/v1/simulator_service.ts";
import { faultNotes } from "../../scripts/fault-notes.ts";
import type { Provocation } from "./harness/provocation.ts";
import { provocations } from "./harness/provocations.ts";
import { SimulatedAgent } from "./harness/simulated-agent.ts";
import { until } from "./harness/until.ts";

type Kind = keyof typeof provocations;

const KINDS = Object.keys(provocations) as Kind[];
const SLOW = KINDS.filter((kind) => provocations[kind].isSlow);
const QUICK = KINDS.filter((kind) => !provocations[kind].isSlow);

/** Sets the fault, hears what it brings, clears it, and demands that everything is as if nothing had been. */
async function suffer(
  agent: SimulatedAgent,
  kind: Kind,
  { fault = {}, answers }: Provocation,
): Promise<void> {
  const set = async (): Promise<void> => {
    await agent.setFault({ name: "trouble", kind: FaultKind[kind], ...fault });
  };
  const heal = async (): Promise<void> => {
    await agent.clearFaults();
    await agent.sawLibvirt();
  };
  assert.deepEqual(await answers(agent, set, heal), faultNotes[kind].reasons);
  await heal();
  // What a kernel has leaked only a boot gives back.
  if (kind === "REMOVE_LEAKS") await agent.loadHost();
  await until("nothing is left", async () => {
    const [domains, vgpus] = [await agent.domains(), await agent.vgpus()];
    return domains.length + vgpus.length === 0;
  });
  await until("the GPU offers all that it has", async () => {
    const [gpu] = await agent.gpus();
    return gpu?.types.map((type) => type.allocatable).join(" ") === "7 5 2 1";
  });
  const well = await until("libvirt and hostd are back", () => agent.create("well").catch(() => undefined));
  assert.deepEqual([well.domain?.claimState, well.domain?.state], [ClaimState.ACTIVE, DomainState.RUNNING]);
  assert.equal((await agent.destroy("well"))?.claimState, ClaimState.GONE);
}

describe("a fault of each kind brings what the page of faults says, and is over when it is cleared:", () => {
  let agent: SimulatedAgent;
  let slow: Partial<Record<Kind, Promise<unknown>>> = {};
  before(async () => {
    // What only a deadline of some seconds ends runs beside the others, each on a host of its own.
    slow = Object.fromEntries(SLOW.map((kind) => [kind, aside(kind)]));
    agent = await SimulatedAgent.start();
  });
  after(async () => {
    await agent[Symbol.asyncDispose]();
    await Promise.all(Object.values(slow));
  });
  afterEach(async () => {
    await agent.clearFaults();
  });

  for (const kind of [...QUICK, ...SLOW]) {
    it(kind, async function () {
      this.timeout(120_000);
      const beside = slow[kind];
      if (beside) assert.ifError(await beside);
      else await suffer(agent, kind, provocations[kind]);
    });
  }
});

/** Resolves with its failure: the first to fail must not end the others. */
async function aside(kind: Kind): Promise<unknown> {
  try {
    await using agent = await SimulatedAgent.start();
    await suffer(agent, kind, provocations[kind]);
    return undefined;
  } catch (error) {
    return error;
  }
}
