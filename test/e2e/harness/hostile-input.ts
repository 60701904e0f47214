// Wrong requests by the thousand to every method that is served: each gets an answer of the contract, and nothing is left of
// them. How many is a matter of time; the first of them are the same whatever the number.
import assert from "node:assert/strict";
import {
  CreateDomainRequest,
  DestroyDomainRequest,
  DomainServiceService as Domains,
  GetDomainRequest,
  ListDomainsRequest,
  StartDomainRequest,
  StopDomainRequest,
} from "../../../proto/gen/vgpud/v1/domain_service.ts";
import {
  DrainGpuRequest,
  GetGpuRequest,
  GpuServiceService as Gpus,
  ListGpusRequest,
  PlanRequest,
  SetGpuModeRequest,
  SetVirtualFunctionsRequest,
  UndrainGpuRequest,
} from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import {
  DiagnoseRequest,
  DrainHostRequest,
  GetHostRequest,
  HostServiceService as Hosts,
  ReconcileRequest,
  UndrainHostRequest,
} from "../../../proto/gen/vgpud/v1/host_service.ts";
import {
  GetOperationRequest,
  OperationServiceService as Operations,
} from "../../../proto/gen/vgpud/v1/operation_service.ts";
import {
  CreateReservationRequest,
  GetReservationRequest,
  ListReservationsRequest,
  ReleaseReservationRequest,
  RenewReservationRequest,
  ReservationServiceService as Reservations,
} from "../../../proto/gen/vgpud/v1/reservation_service.ts";
import {
  AdoptVgpuRequest,
  CreateVgpuRequest,
  DeleteVgpuRequest,
  GetVgpuRequest,
  ListVgpusRequest,
  ReleaseVgpuRequest,
  VgpuServiceService as Vgpus,
} from "../../../proto/gen/vgpud/v1/vgpu_service.ts";
import {
  ResourceKind,
  WatchRequest,
  WatchServiceService as Watches,
} from "../../../proto/gen/vgpud/v1/watch_service.ts";
import { ClaimState, Ownership } from "../../../proto/gen/vgpud/v1/claim.ts";
import { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { Contract, hostileRequests } from "./hostile-requests.ts";
import { fullDraft, GPU, type } from "./requests.ts";
import { RpcError } from "./rpc.ts";
import { until } from "./until.ts";
import { MANY_A_SECOND, present, World } from "./world.ts";

/** The agent rests between two examinations of its host, however many ask, and a look at the host is some work. */
const SLOW: ReadonlySet<string> = new Set(
  [
    ...[Hosts.diagnose, Hosts.reconcile, Gpus.setGpuMode, Gpus.setVirtualFunctions],
    ...[Vgpus.adoptVgpu, Vgpus.releaseVgpu],
  ].map(({ path }) => path),
);
const IN_FLIGHT = 24;
/** Of those that are served on a connection: one that is left may be open a little longer. */
const STREAMS = 2;
const SEED = 20;
const FOREIGN = "4c9c1f1e-aaaa-4000-8000-000000000001";
const HOST = `
mdevs:
  - { gpu: "${GPU}", type: ${type(8)}, uuid: ${FOREIGN}, held_by: qemu-system-x86 }
`;
const A_DAY = { seconds: 86_400n, nanos: 0 };
const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };
const MIB = 1024 * 1024;
/** What a heap that does not grow may still differ by, from one collection to another. */
const HEAP_NOISE_BYTES = 12 * MIB;

