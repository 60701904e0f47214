// The socket for reading: what it serves, what it refuses, and that it cannot be talked into a change.
import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import {
  CreateDomainRequest,
  DomainServiceService as Domains,
} from "../../proto/gen/vgpud/v1/domain_service.ts";
import { GpuServiceService as Gpus } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import { OperationServiceService as Operations } from "../../proto/gen/vgpud/v1/operation_service.ts";
import { ReservationServiceService as Reservations } from "../../proto/gen/vgpud/v1/reservation_service.ts";
import { VgpuServiceService as Vgpus } from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import { WatchServiceService as Watch } from "../../proto/gen/vgpud/v1/watch_service.ts";
import { refusal, Rpc } from "./harness/rpc.ts";
import { World } from "./harness/world.ts";

/** Written down a second time, so that a slip in the agent's table is seen. */
const READING =
  /\/(GetHost|Diagnose|ListGpus|GetGpu|Plan|ListVgpus|GetVgpu|GetDomain|ListDomains|GetOperation|GetReservation|ListReservations|Watch)$/;
const services = [Hosts, Gpus, Vgpus, Domains, Operations, Reservations, Watch];
const methods = services.flatMap((service) =>
  Object.values<{ path: string; responseStream: boolean }>(service).map(({ path, responseStream }) => ({
    path,
    responseStream,
  })),
);

describe("the socket for reading", () => {
  let world: World;
  let reader: Rpc;
  before(async () => {
    world = await World.start();
    reader = new Rpc(world.readSocket);
  });
  after(async () => {
    reader[Symbol.dispose]();
    await world[Symbol.asyncDispose]();
  });

  it("lies beside the other one, for owner and group alone", async () => {
    assert.equal((await stat(world.readSocket)).mode & 0o777, 0o660);
  });

  it("shows what the other one shows", async () => {
    const page = { pageSize: 0, pageToken: "" };
    assert.deepEqual((await reader.call(Gpus.listGpus, page)).gpus, await world.gpus());
  });

  for (const { path, responseStream } of methods) {
    const change = !READING.test(path);
    it(`${change ? "refuses" : "does not refuse"} ${path}`, async () => {
      const call = responseStream ? reader.first(path, Buffer.alloc(0)) : reader.bytes(path, Buffer.alloc(0));
      const error = await refusal(call).catch(() => undefined);
      if (change) {
        assert.ok(error);
        assert.deepEqual([error.code, error.reason], ["PERMISSION_DENIED", "SOCKET_READ_ONLY"]);
        assert.ok(error.message.endsWith(`call it on the admin socket, ${world.socket}`), error.message);
        const named = { method: path, socket: "read", admin_socket: world.socket };
        assert.deepEqual(error.info?.metadata, named);
      } else assert.notEqual(error?.code, "PERMISSION_DENIED");
    });
  }

  it("refuses even what would only be validated", async () => {
    const { request } = world.draft("validated");
    const error = await refusal(
      reader.call(Domains.createDomain, CreateDomainRequest.fromPartial({ ...request, validateOnly: true })),
    );
    assert.equal(error.reason, "SOCKET_READ_ONLY");
    assert.deepEqual(await world.domains(), []);
  });

  it("is named in the log of each call", async () => {
    await reader.call(Gpus.listGpus, { pageSize: 0, pageToken: "" });
    await world.agent.logged(/"socket":"read","connection":\d+,"method":"GpuService\/ListGpus","code":"OK"/);
    await world.gpus();
    await world.agent.logged(/"socket":"admin","connection":\d+,"method":"GpuService\/ListGpus","code":"OK"/);
  });
});
