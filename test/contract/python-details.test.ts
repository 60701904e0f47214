// What vgpud says beside an error is read by another language's own libraries as it was meant.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { status } from "@grpc/grpc-js";
import { z } from "zod";
import {
  CreateDomainRequest,
  DomainServiceService as Domains,
} from "../../proto/gen/vgpud/v1/domain_service.ts";
import { type as vgpuType, GPU } from "../e2e/harness/requests.ts";
import { refusal } from "../e2e/harness/rpc.ts";
import { World } from "../e2e/harness/world.ts";
import { ClientProcess } from "./scheduler-clients/client-process.ts";
import { Python, whyNoPython } from "./scheduler-clients/python.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const answerSchema = z.object({
  code: z.number(),
  message: z.string(),
  status: z.strictObject({
    code: z.number().optional(),
    message: z.string().optional(),
    details: z.array(z.looseObject({ "@type": z.string() })).default([]),
  }),
});
type Answer = z.output<typeof answerSchema>;

const TYPE_URL = "type.googleapis.com/";
const errorInfo = (reason: string, metadata?: Readonly<Record<string, string>>) => ({
  "@type": `${TYPE_URL}google.rpc.ErrorInfo`,
  ...{ reason, domain: "vgpud" },
  ...(metadata && { metadata }),
});

/** The types of details that the contract's paragraph about them names. */
async function detailsOfTheContract(): Promise<Set<string>> {
  const text = await readFile(new URL("../../../proto/vgpud/v1/errors.proto", import.meta.url), "utf8");
  const paragraph = /\/\/ Details\.[^]*?\/\/\n/.exec(text)?.[0] ?? "";
  return new Set([...paragraph.matchAll(/(?:google\.rpc|vgpud\.v1)\.\w+/g)].map(([name]) => name));
}

describe("Python's own libraries", () => {
  let world: World;
  let python: Python;
  const seen = new Set<string>();

  before(async function () {
    unlessImpossible(this, whyNoPython());
    python = await Python.prepare();
    world = await World.start();
  });
  after(async () => {
    // Undefined when skipped.
    await (python as Python | undefined)?.[Symbol.asyncDispose]();
    await (world as World | undefined)?.[Symbol.asyncDispose]();
  });

  /** What Python reads in the refusal of a request. */
  async function read(request: Uint8Array, method: string = Domains.createDomain.path): Promise<Answer> {
    const program = python.command("test/contract/scheduler-clients/decode_details.py");
    const asked = JSON.stringify({ method, request: Buffer.from(request).toString("base64") });
    await using client = new ClientProcess([...program, world.socket], python.env, `${asked}\n`);
    const code = await client.ended;
    assert.deepEqual([code, client.errors], [0, ""]);
    const answer = answerSchema.parse(JSON.parse(client.lines[0] ?? ""));
    for (const detail of answer.status.details) seen.add(detail["@type"].slice(TYPE_URL.length));
    return answer;
  }

  /** The same request, as our own client is refused. */
  const refused = (request: CreateDomainRequest) => refusal(world.rpc.call(Domains.createDomain, request));

  const encoded = (request: CreateDomainRequest): Uint8Array => CreateDomainRequest.encode(request).finish();

  it("read every field at fault, and say what our own client says", async () => {
    const { request, spec, disk } = world.draft("bad");
    Object.assign(spec, { vcpus: 0, memoryMib: 1 });
    disk.path = "Bärlauch.img";
    const answer = await read(encoded(request));
    const fields = ["domain.vcpus", "domain.memory_mib", "domain.disks[0].path"];
    const descriptions = [
      "domain.vcpus must be 1 to 256, is 0",
      "domain.memory_mib must be 16 to 4194304, is 1",
      'domain.disks[0].path must be an absolute path of 2 to 4096 bytes, is "Bärlauch.img"',
    ];
    assert.deepEqual(answer.status.details, [
      errorInfo("FIELD_INVALID", { field: "domain.vcpus" }),
      {
        "@type": `${TYPE_URL}google.rpc.BadRequest`,
        field_violations: fields.map((field, n) => ({ field, description: descriptions[n] })),
      },
    ]);
    assert.deepEqual([answer.code, answer.status.code], [status.INVALID_ARGUMENT, status.INVALID_ARGUMENT]);
    assert.equal(answer.message, `3 fields are wrong: ${descriptions.join("; ")}`);
    assert.equal(answer.status.message, answer.message);
    const ours = await refused(request);
    assert.deepEqual([ours.fields, ours.descriptions], [fields, descriptions]);
  });

  it("read what each GPU lacks and what is free on it", async () => {
    const large = ({ vgpu }: ReturnType<World["draft"]>): void => {
      vgpu.want = { $case: "type", value: vgpuType(1) };
    };
    await world.create("large", large);
    const draft = world.draft("larger");
    large(draft);
    const [info, decision] = (await read(encoded(draft.request))).status.details;
    const ours = await refused(draft.request);
    await world.destroy("large");
    assert.deepEqual(info, errorInfo("APERTURE_EXHAUSTED", { gpus: GPU }));
    const lack = ours.decision?.candidates[0]?.message;
    assert.match(lack ?? "", /^needs 512 MiB low GM/);
    assert.deepEqual(decision, {
      "@type": `${TYPE_URL}vgpud.v1.PlacementDecision`,
      message: ours.decision?.message,
      candidates: [
        {
          ...{ gpu: GPU, backend: "BACKEND_KVMGT", type: vgpuType(1) },
          ...{ reason: "APERTURE_EXHAUSTED", message: lack },
          free: { low_gm_mib: 384, high_gm_mib: 640, fences: 24, instances: 6 },
        },
      ],
    });
  });

  it("read how long to wait", async () => {
    await world.setFaults({ kind: "LIBVIRT_GONE" });
    const { request } = world.draft("early");
    const answer = await read(encoded(request));
    await world.clearFaults();
    await world.sawLibvirt();
    assert.equal(answer.code, status.UNAVAILABLE);
    assert.deepEqual(answer.status.details, [
      errorInfo("LIBVIRT_UNAVAILABLE"),
      { "@type": `${TYPE_URL}google.rpc.RetryInfo`, retry_delay: "2s" },
    ]);
  });

  it("read the metadata of an error that is about no field", async () => {
    await world.create("reused");
    const { uuid } = await world.named("reused");
    const { request, spec } = world.draft("reused");
    spec.vcpus += 1;
    const answer = await read(encoded(request));
    await world.destroy("reused");
    assert.equal(answer.code, status.ALREADY_EXISTS);
    assert.deepEqual(answer.status.details, [
      errorInfo("CLAIM_REUSED", { claim_id: "claim-reused", domain_uuid: uuid }),
    ]);
  });

  it("find nothing in an error that the transport made", async () => {
    const answer = await read(Buffer.alloc(0), "/vgpud.v1.DomainService/CloneDomain");
    assert.deepEqual([answer.code, answer.status], [status.UNIMPLEMENTED, { details: [] }]);
  });

  it("have read, above, each type of detail that the contract names", async () => {
    assert.deepEqual([...seen].sort(), [...(await detailsOfTheContract())].sort());
    assert.equal(seen.size, 4);
  });
});
