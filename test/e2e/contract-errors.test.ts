// How the agent says no: proto/vgpud/v1/errors.proto, rule by rule.
import assert from "node:assert/strict";
import { reasons } from "../../agent/core/reasons.ts";
import { DomainServiceService as Domains } from "../../proto/gen/vgpud/v1/domain_service.ts";
import { GpuServiceService as Gpus } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import { OperationServiceService as Operations } from "../../proto/gen/vgpud/v1/operation_service.ts";
import { ReservationServiceService as Reservations } from "../../proto/gen/vgpud/v1/reservation_service.ts";
import { VgpuServiceService as Vgpus } from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import { fullDraft, type } from "./harness/requests.ts";
import { refusal, type RpcError } from "./harness/rpc.ts";
import { present, World } from "./harness/world.ts";

/** What an answer to any method can be checked by. */
interface AnyMethod {
  readonly path: string;
}
const methodsOf = (services: readonly object[]): AnyMethod[] =>
  services.flatMap((service) => Object.values<AnyMethod>({ ...service }));

const METHODS = methodsOf([Hosts, Gpus, Vgpus, Operations, Domains, Reservations]);

const bytes = (buffer: Buffer): Buffer => buffer;
const raw = (path: string) => ({ path, requestSerialize: bytes, responseDeserialize: bytes });

describe("an error of vgpud", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });

  /** What every error made by vgpud carries, whatever it is about. */
  function assertByContract(error: RpcError): void {
    const infos = error.details.filter(({ type: name }) => name === "ErrorInfo");
    assert.equal(infos.length, 1, `${error.message} has ${infos.length} ErrorInfo`);
    const { domain, reason, metadata } = present(error.info);
    assert.equal(domain, "vgpud");
    assert.ok(reason in reasons, `${reason} is not in the closed list`);
    for (const key of Object.keys(metadata)) assert.match(key, /^[a-z][a-z0-9_]*$/);
    assert.equal(error.code === "UNAVAILABLE", error.retrySeconds !== undefined);
  }

  it("names the field that is at fault, by its path", async () => {
    const error = await refusal(
      world.create("desk-1", ({ disk }) => {
        disk.path = "relative";
      }),
    );
    assertByContract(error);
    assert.deepEqual(
      [error.code, error.reason, error.field],
      ["INVALID_ARGUMENT", "FIELD_INVALID", "domain.disks[0].path"],
    );
    assert.equal(present(error.info).metadata["field"], "domain.disks[0].path");
  });

  it("says of every GPU what it lacks when there is no room", async () => {
    await world.create("large", ({ vgpu }) => {
      vgpu.want = { $case: "type", value: type(1) };
    });
    const error = await refusal(
      world.create("larger", ({ vgpu }) => {
        vgpu.want = { $case: "type", value: type(1) };
      }),
    );
    await world.destroy("large");
    assertByContract(error);
    assert.deepEqual([error.code, error.reason], ["RESOURCE_EXHAUSTED", "APERTURE_EXHAUSTED"]);
    assert.deepEqual(
      error.decision?.candidates.map(({ reason, chosen, free }) => [reason, chosen, free?.lowGmMib]),
      [["APERTURE_EXHAUSTED", false, 384]],
    );
    assert.equal(error.decision.gpu, "");
  });

  it("says how long to wait when something is away", async () => {
    await world.setFaults({ kind: "LIBVIRT_GONE" });
    const error = await refusal(world.create("desk-1"));
    await world.clearFaults();
    await world.sawLibvirt();
    assertByContract(error);
    assert.deepEqual([error.code, error.reason], ["UNAVAILABLE", "LIBVIRT_UNAVAILABLE"]);
    assert.ok((error.retrySeconds ?? 0) > 0);
  });

  it("tells bytes that are no message, for every method of the contract, all of which are served", async () => {
    // A length-delimited field that promises more than follows.
    const cut = Buffer.from([0x0a, 0x7f, 0x41]);
    for (const { path } of METHODS) {
      const error = await refusal(world.rpc.call(raw(path), cut));
      assertByContract(error);
      assert.deepEqual([error.code, error.reason], ["INVALID_ARGUMENT", "REQUEST_UNREADABLE"], path);
    }
  });

  it("is the transport's own for a method that the contract does not have", async () => {
    const error = await refusal(world.rpc.call(raw("/vgpud.v1.DomainService/CloneDomain"), Buffer.alloc(0)));
    assert.deepEqual([error.code, error.info], ["UNIMPLEMENTED", undefined]);
  });

  it("is no lack of room for a message above 16 MiB, and one of 2 MiB is read", async () => {
    const { request, spec } = fullDraft(world.images, "desk-1");
    spec.rawXml = "x".repeat(2 * 1024 * 1024);
    const readable = await refusal(world.createAs(request));
    assert.deepEqual([readable.reason, readable.field], ["FIELD_INVALID", "domain.name"]);
    spec.rawXml = "x".repeat(17 * 1024 * 1024);
    const tooLarge = await refusal(world.createAs(request));
    assertByContract(tooLarge);
    assert.deepEqual([tooLarge.code, tooLarge.reason], ["INVALID_ARGUMENT", "REQUEST_TOO_LARGE"]);
    assert.equal(present(tooLarge.info).metadata["limit_bytes"], String(16 * 1024 * 1024));
  });

  it("is answered for every reference to what is not there", async () => {
    const calls = {
      DOMAIN_NOT_FOUND: [
        world.named("nobody"),
        world.claimed("nobody"),
        world.domain({ $case: "uuid", value: "3c9c1f1e-0000-4000-8000-000000000001" }),
        world.start("nobody"),
        world.stop("nobody"),
        world.destroy("nobody"),
      ],
      GPU_NOT_FOUND: [world.rpc.call(Gpus.getGpu, { gpu: "0000:7f:00.0" })],
      VGPU_NOT_FOUND: [
        world.rpc.call(Vgpus.getVgpu, { vgpu: { ref: { $case: "claimId", value: "nobody" } } }),
        world.rpc.call(Vgpus.getVgpu, {
          vgpu: { ref: { $case: "vgpuId", value: "3c9c1f1e-0000-4000-8000-000000000001" } },
        }),
      ],
      OPERATION_NOT_FOUND: [world.operation("operations/3c9c1f1e-0000-4000-8000-000000000001")],
    };
    for (const [reason, failing] of Object.entries(calls)) {
      for (const error of await Promise.all(failing.map(refusal))) {
        assertByContract(error);
        assert.deepEqual([error.code, error.reason], ["NOT_FOUND", reason]);
      }
    }
    const { domain, operation } = await world.destroy("nobody", { allowMissing: true });
    assert.deepEqual([domain, operation], [undefined, ""]);
  });
});
