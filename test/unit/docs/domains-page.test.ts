// The examples of docs/domains.md are requests that are taken.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { parseDomainSpec } from "../../../agent/api/validate/domain-spec.ts";
import { parseVgpuRequest } from "../../../agent/api/validate/vgpu-request.ts";
import { schema } from "../../../agent/config/schema.ts";
import { CreateDomainRequest } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { domainId } from "../../fakes/ids.ts";

const page = new URL("../../../../docs/domains.md", import.meta.url);

const site = { hypervisor: "kvm", newId: () => domainId(1) } as const;

/** As the JSON form of a message has them. */
function camelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase()),
      camelCase(inner),
    ]),
  );
}

describe("docs/domains.md", () => {
  it("shows requests that are taken, and the configuration for them", async () => {
    const examples = [...(await readFile(page, "utf8")).matchAll(/```yaml\n([^`]*)```/g)].map(
      ([, text = ""]) => text,
    );
    const [desktop = "", configuration = "", raw = ""] = examples;
    assert.equal(examples.length, 3);
    for (const text of [desktop, raw]) {
      const request = CreateDomainRequest.fromJSON(camelCase(parse(text)));
      const spec = parseDomainSpec(request.domain, "domain", site);
      assert.equal(spec.name, request.claimId);
      parseVgpuRequest(request.vgpu, "vgpu");
    }
    const { domain } = CreateDomainRequest.fromJSON(camelCase(parse(desktop)));
    const spec = parseDomainSpec(domain, "domain", site);
    assert.deepEqual(
      [spec.disks.length, spec.labels["app/tier"], spec.nics[0]?.to],
      [2, "desktop", { network: "default" }],
    );
    assert.deepEqual([spec.numa, spec.vnc?.listen], [{ mode: "strict", nodes: [] }, "127.0.0.1"]);
    assert.deepEqual(schema.parse(parse(configuration)).networks, ["default"]);
  });
});
