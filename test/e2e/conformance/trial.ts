// A subject on a host of its own, with its GPU in the mode, and what every case asks of it or compares.
import assert from "node:assert/strict";
import type {
  CreateDomainRequest,
  CreateDomainResponse,
} from "../../../proto/gen/vgpud/v1/domain_service.ts";
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import { GpuServiceService as Gpus } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import type { Gpu } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { VgpuRequest } from "../../../proto/gen/vgpud/v1/placement.ts";
import {
  CreateVgpuRequest,
  DeleteVgpuRequest,
  VgpuServiceService as Vgpus,
} from "../../../proto/gen/vgpud/v1/vgpu_service.ts";
import type { BackendRef, Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import type { ProcessOptions } from "../harness/agent-process.ts";
import type { Draft } from "../harness/requests.ts";
import { until } from "../harness/until.ts";
import { present, World } from "../harness/world.ts";
import { definitionOf, truthOf } from "./host-truth.ts";
import type { Subject, Taken } from "./subject.ts";

export const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };
/** For who asks for more changes within a second than the shipped limit lets one connection. */
const MANY_A_SECOND = { connection_rate: 10_000 };

export class Trial implements AsyncDisposable {
  readonly subject: Subject;
  readonly world: World;
  #cases = 0;

  private constructor(subject: Subject, world: World) {
    this.subject = subject;
    this.world = world;
  }

  static async begin(subject: Subject, process: ProcessOptions = {}): Promise<Trial> {
    const limits = JSON.stringify({ ...MANY_A_SECOND, ...subject.limits });
    const { libvirtUri = "qemu:///system", settings = "" } = subject;
    const world = await World.start(subject.host, process, { limits, libvirtUri, settings });
    await subject.bringIntoMode(world);
    return new Trial(subject, world);
  }

  /** From now on names are those of another case: the claims of the one before have ended, and their ids with them. */
  nextCase(): void {
    this.#cases += 1;
  }

  claimOf(name: string): string {
    return `${name}-of-case-${this.#cases}`;
  }

  /** What a vGPU is asked for with. */
  get want(): NonNullable<VgpuRequest["want"]> {
    const { askedBy, type, shown } = this.subject;
    return askedBy === "type" ? { $case: "type", value: type } : { $case: "mode", value: shown.mode };
  }

  draft(name: string, change: (draft: Draft) => void = () => undefined): CreateDomainRequest {
    const draft = this.world.draft(name);
    draft.request.claimId = this.claimOf(name);
    draft.vgpu.want = this.want;
    this.subject.adapt?.(draft, this.world.images);
    change(draft);
    return draft.request;
  }

  async create(name: string, change?: (draft: Draft) => void): Promise<CreateDomainResponse> {
    return await this.world.createAs(this.draft(name, change));
  }

  async destroy(name: string): Promise<Domain> {
    return present((await this.world.destroy(name, AT_ONCE)).domain);
  }

  /** By its claim, which outlives it. */
  async claimed(name: string): Promise<Domain> {
    return await this.world.domain({ $case: "claimId", value: this.claimOf(name) });
  }

  /** So many domains, until the GPU has no room but for `less`. */
  async fill(less = 0): Promise<string[]> {
    const names = Array.from({ length: this.subject.room - less }, (_, index) => `filling-${index + 1}`);
    for (const name of names) await this.create(name);
    return names;
  }

  /** Without a domain. */
  async createVgpu(name: string): Promise<Vgpu> {
    const request = CreateVgpuRequest.fromPartial({
      claimId: this.claimOf(name),
      vgpu: { want: this.want },
    });
    return present((await this.world.rpc.call(Vgpus.createVgpu, request)).vgpu);
  }

  async deleteVgpu(vgpuId: string): Promise<Vgpu> {
    const vgpu = { ref: { $case: "vgpuId" as const, value: vgpuId } };
    const request = DeleteVgpuRequest.fromPartial({ vgpu });
    return present((await this.world.rpc.call(Vgpus.deleteVgpu, request)).vgpu);
  }

  async gpu(): Promise<Gpu> {
    return present((await this.world.rpc.call(Gpus.getGpu, { gpu: this.subject.gpu })).gpu);
  }

  /** What the kernel has for vGPUs, in order. */
  async made(): Promise<string[]> {
    return [...this.subject.made(await truthOf(this.world))].sort();
  }

  /** What the definition of a domain gives it of the GPU; rejects when there is no such domain. */
  async given(name: string): Promise<readonly string[]> {
    return this.subject.given(present(await definitionOf(this.world, name)));
  }

  /** The host boots, and the agent comes after it. Resolves when as much is to be had as before. */
  async boot(): Promise<void> {
    const { world } = this;
    const { free, own } = this.subject.account(await this.gpu());
    await world.kill();
    await world.boot();
    await world.startAgain();
    await until("the GPU has the room that it had", async () => {
      const now = this.subject.account(await this.gpu());
      return now.free === free && now.own === own;
    });
  }

  /** The GPU's account, its types, /metrics, the kernel and libvirt all tell that so many are taken. */
  async assertTaken({ own, foreign }: Taken): Promise<void> {
    const { subject, world } = this;
    const gpu = await this.gpu();
    const free = subject.room - own - foreign;
    assert.deepEqual(subject.account(gpu), { own, foreign, free });
    assert.equal(gpu.types.find(({ name }) => name === subject.type)?.allocatable, free);
    const series = (await world.scrape()).split("\n");
    for (const line of subject.series({ own, foreign })) assert.ok(series.includes(line), `no line ${line}`);
  }

  /** Nothing of ours stands on the host or in the ledger. */
  async assertNothingLeft(): Promise<void> {
    const { world } = this;
    assert.deepEqual(await this.made(), []);
    assert.deepEqual((await truthOf(world)).domains, []);
    assert.deepEqual(await world.domains(), []);
    assert.deepEqual(await world.vgpus(), []);
    const living = (await world.records()).filter(({ state }) => state !== "gone");
    assert.deepEqual(living, []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }
}

/** What a vGPU is on the host, in one word, as definitions of domains have it. */
export function placeOf(ref: BackendRef | undefined): string | undefined {
  const place = ref?.ref;
  switch (place?.$case) {
    case undefined:
      return undefined;
    case "virtualFunction":
      return place.value.pciAddress;
    case "mdevUuid":
    case "pciAddress":
    case "renderNode":
      return place.value;
    case "xenDomid":
      return String(place.value);
  }
}
