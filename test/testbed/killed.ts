// An agent that is killed from outside during a create, and what the next one makes of that: a part of suites that have installed
// it. long/crash-points.test.ts has every point of its work.
import assert from "node:assert/strict";
import { domainRequest, makeDisk, until, type AgentInBed } from "./agent-in-bed.ts";
import type { Bed } from "./bed.ts";
import { assertNothingLeft } from "./faults.ts";
import * as gpu from "./gpu.ts";
import { leftOvers } from "./host-state.ts";

interface Killed {
  readonly bed: () => Bed;
  readonly agent: () => AgentInBed;
}

/** Where a create is when the agent dies. */
interface Moment {
  /** Milliseconds that the kernel takes to make the slice. */
  readonly kernelTakes: number;
  /** A condition in the guest, of the domain's name. */
  readonly reached: (name: string) => string;
  /** What is on the host then. */
  readonly there: { readonly slices: number; readonly domains: number };
}

const moments = {
  "while the kernel makes the slice": {
    kernelTakes: 12_000,
    reached: () => "grep -qs create_store /proc/[0-9]*/stack",
    // The kernel shows the device before its driver has it.
    there: { slices: 1, domains: 0 },
  },
  "while libvirt starts QEMU": {
    kernelTakes: 0,
    // What looks for it is not to find itself.
    reached: (name) => `pgrep -f [g]uest=${name}`,
    there: { slices: 1, domains: 1 },
  },
} as const satisfies Record<string, Moment>;

/** A case of a `describe`: there is nothing on the host, and nothing afterwards. */
export function killedDuringACreate(when: keyof typeof moments, { bed, agent }: Killed): void {
  const { kernelTakes, reached, there }: Moment = moments[when];

  afterEach(() => gpu.setKnob(bed(), "create_delay_ms", "0"));

  it(`finishes it when it died ${when}, and nothing is made twice`, async () => {
    const name = "cut-off";
    await makeDisk(bed(), name);
    await gpu.setKnob(bed(), "create_delay_ms", String(kernelTakes));
    const request = domainRequest(name, "4");
    const lost = assert.rejects(agent().client.createDomain(request));
    await until(bed(), `${reached(name)} >/dev/null`);
    await agent().end("SIGKILL");
    await lost;
    const { slices, domains } = await leftOvers(bed());
    assert.deepEqual({ slices: slices.length, domains: domains.length }, there);
    await agent().start();
    const { domain } = await agent().client.createDomain(request);
    assert.equal(domain?.claimState, "CLAIM_STATE_ACTIVE");
    assert.equal(domain.state, "DOMAIN_STATE_RUNNING");
    const after = await leftOvers(bed());
    assert.deepEqual(after, { slices: domain.vgpuIds, domains: [name], processes: [name] });
    assert.equal((await agent().client.destroyDomain(name)).claimState, "CLAIM_STATE_GONE");
    await assertNothingLeft(bed());
  });
}
