// Hosts of one cloud: of each Nova's compute, which has guests in name only, and a simulated host with a vgpud below whose name both
// stand in Placement.
import assert from "node:assert/strict";
import {
  CreateVgpuRequest,
  DeleteVgpuRequest,
  VgpuServiceService as Vgpus,
} from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import { Ownership } from "../../proto/gen/vgpud/v1/claim.ts";
import type { Vgpu } from "../../proto/gen/vgpud/v1/vgpu.ts";
import { until } from "../e2e/harness/until.ts";
import { present } from "../e2e/harness/world.ts";
import { BookedWorld, GVT } from "../schedulers/booked-world.ts";
import type { Cloud } from "./cloud.ts";
import type { Server } from "./nova.ts";

/** A vGPU of the seed's three sizes, as a flavor of Nova's has it without a patch. */
export const FLAVOR = {
  [`resources_GPU:${GVT.vgpu}`]: "1",
  [`resources_GPU:${GVT.low}`]: "128",
  [`resources_GPU:${GVT.high}`]: "512",
  [`resources_GPU:${GVT.fence}`]: "4",
  "trait_GPU:CUSTOM_INTEL_VGPU_MODE_GVT_G": "required",
  "trait_GPU:CUSTOM_INTEL_VGPU_DRAINED": "forbidden",
  group_policy: "none",
};
const SIZES = { vgtLowGmSz: 128, vgtHighGmSz: 512, vgtFenceSz: 4 };
/** Compared often, so that what comes of a grace of seconds is seen in seconds. */
const OFTEN = "  heal_every: 2s\n  claim_grace: 3s";
const NO_GPU = "gpus: []";
/** Nova gives back what a server had after it has told that the server is gone. */
const RELEASED_MS = 120_000;

/** HOST.yaml of a host with room for so many of `FLAVOR`, beside the host's own share. */
function withRoomFor(count: 0 | 1 | 3): string {
  if (count === 0) return NO_GPU;
  return `gpus: [{ address: "0000:00:02.0", device: "3e9b", aperture_mib: ${count === 1 ? 256 : 512} }]`;
}

export class Hosts implements AsyncDisposable {
  readonly cloud: Cloud;
  readonly #worlds = new Map<string, BookedWorld>();

  constructor(cloud: Cloud) {
    this.cloud = cloud;
  }

  /** vgpud alone, whether Nova has the host or not. */
  async add(host: string, room: 0 | 1 | 3): Promise<BookedWorld> {
    const yaml = withRoomFor(room);
    const placement = "    root: nova";
    const world = await BookedWorld.start(this.cloud.placement, {
      name: host,
      yaml,
      scheduler: OFTEN,
      placement,
    });
    this.#worlds.set(host, world);
    return world;
  }

  on(host: string): BookedWorld {
    const world = this.#worlds.get(host);
    assert.ok(world, host);
    return world;
  }

  async remove(host: string): Promise<void> {
    const world = this.on(host);
    this.#worlds.delete(host);
    await world[Symbol.asyncDispose]();
  }

  /** A server that Nova has placed on that host. */
  async place(host: string, flavor: string): Promise<Server> {
    const server = await this.cloud.nova.boot("desk", flavor, host);
    assert.deepEqual([server.status, server.host, server.fault], ["ACTIVE", host, ""]);
    return server;
  }

  /** As who starts a guest's vGPU beside nova-compute. */
  async createVgpu(host: string, server: string): Promise<Vgpu> {
    const vgpu = { want: { $case: "sizes" as const, value: SIZES } };
    const request = CreateVgpuRequest.fromPartial({ claimId: server, domainUuid: server, vgpu });
    return present((await this.on(host).world.rpc.call(Vgpus.createVgpu, request)).vgpu);
  }

  async deleteVgpu(host: string, vgpuId: string): Promise<void> {
    const request = DeleteVgpuRequest.fromPartial({ vgpu: { ref: { $case: "vgpuId", value: vgpuId } } });
    await this.on(host).world.rpc.call(Vgpus.deleteVgpu, request);
  }

  /** Resolves when nothing of the host's GPU is booked. */
  async nothingBooked(host: string): Promise<void> {
    const { books } = this.on(host);
    const { uuid } = await this.on(host).published("the GPU");
    const look = async () => (await books.holders(uuid)).length === 0;
    await until(`nothing is booked on ${host}`, look, RELEASED_MS);
  }

  /** No servers, no vGPUs of theirs, and all room to be had again. */
  async clear(): Promise<void> {
    await this.cloud.nova.destroyAll();
    for (const [host, { world }] of this.#worlds) {
      const own = (await world.vgpus()).filter(({ ownership }) => ownership === Ownership.OWN);
      for (const { vgpuId } of own) await this.deleteVgpu(host, vgpuId);
      if ((await world.gpus()).length === 0) continue;
      await this.nothingBooked(host);
      await this.on(host).published("all there is", ({ inventories }) => inventories[GVT.vgpu] === "7/0");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of [...this.#worlds.keys()]) await this.remove(host);
  }
}
