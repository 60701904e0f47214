// What is wrong with a request is said by name, and changes nothing on the host.
import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { inspect } from "node:util";
import {
  DestroyDomainRequest,
  DomainServiceService as Domains,
  GetDomainRequest,
  StartDomainRequest,
  StopDomainRequest,
} from "../../proto/gen/vgpud/v1/domain_service.ts";
import { DiskFormat, DomainSpec, NetworkInterface } from "../../proto/gen/vgpud/v1/domain_spec.ts";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import { GpuServiceService as Gpus } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { OperationServiceService as Operations } from "../../proto/gen/vgpud/v1/operation_service.ts";
import { VgpuServiceService as Vgpus } from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import { fullDraft, GPU, type } from "./harness/requests.ts";
import { refusal, type RpcError } from "./harness/rpc.ts";
import { MANY_A_SECOND, World, type Footprint } from "./harness/world.ts";
import { apply, wrongFields, type Change } from "./harness/wrong-fields.ts";

const HOST = `
mdevs:
  - { gpu: "${GPU}", type: ${type(8)}, uuid: 4c9c1f1e-aaaa-4000-8000-000000000001, held_by: qemu-system-x86 }
`;

const THEIRS = "6c9c1f1e-bbbb-4000-8000-000000000001";

describe("bad input", () => {
  let world: World;
  let untouched: Footprint;
  before(async () => {
    world = await World.start(HOST, {}, MANY_A_SECOND);
    untouched = await world.footprint();
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  afterEach("nothing has changed on the host", async () => {
    assert.deepEqual(await world.footprint(), untouched);
  });

  /** The same whether it is asked to be done or only to be checked. */
  async function refused(change: Change): Promise<RpcError> {
    const draft = fullDraft(world.images, "desk-1");
    apply(change, draft);
    const error = await refusal(world.createAs(draft.request));
    draft.request.validateOnly = true;
    const validated = await refusal(world.createAs(draft.request));
    assert.deepEqual([validated.reason, validated.field], [error.reason, error.field]);
    return error;
  }

  async function assertRefused(change: Change, expected: readonly [string, string, string?]): Promise<void> {
    const error = await refused(change);
    const said = [error.code, error.reason, error.field].slice(0, expected.length);
    assert.deepEqual(said, expected, inspect(change).slice(0, 200));
    // Whatever came in does not come out again at length, nor with what a terminal would obey.
    assert.ok(error.message.length < 6000 && !/\p{Cc}/u.test(error.message), error.message);
  }

  it("is refused with the field named, whatever is wrong with it", async () => {
    for (const [reason, field, change] of wrongFields) {
      const code = reason === "NOT_SUPPORTED_HERE" ? "FAILED_PRECONDITION" : "INVALID_ARGUMENT";
      await assertRefused(change, [code, `FIELD_${reason}`, field]);
    }
  });

  it("is a path that leads out of the storage roots, whichever way", async () => {
    const outside = path.join(world.host.directory, "outside");
    const at = (name: string): string => path.join(world.images, name);
    await mkdir(outside);
    await mkdir(at("folder"));
    await writeFile(path.join(outside, "secret"), "");
    await symlink(path.join(outside, "secret"), at("link"));
    await symlink(outside, at("linked-folder"));
    await symlink(at("loop"), at("loop"));
    await symlink(at("nowhere"), at("dangling"));
    await writeFile(at("backed"), qcow2Over(path.join(outside, "secret")));
    await writeFile(at("backed-twice"), qcow2Over("backed"));
    await writeFile(at("backed-by-itself"), qcow2Over("backed-by-itself"));
    await writeFile(at("backed-by-network"), qcow2Over("nbd://host/disk"));
    await writeFile(at("backed-by-json"), qcow2Over('json:{"file.filename":"/etc/passwd"}'));
    const files = [
      ...["/etc/passwd", "/dev/null", path.join(outside, "secret"), world.images],
      ...["../outside/secret", "link", "linked-folder/secret", "folder", "missing", "loop", "dangling"].map(
        at,
      ),
      ...["disk.img/x", "backed", "backed-twice", "backed-by-itself", "backed-by-network"].map(at),
      at("backed-by-json"),
    ];
    const field = "domain.disks[0].path";
    for (const file of files)
      await assertRefused({ disk: { path: file, format: DiskFormat.QCOW2 } }, [
        ...(["INVALID_ARGUMENT", "PATH_NOT_ALLOWED"] as const),
        field,
      ]);
    const boot = "domain.boot.kernel";
    const code = "INVALID_ARGUMENT";
    await assertRefused({ kernel: { kernelPath: at("link") } }, [
      code,
      "PATH_NOT_ALLOWED",
      `${boot}.kernel_path`,
    ]);
    await assertRefused({ kernel: { initrdPath: at("x") } }, [
      code,
      "PATH_NOT_ALLOWED",
      `${boot}.initrd_path`,
    ]);
  });

  it("is a network, a bridge or a log that the configuration does not allow, all of them named", async () => {
    const attach = ($case: "network" | "bridge", value: string): NetworkInterface =>
      NetworkInterface.fromPartial({ attachment: { $case, value } });
    const nics = [attach("network", "default"), attach("network", "br0"), attach("bridge", "eth0")];
    const error = await refused({ spec: { nics, serial: { logPath: "/var/log/x" } } });
    assert.deepEqual([error.code, error.reason], ["INVALID_ARGUMENT", "NETWORK_NOT_ALLOWED"]);
    assert.deepEqual(error.fields, [
      "domain.nics[1].network",
      "domain.nics[2].bridge",
      "domain.serial.log_path",
    ]);
  });

  it("is raw XML that says more than it may, and the path of each thing is told", async () => {
    const rawXml =
      "<domain><name>a</name><memory>1</memory><os/><devices><hostdev/><emulator>/x</emulator></devices></domain>";
    const request = { domain: DomainSpec.fromPartial({ rawXml }) };
    const error = await refused({ request });
    assert.deepEqual([error.code, error.reason], ["INVALID_ARGUMENT", "XML_NOT_ALLOWED"]);
    assert.match(
      error.descriptions.join("\n"),
      /^\/domain\/devices\/hostdev\[1\] .*\n\/domain\/devices\/emulator\[1\] /,
    );
  });

  it("is a type, a size or a GPU that the host does not have", async () => {
    const sizes = { vgtLowGmSz: 513, vgtHighGmSz: 0, vgtFenceSz: 0 };
    const unknown = ["NOT_FOUND", "TYPE_UNKNOWN"] as const;
    await assertRefused({ vgpu: { want: { $case: "type", value: "i915-GVTg_V4_4" } } }, unknown);
    await assertRefused({ vgpu: { want: { $case: "sizes", value: sizes } } }, unknown);
    await assertRefused({ vgpu: { gpu: "0000:7f:00.0" } }, ["NOT_FOUND", "GPU_NOT_FOUND"]);
    for (const mode of [Mode.GVT_D, Mode.GVT_S, Mode.SRIOV])
      await assertRefused({ vgpu: { want: { $case: "mode", value: mode } } }, [
        "FAILED_PRECONDITION",
        "MODE_UNSUPPORTED",
      ]);
  });

  it("is a reference to a domain that names it badly", async () => {
    const { rpc } = world;
    const refs = [
      [undefined, "", "FIELD_REQUIRED", "domain"],
      ["uuid", "", "FIELD_REQUIRED", "domain.uuid"],
      ["uuid", "7", "FIELD_INVALID", "domain.uuid"],
      ["name", "", "FIELD_REQUIRED", "domain.name"],
      ["claimId", "", "FIELD_REQUIRED", "domain.claim_id"],
      ["claimId", " a", "FIELD_INVALID", "domain.claim_id"],
    ] as const;
    for (const [$case, value, reason, field] of refs) {
      const named = $case === undefined ? {} : { domain: { ref: { $case, value } } };
      const calls = [
        rpc.call(Domains.getDomain, GetDomainRequest.fromPartial(named)),
        rpc.call(Domains.startDomain, StartDomainRequest.fromPartial(named)),
        rpc.call(Domains.stopDomain, StopDomainRequest.fromPartial(named)),
        rpc.call(Domains.destroyDomain, DestroyDomainRequest.fromPartial({ ...named, allowMissing: true })),
      ];
      for (const error of await Promise.all(calls.map(refusal)))
        assert.deepEqual([error.code, error.reason, error.field], ["INVALID_ARGUMENT", reason, field]);
    }
  });

  it("is a reference to anything else that names it badly", async () => {
    const { rpc } = world;
    const vgpu = ($case: "vgpuId" | "claimId", value: string): Promise<unknown> =>
      rpc.call(Vgpus.getVgpu, { vgpu: { ref: { $case, value } } });
    const calls: readonly (readonly [Promise<unknown>, string, string])[] = [
      [rpc.call(Vgpus.getVgpu, { vgpu: undefined }), "FIELD_REQUIRED", "vgpu"],
      [vgpu("vgpuId", "7"), "FIELD_INVALID", "vgpu.vgpu_id"],
      [vgpu("vgpuId", ""), "FIELD_REQUIRED", "vgpu.vgpu_id"],
      [vgpu("claimId", "a\n"), "FIELD_INVALID", "vgpu.claim_id"],
      [rpc.call(Gpus.getGpu, { gpu: "" }), "FIELD_REQUIRED", "gpu"],
      [rpc.call(Gpus.getGpu, { gpu: "card0" }), "FIELD_INVALID", "gpu"],
      [rpc.call(Operations.getOperation, { name: "" }), "FIELD_REQUIRED", "name"],
      [rpc.call(Operations.getOperation, { name: "7" }), "FIELD_INVALID", "name"],
    ];
    for (const [call, reason, field] of calls) {
      const error = await refusal(call);
      assert.deepEqual([error.code, error.reason, error.field], ["INVALID_ARGUMENT", reason, field]);
    }
  });

  it("is a grace period that nobody can mean, for whatever domain", async () => {
    const wrong = [
      { gracePeriod: { seconds: -1n, nanos: 0 } },
      { gracePeriod: { seconds: 0n, nanos: -1 } },
      { gracePeriod: { seconds: 0n, nanos: 2_000_000_000 } },
      { gracePeriod: { seconds: 86_401n, nanos: 0 } },
      { gracePeriod: { seconds: 9_223_372_036_854_775_807n, nanos: 0 } },
      { gracePeriod: { seconds: 1n, nanos: 0 }, noForce: true },
    ];
    for (const how of wrong) {
      const stop = await refusal(world.stop("nobody", how));
      const destroy = await refusal(world.destroy("nobody", { ...how, allowMissing: true }));
      for (const { reason, field } of [stop, destroy])
        assert.deepEqual([reason, field], ["FIELD_INVALID", "grace_period"]);
    }
    const { reason, field } = await refusal(world.start("nobody", "7"));
    assert.deepEqual([reason, field], ["FIELD_INVALID", "request_id"]);
  });

  it("is a page that nobody gave", async () => {
    interface Page {
      readonly pageSize: number;
      readonly pageToken: string;
      readonly withUsage: boolean;
    }
    const withUsage = false;
    for (const list of [Domains.listDomains, Vgpus.listVgpus, Gpus.listGpus]) {
      const negative = await refusal(
        world.rpc.call<Page, unknown>(list, { pageSize: -1, pageToken: "", withUsage }),
      );
      assert.deepEqual([negative.reason, negative.field], ["FIELD_INVALID", "page_size"]);
      for (const pageToken of ["x", "../", "YWZ0ZXI", "YWZ0ZXI6\n"]) {
        const error = await refusal(
          world.rpc.call<Page, unknown>(list, { pageSize: 0, pageToken, withUsage }),
        );
        assert.deepEqual([error.reason, error.field], ["PAGE_TOKEN_INVALID", "page_token"]);
      }
    }
  });

  it("is a name or a UUID that a domain has, own or foreign", async () => {
    await world.defineForeign({ name: "theirs", uuid: THEIRS });
    const { domain } = await world.create("ours");
    for (const name of ["ours", "theirs"])
      await assertRefused({ spec: { name } }, ["ALREADY_EXISTS", "DOMAIN_NAME_EXISTS"]);
    for (const uuid of [domain?.uuid ?? "", THEIRS])
      await assertRefused({ spec: { uuid: uuid.toUpperCase() } }, ["ALREADY_EXISTS", "DOMAIN_UUID_EXISTS"]);
    for (const call of [world.start("theirs"), world.stop("theirs"), world.destroy("theirs")]) {
      const error = await refusal(call);
      assert.deepEqual([error.code, error.reason], ["FAILED_PRECONDITION", "DOMAIN_FOREIGN"]);
    }
    untouched = await world.footprint();
    assert.equal(untouched.truth.domains.length, 2);
  });
});

/** A qcow2 header, version 2, that refers to a backing file (QEMU: docs/interop/qcow2.txt). */
function qcow2Over(name: string): Buffer {
  const header = Buffer.alloc(72 + Buffer.byteLength(name));
  header.writeUInt32BE(0x514649fb, 0);
  header.writeUInt32BE(2, 4);
  header.writeBigUInt64BE(72n, 8);
  header.writeUInt32BE(Buffer.byteLength(name), 16);
  header.write(name, 72);
  return header;
}
