// The domains of many hosts, some of which do not answer.
import assert from "node:assert/strict";
import { ListDomainsResponse } from "../../../../proto/gen/vgpud/v1/domain_service.ts";
import { CliError } from "../../../../agent/cli/errors/cli-error.ts";
import { domainsOn } from "../../../../agent/cli/schedule/held.ts";

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
    });
    const { byClaim, unknown } = await domainsOn(new Set(hosts), { agentOf });
    const names = [...byClaim.values()].map(({ name }) => name);
    assert.deepEqual(
      names,
      hosts.filter((host) => !hang.includes(host)),
    );
    assert.equal(byClaim.get("claim-h7")?.name, "h7");
    assert.deepEqual([...unknown.keys()], hang);
  });
});
