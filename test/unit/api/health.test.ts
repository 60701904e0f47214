// What health probes are told, and those who follow: each change once, from the state there is on.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { credentials, Server, ServerCredentials, status, type ServiceError } from "@grpc/grpc-js";
import { Health } from "../../../agent/api/health.ts";
import {
  HealthClient,
  type HealthCheckResponse,
  type HealthListResponse,
} from "../../../proto/gen/grpc/health/v1/health.ts";

const SERVICE = "vgpud.v1.GpuService";

describe("the health of the server", () => {
  let folder: string;
  let server: Server;
  let client: HealthClient;
  let health: Health;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "vgpud-health-"));
    const address = `unix:${path.join(folder, "sock")}`;
    server = new Server();
    health = new Health([SERVICE]);
    health.addTo(server);
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(address, ServerCredentials.createInsecure(), (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
    client = new HealthClient(address, credentials.createInsecure());
  });

  afterEach(async () => {
    client.close();
    server.forceShutdown();
    await rm(folder, { recursive: true });
  });

  const check = (service: string): Promise<string> =>
    new Promise((resolve, reject) => {
      client.check({ service }, (error, response) => {
        if (error) reject(error);
        else resolve(response.status);
      });
    });

  /** The states that a follower is told, one for each call. */
  function following(service: string): { readonly next: () => Promise<string | undefined>; end: () => void } {
    const call = client.watch({ service });
    // Ended by the client itself.
    call.on("error", () => undefined);
    const states = call[Symbol.asyncIterator]() as AsyncIterator<HealthCheckResponse>;
    return {
      next: async () => {
        const told = await states.next();
        return told.done === true ? undefined : told.value.status;
      },
      end: () => {
        call.cancel();
      },
    };
  }

  it("is that of each service, and does not serve before it is told to", async () => {
    for (const service of ["", SERVICE]) assert.equal(await check(service), "NOT_SERVING");
    health.setServing(true);
    for (const service of ["", SERVICE]) assert.equal(await check(service), "SERVING");
  });

  it("is not known of a service that is not there", async () => {
    await assert.rejects(check("vgpud.v1.Nothing"), ({ code }: ServiceError) => code === status.NOT_FOUND);
  });

  it("is listed for the server as a whole and for each service", async () => {
    health.setServing(true);
    const { statuses } = await new Promise<HealthListResponse>((resolve, reject) => {
      client.list({}, (error, response) => {
        if (error) reject(error);
        else resolve(response);
      });
    });
    assert.deepEqual(statuses, { "": { status: "SERVING" }, [SERVICE]: { status: "SERVING" } });
  });

  it("is told to who follows it as it is and at each change, and what is no change is not", async () => {
    const follower = following(SERVICE);
    assert.equal(await follower.next(), "NOT_SERVING");
    health.setServing(false);
    health.setServing(true);
    assert.equal(await follower.next(), "SERVING");
    health.setServing(true);
    health.setServing(false);
    assert.equal(await follower.next(), "NOT_SERVING");
    follower.end();
  });

  it("of a service that is not there is told as such, once, to who follows it", async () => {
    const nothing = following("vgpud.v1.Nothing");
    assert.equal(await nothing.next(), "SERVICE_UNKNOWN");
    const follower = following(SERVICE);
    assert.equal(await follower.next(), "NOT_SERVING");
    health.setServing(true);
    // Told on the same connection: what had been told to the first would be there by now.
    assert.equal(await follower.next(), "SERVING");
    nothing.end();
    await assert.rejects(nothing.next(), ({ code }: ServiceError) => code === status.CANCELLED);
    follower.end();
  });
});
