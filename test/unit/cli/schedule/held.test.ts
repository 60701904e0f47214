// The domains of many hosts, some of which do not answer.
import assert from "node:assert/strict";
import { MemoryPlacement } from "../../../fakes/memory-placement.ts";
import { TOTALS } from "../scheduling.ts";
import { ListDomainsResponse } from "../../../../proto/gen/vgpud/v1/domain_service.ts";
import { GetHostResponse } from "../../../../proto/gen/vgpud/v1/host_service.ts";
import { CliError } from "../../../../agent/cli/errors/cli-error.ts";
import { domainsOfClaim, domainsOn } from "../../../../agent/cli/schedule/domains-seen.ts";
import { allHeld } from "../../../../agent/cli/schedule/held.ts";

describe("what is booked on many GPUs", () => {
  it("is asked for of eight GPUs at once and no more, and told in the order of hosts", async () => {
    let asking = 0;
    let most = 0;
    let eight = (): void => undefined;
    const eightAsk = new Promise<void>((resolve) => (eight = resolve));
    class Slow extends MemoryPlacement {
      override async usages(uuid: string): ReturnType<MemoryPlacement["usages"]> {
        asking += 1;
        most = Math.max(most, asking);
        if (asking === 8) eight();
        // Whoever asks one after the other never comes to the eighth.
        await eightAsk;
        const usages = await super.usages(uuid);
        asking -= 1;
        return usages;
      }
    }
    const api = new Slow();
    const hosts = Array.from({ length: 40 }, (_, number) => `h${String(40 - number).padStart(2, "0")}`);
    for (const [at, host] of hosts.entries()) {
      const gpu = api.addHost(host, TOTALS);
      const allocations = new Map([[gpu, { CUSTOM_INTEL_VGPU: 1 }]]);
      const consumerType = at % 4 === 0 ? "INSTANCE" : "VGPUD";
      api.claims.set(`claim-${host}`, { allocations, projectId: "p", userId: "u", consumerType });
    }
    const { signal } = new AbortController();
    const held = await allHeld({ api, signal }, undefined);
    const ours = hosts.filter((_, at) => at % 4 !== 0).sort();
    assert.deepEqual(
      held.map(({ claimId, place }) => [claimId, place.host]),
      ours.map((host) => [`claim-${host}`, host]),
    );
    assert.equal(most, 8);
    assert.deepEqual(
      (await allHeld({ api, signal }, "h07")).map(({ place }) => place.host),
      ["h07"],
    );
  });
});

describe("the domains of the hosts with claims", () => {
  it("are asked for at once, so that hosts that hang keep no other waiting, and told in the order of hosts", async () => {
    const hosts = Array.from({ length: 100 }, (_, number) => `h${number}`);
    const hang = ["h1", "h40"];
    // Those that hang end only when the last host has been asked.
    let lastAsked = (): void => undefined;
    const late = new Promise<void>((resolve) => (lastAsked = resolve)).then(() => {
      throw new CliError("failure", "no answer from vgpud within 10s");
    });
    late.catch(() => undefined);
    const agentOf = (host: string) => ({
      close: () => undefined,
      listDomains: async () => {
        if (hang.includes(host)) return await late;
        if (host === "h99") lastAsked();
        return ListDomainsResponse.fromPartial({ domains: [{ claimId: `CLAIM-${host}`, name: host }] });
      },
      getHost: () => Promise.resolve(GetHostResponse.fromPartial({ host: { scheduler: { host } } })),
    });
    const { byHost, unasked } = await domainsOn(new Set(hosts), { agentOf });
    const names = [...byHost.values()].flatMap((claims) => [...claims.values()].map(({ name }) => name));
    assert.deepEqual(
      names,
      hosts.filter((host) => !hang.includes(host)),
    );
    assert.deepEqual([...domainsOfClaim("claim-h7", { byHost }).keys()], ["h7"]);
    assert.deepEqual([...unasked.keys()], hang);
  });
});