/** The suite, with so many requests for each method, and a part of them for those that take long or keep a stream. */
export function hostileInput(requestsPerMethod: number): void {
  let world: World;
  let contract: Contract;
  let valid: ReadonlyMap<string, readonly Uint8Array[]>;
  const heap: number[] = [];

  before(async () => {
    contract = await Contract.load();
    world = await World.start(HOST, {}, MANY_A_SECOND);
    await world.create("victim");
    valid = await validRequests();
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });

  function countFor(path: string): number {
    if (SLOW.has(path)) return requestsPerMethod / 10;
    return path === Watches.watch.path ? requestsPerMethod / 5 : requestsPerMethod;
  }

  function hostileTo(path: string): Generator<Buffer, void> {
    const known = [world.images, `${world.images}/disk.img`, "victim", "claim-victim", "claim-held", FOREIGN];
    const of = { known, seed: SEED, count: countFor(path) };
    return hostileRequests(contract.request(path), valid.get(path) ?? [], of);
  }

  /** Sends them all, each made when it is its turn, and says how many the handler had to deal with. */
  async function send(path: string, requests: Generator<Buffer, void>): Promise<number> {
    const streams = path === Watches.watch.path;
    let sent = 0;
    let reached = 0;
    const work = async (): Promise<void> => {
      for (const request of requests) {
        const nth = sent;
        sent += 1;
        const asked = streams ? world.rpc.first(path, request) : world.rpc.bytes(path, request);
        const error = await asked.then(
          () => undefined,
          (caught: unknown) => caught,
        );
        if (error !== undefined && !(error instanceof RpcError)) throw error as Error;
        if (error)
          assertAnswer(
            error,
            `${path}, request ${nth} of seed ${SEED}: ${request.subarray(0, 3000).toString("base64")}`,
          );
        if (error?.reason !== "REQUEST_UNREADABLE") reached += 1;
      }
    };
    await Promise.all(Array.from({ length: streams ? STREAMS : IN_FLIGHT }, work));
    return reached;
  }

  /** The least of some scrapes, since what is not collected yet is no leak. */
  async function heapBytes(): Promise<number> {
    const used: number[] = [];
    for (let n = 0; n < 10; n += 1) {
      const line = /^nodejs_heap_size_used_bytes (\S+)$/m.exec(await world.scrape());
      used.push(Number(line?.[1]));
    }
    return Math.min(...used);
  }

  async function validRequests(): Promise<ReadonlyMap<string, readonly Uint8Array[]>> {
    const { domain, operation } = await world.create("another");
    await world.destroy("another", AT_ONCE);
    const victim = await world.named("victim");
    const [vgpuId = ""] = victim.vgpuIds;
    const refs = [
      { ref: { $case: "uuid", value: victim.uuid } },
      { ref: { $case: "name", value: "victim" } },
      { ref: { $case: "claimId", value: "claim-victim" } },
      { ref: { $case: "uuid", value: present(domain).uuid } },
    ] as const;
    const checked = fullDraft(world.images, "checked").request;
    checked.validateOnly = true;
    const sized = CreateDomainRequest.fromPartial(checked);
    present(sized.vgpu).want = { $case: "sizes", value: { vgtLowGmSz: 64, vgtHighGmSz: 384, vgtFenceSz: 4 } };
    const flavor = { "hw:vgt_low_gm_sz": "128", "hw:vgt_fence_sz": "4" };
    const plans: Parameters<typeof PlanRequest.fromPartial>[0][] = [
      {
        items: [{ vgpu: checked.vgpu ?? {}, count: 3 }],
        whatIf: { apertures: [{ gpu: GPU, apertureMib: 512 }] },
      },
      {
        items: [
          { vgpu: { want: { $case: "flavor", value: { metadata: flavor } } } },
          { vgpu: { want: { $case: "mode", value: Mode.GVT_G }, gpu: GPU }, count: 1000 },
        ],
        whatIf: { withoutForeign: true },
      },
    ];
    const { resumeToken } = await world.rpc.call(Hosts.getHost, {});
    const requestId = "4c9c1f1e-cccc-4000-8000-000000000001";
    const held = CreateReservationRequest.fromPartial({
      ...{ claimId: "claim-held", validateOnly: true, vgpu: checked.vgpu ?? {} },
      ttl: { seconds: 1n, nanos: 500_000_000 },
    });
    await world.rpc.call(Reservations.createReservation, { ...held, validateOnly: false, ttl: A_DAY });
    return new Map<string, readonly Uint8Array[]>([
      [Hosts.getHost.path, [GetHostRequest.encode({}).finish()]],
      [
        Hosts.diagnose.path,
        [DiagnoseRequest.encode({ mode: Mode.GVT_G, gpu: GPU, language: "zh-Hans" }).finish()],
      ],
      [Gpus.listGpus.path, [ListGpusRequest.encode({ pageSize: 10, pageToken: "" }).finish()]],
      [Gpus.getGpu.path, [GetGpuRequest.encode({ gpu: GPU }).finish()]],
      [Gpus.plan.path, plans.map((plan) => PlanRequest.encode(PlanRequest.fromPartial(plan)).finish())],
      [Vgpus.listVgpus.path, [ListVgpusRequest.encode({ pageSize: 10, pageToken: "" }).finish()]],
      [
        Vgpus.getVgpu.path,
        [vgpuId, FOREIGN].map((value) =>
          GetVgpuRequest.encode({ vgpu: { ref: { $case: "vgpuId", value } } }).finish(),
        ),
      ],
      [
        Domains.listDomains.path,
        [ListDomainsRequest.encode({ pageSize: 10, pageToken: "", withUsage: false }).finish()],
      ],
      [
        Domains.getDomain.path,
        refs.map((ref) => GetDomainRequest.encode({ domain: ref, withUsage: false }).finish()),
      ],
      [Domains.createDomain.path, [checked, sized].map((one) => CreateDomainRequest.encode(one).finish())],
      [
        Domains.startDomain.path,
        refs.map((domain) => StartDomainRequest.encode({ domain, requestId }).finish()),
      ],
      [
        Domains.stopDomain.path,
        refs.map((domain) =>
          StopDomainRequest.encode(StopDomainRequest.fromPartial({ domain, ...AT_ONCE })).finish(),
        ),
      ],
      [
        Domains.destroyDomain.path,
        refs.map((domain) =>
          DestroyDomainRequest.encode(DestroyDomainRequest.fromPartial({ domain, ...AT_ONCE })).finish(),
        ),
      ],
      [
        Watches.watch.path,
        [resumeToken, ""].map((token) =>
          WatchRequest.encode({
            resumeToken: token,
            kinds: [ResourceKind.GPU, ResourceKind.DOMAIN],
          }).finish(),
        ),
      ],
      [
        Vgpus.createVgpu.path,
        [{ vgpu: checked.vgpu ?? {}, labels: { job: "7" } }, { reservation: "claim-held" }].map((one) =>
          CreateVgpuRequest.encode(
            CreateVgpuRequest.fromPartial({ claimId: "claim-lent", requestId, validateOnly: true, ...one }),
          ).finish(),
        ),
      ],
      [
        Vgpus.deleteVgpu.path,
        [vgpuId, FOREIGN].map((value) =>
          DeleteVgpuRequest.encode(
            DeleteVgpuRequest.fromPartial({ vgpu: { ref: { $case: "vgpuId", value } } }),
          ).finish(),
        ),
      ],
      [Reservations.createReservation.path, [CreateReservationRequest.encode(held).finish()]],
      [Reservations.getReservation.path, [GetReservationRequest.encode({ claimId: "claim-held" }).finish()]],
      [
        Reservations.listReservations.path,
        [ListReservationsRequest.encode({ pageSize: 10, pageToken: "" }).finish()],
      ],
      [
        Reservations.renewReservation.path,
        [RenewReservationRequest.encode({ claimId: "claim-held", ttl: { seconds: 60n, nanos: 0 } }).finish()],
      ],
      [
        Reservations.releaseReservation.path,
        [ReleaseReservationRequest.encode({ claimId: "claim-held" }).finish()],
      ],
      [
        Vgpus.adoptVgpu.path,
        [
          AdoptVgpuRequest.encode(
            AdoptVgpuRequest.fromPartial({ vgpuId: FOREIGN, claimId: "claim-adopted", validateOnly: true }),
          ).finish(),
        ],
      ],
      [
        Vgpus.releaseVgpu.path,
        [
          ReleaseVgpuRequest.encode({
            vgpu: { ref: { $case: "claimId", value: "claim-adopted" } },
            requestId: "",
          }).finish(),
        ],
      ],
      [Gpus.drainGpu.path, [DrainGpuRequest.encode({ gpu: GPU, note: "fan" }).finish()]],
      [Gpus.undrainGpu.path, [UndrainGpuRequest.encode({ gpu: GPU }).finish()]],
      [
        Gpus.setGpuMode.path,
        [SetGpuModeRequest.encode({ gpu: GPU, mode: Mode.GVT_G, validateOnly: true }).finish()],
      ],
      [
        Gpus.setVirtualFunctions.path,
        [
          SetVirtualFunctionsRequest.encode(
            SetVirtualFunctionsRequest.fromPartial({ gpu: GPU, count: 2 }),
          ).finish(),
        ],
      ],
      [Hosts.drainHost.path, [DrainHostRequest.encode({ note: "fan" }).finish()]],
      [Hosts.undrainHost.path, [UndrainHostRequest.encode({}).finish()]],
      [
        Hosts.reconcile.path,
        [true, false].map((dryRun) => ReconcileRequest.encode({ dryRun, claimId: "claim-victim" }).finish()),
      ],
      [Operations.getOperation.path, [GetOperationRequest.encode({ name: operation }).finish()]],
    ]);
  }

  it("is answered as the contract says, whatever it is, by every method that is served", async () => {
    for (const path of valid.keys()) {
      const count = countFor(path);
      const reached = await send(path, hostileTo(path));
      assert.ok(reached >= 0.95 * count, `${path}: only ${reached} of ${count} reached the handler`);
      heap.push(await heapBytes());
    }
  });

  it("is tried with every method that is served", async () => {
    const served = [...(await world.scrape()).matchAll(/^vgpud_rpc_handled_total\{method="([^"]+)"/gm)].map(
      ([, name]) => name,
    );
    assert.notEqual(served.length, 0);
    const tried = new Set([...valid.keys()].map((path) => path.replace("/vgpud.v1.", "")));
    assert.deepEqual(
      [...new Set(served)].filter((name = "") => !name.startsWith("grpc.") && !tried.has(name)),
      [],
    );
  });

  it("leaves no claim, domain or slice once what it made is destroyed, and all else as it was", async () => {
    for (const { name, ownership } of await world.domains())
      if (ownership === Ownership.OWN) await world.destroy(name, AT_ONCE);
    for (const { vgpuId, claimId, claimState, ownership } of await world.vgpus()) {
      if (ownership !== Ownership.OWN) continue;
      const vgpu = { ref: { $case: "vgpuId" as const, value: vgpuId } };
      if (claimState === ClaimState.RESERVED)
        await world.rpc.call(Reservations.releaseReservation, { claimId });
      // What a request has adopted all the same is given back.
      else if (vgpuId === FOREIGN) await world.rpc.call(Vgpus.releaseVgpu, { vgpu, requestId: "" });
      else await world.rpc.call(Vgpus.deleteVgpu, DeleteVgpuRequest.fromPartial({ vgpu }));
    }
    const { mdevs, domains } = await world.truth();
    assert.deepEqual([mdevs.map(({ uuid }) => uuid), domains], [[FOREIGN], []]);
    assert.deepEqual([...new Set(await world.claimStates())], ["gone"]);
  });

  it("makes the agent's memory no larger", async () => {
    const most = Math.max(...heap.slice(0, 3)) + HEAP_NOISE_BYTES;
    const seen = heap.map((bytes) => Math.round(bytes / MIB)).join(" ");
    await until(
      `the heap is as small as at the beginning; in use after each method were, MiB: ${seen}`,
      async () => {
        // What has lived for a while goes when the collector comes for all of it, which more of the same bring about.
        await send(Domains.listDomains.path, hostileTo(Domains.listDomains.path));
        return (await heapBytes()) < most;
      },
      90_000,
    );
  });
}

/** An error of ours, that is no fault of ours; what is beyond the host is no room, or a state that forbids it. */
function assertAnswer(error: RpcError, request: string): void {
  const infos = error.details.filter(({ type }) => type === "ErrorInfo");
  assert.equal(infos.length, 1, `${error.message}: ${request}`);
  assert.equal(error.info?.domain, "vgpud");
  assert.ok(!["INTERNAL", "UNKNOWN", "UNAVAILABLE"].includes(error.code), `${error.message}: ${request}`);
}
