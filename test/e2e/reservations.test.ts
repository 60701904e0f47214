// Room held ahead of a create, over the wire, over restarts and over SIGKILL.
import assert from "node:assert/strict";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import {
  CreateReservationRequest,
  ReservationServiceService as Reservations,
  type CreateReservationResponse,
} from "../../proto/gen/vgpud/v1/reservation_service.ts";
import type { Reservation } from "../../proto/gen/vgpud/v1/reservation.ts";
import { CreateVgpuRequest, VgpuServiceService as Vgpus } from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import { ResourceKind } from "../../proto/gen/vgpud/v1/watch_service.ts";
import { GPU, type } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { until } from "./harness/until.ts";
import { Watching } from "./harness/watching.ts";
import { present, World } from "./harness/world.ts";

const seconds = (count: number): { seconds: bigint; nanos: number } => ({ seconds: BigInt(count), nanos: 0 });
const AT_ONCE = { gracePeriod: seconds(0) };

describe("a reservation over the wire", function () {
  this.timeout(60_000);
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  async function reserve(
    claimId: string,
    size: 1 | 2 | 4 | 8,
    given: Parameters<typeof CreateReservationRequest.fromPartial>[0] = {},
  ): Promise<CreateReservationResponse> {
    const vgpu = { want: { $case: "type" as const, value: type(size) }, gpu: GPU };
    return await world.rpc.call(
      Reservations.createReservation,
      CreateReservationRequest.fromPartial({ claimId, vgpu, ttl: seconds(3600), ...given }),
    );
  }

  const get = async (claimId: string): Promise<Reservation> =>
    present((await world.rpc.call(Reservations.getReservation, { claimId })).reservation);
  const list = async (): Promise<readonly string[]> => {
    const { reservations } = await world.rpc.call(Reservations.listReservations, {
      pageSize: 0,
      pageToken: "",
    });
    return reservations.map(({ claimId }) => claimId);
  };
  const reserved = async (): Promise<number | undefined> =>
    (await world.gpus()).find(({ pciAddress }) => pciAddress === GPU)?.budget?.usedReserved?.instances;

  it("is shown wherever room is counted, and takes nothing on the host", async () => {
    const { reservation, decision } = await reserve("held", 2);
    assert.equal(reservation?.claimState, ClaimState.RESERVED);
    assert.equal(decision?.gpu, GPU);
    assert.deepEqual(await list(), ["held"]);
    assert.equal(await reserved(), 1);
    const [vgpu] = await world.vgpus();
    assert.deepEqual(
      [vgpu?.vgpuId, vgpu?.claimState, vgpu?.present],
      [reservation.vgpuId, ClaimState.RESERVED, false],
    );
    const scrape = await world.scrape();
    assert.match(scrape, /^vgpud_reservations\{state="reserved"\} 1$/m);
    assert.match(scrape, /^vgpud_gpu_used_instances\{pci_address="0000:00:02.0",holder="reserved"\} 1$/m);
    assert.deepEqual((await world.truth()).mdevs, []);
  });

  it("is told to those who watch, as it is got and listed, until it is bound, released or over", async () => {
    await reserve("held", 2);
    using watching = await new Watching(world.socket, { kinds: [ResourceKind.RESERVATION] }).synced();
    assert.deepEqual(watching.objects.get("reservation held")?.value, await get("held"));
    const told = (line: string) => watching.until(() => watching.told.includes(line));
    await reserve("brief", 4, { ttl: seconds(1) });
    await told("DELETED reservation brief");
    await reserve("other", 4);
    // What changes before it was told is told once, as new.
    await told("ADDED reservation other");
    await world.rpc.call(Reservations.renewReservation, { claimId: "other", ttl: seconds(7200) });
    await told("MODIFIED reservation other");
    assert.deepEqual(watching.objects.get("reservation other")?.value, await get("other"));
    await world.rpc.call(Reservations.releaseReservation, { claimId: "other" });
    await told("DELETED reservation other");
    await world.create("desk", ({ request }) => {
      request.reservation = "held";
      request.vgpu = undefined;
    });
    await told("DELETED reservation held");
    assert.equal(watching.objects.size, 0);
  });

  it("ends at its time, is counted, and its room is there for others", async () => {
    await reserve("short", 1, { ttl: seconds(1) });
    assert.equal((await refusal(reserve("other", 1))).code, "RESOURCE_EXHAUSTED");
    await until("the room is free", async () => (await reserved()) === 0);
    assert.equal((await refusal(get("short"))).reason, "RESERVATION_NOT_FOUND");
    // Its end counts from its time on, and is counted when it is written down.
    await until("it is counted", async () =>
      /^vgpud_reservation_expirations_total 1$/m.test(await world.scrape()),
    );
    await reserve("other", 1);
  });

  it("ends at its time also while the agent is down, and otherwise survives that", async () => {
    const { reservation } = await reserve("short", 8, { ttl: seconds(1) });
    await reserve("long", 8);
    await world.kill();
    const end = present(present(reservation).expireTime).getTime();
    await until("its time has ended", () => Promise.resolve(Date.now() > end));
    await world.startAgain();
    await until("it is over", async () => (await reserved()) === 1);
    assert.deepEqual(await list(), ["long"]);
  });

  it("passes its room to a domain that binds it, also when the agent is killed in between", async () => {
    const { reservation } = await reserve("held", 1);
    await world.kill();
    await world.startAgain();
    const { domain } = await world.create("desk", ({ request, vgpu }) => {
      request.reservation = "held";
      request.vgpu = { ...vgpu, want: { $case: "type", value: type(1) } };
    });
    assert.deepEqual(present(domain).vgpuIds, [present(reservation).vgpuId]);
    assert.deepEqual(
      (await world.truth()).mdevs.map(({ uuid }) => uuid),
      [present(reservation).vgpuId],
    );
    assert.equal((await get("held")).claimState, ClaimState.ACTIVE);
    assert.deepEqual(await list(), []);
    assert.deepEqual((await world.claimFiles()).length, 1);
    const error = await refusal(world.rpc.call(Reservations.releaseReservation, { claimId: "held" }));
    assert.deepEqual([error.code, error.reason], ["FAILED_PRECONDITION", "CLAIM_STATE"]);
  });

  it("is bound or held, and never lost, when the agent is killed while it is being bound", async () => {
    const { reservation } = await reserve("held", 1);
    await world.setFaults({ kind: "CREATE_LATE", delay_ms: 1_000, times: 1 });
    const bind = async (): Promise<string> => {
      const { domain } = await world.create("desk", ({ request }) => {
        request.reservation = "held";
        request.vgpu = undefined;
      });
      return present(domain).vgpuIds[0] ?? "";
    };
    const first = bind().catch(() => undefined);
    await until("it is bound", async () => (await world.claimStates()).includes("creating"));
    await world.kill();
    await first;
    await world.startAgain();
    assert.equal((await refusal(reserve("other", 1))).code, "RESOURCE_EXHAUSTED");
    assert.equal(await bind(), present(reservation).vgpuId);
    assert.deepEqual(
      (await world.truth()).mdevs.map(({ uuid }) => uuid),
      [present(reservation).vgpuId],
    );
  });

  it("is there again when the create that bound it fails", async () => {
    await reserve("held", 2);
    await world.setFaults({ kind: "LIBVIRT_ERROR", target: "domainCreate", message: "no luck" });
    const bind = world.create("desk", ({ request }) => {
      request.reservation = "held";
      request.vgpu = undefined;
    });
    assert.equal((await refusal(bind)).reason, "LIBVIRT_REFUSED");
    assert.equal((await get("held")).claimState, ClaimState.RESERVED);
    assert.deepEqual((await world.truth()).mdevs, []);
  });

  it("says which reservation there is none of, and what another holds", async () => {
    await reserve("held", 8);
    const bind = (reservation: string, size: 4 | 8) =>
      world.create("desk", ({ request, vgpu }) => {
        request.reservation = reservation;
        vgpu.want = { $case: "type", value: type(size) };
      });
    const none = await refusal(bind("none", 8));
    assert.deepEqual([none.code, none.reason], ["NOT_FOUND", "RESERVATION_NOT_FOUND"]);
    const other = await refusal(bind("held", 4));
    assert.deepEqual([other.code, other.reason], ["FAILED_PRECONDITION", "RESERVATION_MISMATCH"]);
    assert.match(other.message, /holds room for i915-GVTg_V5_8 on GPU 0000:00:02\.0/);
    await bind("held", 8);
  });

  it("is renewed, released and forgotten by nobody: each once, and again without harm", async () => {
    const { reservation } = await reserve("held", 4, { ttl: undefined });
    const first = present(present(reservation).expireTime).getTime();
    const renewed = await world.rpc.call(Reservations.renewReservation, {
      claimId: "held",
      ttl: seconds(7200),
    });
    assert.ok(present(present(renewed.reservation).expireTime).getTime() > first + 7_000_000);
    for (let times = 0; times < 2; times += 1) {
      const { reservation: over } = await world.rpc.call(Reservations.releaseReservation, {
        claimId: "held",
      });
      assert.equal(over?.claimState, ClaimState.GONE);
    }
    assert.equal(await reserved(), 0);
    assert.equal((await refusal(reserve("held", 4, { ttl: undefined }))).reason, "CLAIM_ENDED");
    for (const ttl of [seconds(0), seconds(86_401), { seconds: 1n, nanos: -1 }]) {
      const error = await refusal(world.rpc.call(Reservations.renewReservation, { claimId: "held", ttl }));
      assert.deepEqual([error.reason, error.field], ["FIELD_INVALID", "ttl"]);
    }
  });

  it("never leads to more than there is, among creates of all kinds at once", async () => {
    const tries = Array.from({ length: 30 }, async (_, n): Promise<unknown> => {
      if (n % 3 === 0) return await reserve(`r-${n}`, 8);
      const vgpu = { want: { $case: "type" as const, value: type(8) }, gpu: GPU };
      if (n % 3 === 1)
        return await world.rpc.call(
          Vgpus.createVgpu,
          CreateVgpuRequest.fromPartial({ claimId: `v-${n}`, vgpu }),
        );
      return await world.create(`d-${n}`, ({ request }) => {
        request.vgpu = { ...present(request.vgpu), ...vgpu };
      });
    });
    const answers = await Promise.allSettled(tries);
    const made = answers.filter(({ status }) => status === "fulfilled").length;
    const budget = present((await world.gpus()).find(({ pciAddress }) => pciAddress === GPU)?.budget);
    assert.equal(made, present(budget.used).instances);
    assert.ok(present(budget.used).instances <= present(budget.total).instances);
    for (const answer of answers)
      if (answer.status === "rejected")
        assert.equal((answer.reason as { code?: string }).code, "RESOURCE_EXHAUSTED");
    const { mdevs } = await world.truth();
    assert.equal(mdevs.length + ((await reserved()) ?? 0), made);
  });

  it("leaves no domain behind when everything is ended", async () => {
    await reserve("held", 8);
    await world.create("desk", ({ request }) => {
      request.reservation = "held";
      request.vgpu = undefined;
    });
    await world.destroy("desk", AT_ONCE);
    const { mdevs, domains } = await world.truth();
    assert.deepEqual([mdevs, domains, await world.claimStates()], [[], [], ["gone"]]);
    assert.equal((await refusal(get("held"))).reason, "RESERVATION_NOT_FOUND");
  });
});
