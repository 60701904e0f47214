// A simulated host with an agent that a real Placement stands in front of, and Placement's books as an administrator reads them.
import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { GpuServiceService as Gpus, SetGpuModeRequest } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import { GPU, type Draft } from "../e2e/harness/requests.ts";
import type { LibvirtUri } from "../e2e/harness/somebody-else.ts";
import { until } from "../e2e/harness/until.ts";
import { World } from "../e2e/harness/world.ts";
import { FaultyPlacement } from "./faulty-placement.ts";
import type { Placement } from "./placement.ts";

const PROVIDER = z.object({
  uuid: z.string(),
  name: z.string(),
  generation: z.number(),
  parent_provider_uuid: z.string().nullable(),
});
const PROVIDERS = z.object({ resource_providers: z.array(PROVIDER) });
const INVENTORIES = z.object({
  inventories: z.record(z.string(), z.object({ total: z.number(), reserved: z.number() })),
});
const CONSUMER = z.object({
  ...{ project_id: z.string(), user_id: z.string(), consumer_type: z.string() },
  consumer_generation: z.number(),
});
const TRAITS = z.object({ traits: z.array(z.string()) });
const AGGREGATES = z.object({ aggregates: z.array(z.string()) });

/** A provider with all that Placement has of it. */
export interface Published {
  readonly uuid: string;
  readonly name: string;
  readonly parent: string | null;
  /** `total/reserved` by resource class. */
  readonly inventories: Readonly<Record<string, string>>;
  readonly traits: readonly string[];
  readonly aggregates: readonly string[];
}

export const GVT = {
  vgpu: "CUSTOM_INTEL_VGPU",
  low: "CUSTOM_VGT_LOW_GM_MB",
  high: "CUSTOM_VGT_HIGH_GM_MB",
  fence: "CUSTOM_VGT_FENCE",
} as const;

/** What the smallest type takes. */
export const SMALL = { [GVT.vgpu]: 1, [GVT.low]: 64, [GVT.high]: 384, [GVT.fence]: 4 };

/** An administrator of Placement, who knows the whole of it. */
export class Books {
  readonly #placement: Placement;

  constructor(placement: Placement) {
    this.#placement = placement;
  }

  async providers(query = ""): Promise<readonly z.infer<typeof PROVIDER>[]> {
    const { body } = await this.#placement.ask("GET", `/resource_providers${query}`);
    return PROVIDERS.parse(body).resource_providers;
  }

  /** The host's own and those below it, by name. */
  async tree(host: string): Promise<ReadonlyMap<string, Published>> {
    const [root] = await this.providers(`?name=${host}`);
    if (!root) return new Map();
    const all = await this.providers(`?in_tree=${root.uuid}`);
    const read = await Promise.all(all.map((each) => this.#published(each)));
    return new Map(read.map((each) => [each.name, each]));
  }

  async #published({
    uuid,
    name,
    parent_provider_uuid: parent,
  }: z.infer<typeof PROVIDER>): Promise<Published> {
    const of = async (what: string): Promise<unknown> =>
      (await this.#placement.ask("GET", `/resource_providers/${uuid}/${what}`)).body;
    const { inventories } = INVENTORIES.parse(await of("inventories"));
    return {
      ...{ uuid, name, parent },
      inventories: Object.fromEntries(
        Object.entries(inventories).map(([of, { total, reserved }]) => [of, `${total}/${reserved}`]),
      ),
      ...TRAITS.parse(await of("traits")),
      ...AGGREGATES.parse(await of("aggregates")),
    };
  }

  /** Books as a caller does; the status that Placement answers. */
  async claim(
    consumer: string,
    providers: string | readonly string[],
    resources: Readonly<Record<string, number>> = SMALL,
    consumerType = "INSTANCE",
  ): Promise<number> {
    const { status } = await this.#placement.ask("PUT", `/allocations/${consumer}`, {
      allocations: Object.fromEntries([providers].flat().map((provider) => [provider, { resources }])),
      ...{ project_id: "project", user_id: "user", consumer_generation: null, consumer_type: consumerType },
    });
    return status;
  }

  /** As `openstack resource provider allocation set` does: the consumer has this alone then. */
  async move(consumer: string, provider: string): Promise<void> {
    const where = `/allocations/${consumer}`;
    const { body } = await this.#placement.ask("GET", where);
    const { status } = await this.#placement.ask("PUT", where, {
      ...CONSUMER.parse(body),
      allocations: { [provider]: { resources: SMALL } },
    });
    if (status !== 204) throw new Error(`Placement answers ${status} to the allocations of ${consumer}`);
  }

  async release(consumer: string): Promise<void> {
    await this.#placement.ask("DELETE", `/allocations/${consumer}`);
  }

  /** Who holds something of a provider. */
  async holders(provider: string): Promise<readonly string[]> {
    const { body } = await this.#placement.ask("GET", `/resource_providers/${provider}/allocations`);
    return Object.keys(z.object({ allocations: z.record(z.string(), z.unknown()) }).parse(body).allocations);
  }

  async addTrait(provider: Pick<Published, "uuid">, trait: string): Promise<void> {
    await this.#changeTraits(provider, (traits) => [...traits, trait]);
  }

  /** As `openstack resource provider trait set` does, which makes none known. */
  async setTraits(provider: Pick<Published, "uuid">, traits: readonly string[]): Promise<void> {
    await this.#changeTraits(provider, () => traits);
  }

  async #changeTraits(
    { uuid }: Pick<Published, "uuid">,
    change: (traits: readonly string[]) => readonly string[],
  ): Promise<void> {
    const where = `/resource_providers/${uuid}/traits`;
    const found = TRAITS.extend({ resource_provider_generation: z.number() }).parse(
      (await this.#placement.ask("GET", where)).body,
    );
    const { status } = await this.#placement.ask("PUT", where, { ...found, traits: change(found.traits) });
    if (status !== 200) throw new Error(`Placement answers ${status} to the traits of ${uuid}`);
  }

  /** As somebody who changes an inventory behind everybody's back. */
  async setInventories(
    { uuid }: Pick<Published, "uuid">,
    inventories: Readonly<Record<string, { readonly total: number; readonly reserved?: number }>>,
  ): Promise<number> {
    const { body } = await this.#placement.ask("GET", `/resource_providers/${uuid}`);
    const { status } = await this.#placement.ask("PUT", `/resource_providers/${uuid}/inventories`, {
      resource_provider_generation: PROVIDER.parse(body).generation,
      inventories,
    });
    return status;
  }
}

export interface BookedSetting {
  /** HOST.yaml. */
  readonly yaml?: string;
  /** Lines of the configuration beside the section `scheduler`. */
  readonly settings?: string;
  readonly libvirtUri?: LibvirtUri;
  /** Of its root; by default one of its own. */
  readonly name?: string;
  /** By default an empty one. */
  readonly stateDir?: string;
  /** Lines of the section `scheduler`, indented by two. */
  readonly scheduler?: string;
  /** Lines of the section `scheduler.placement`, indented by four. */
  readonly placement?: string;
}

let hosts = 0;

export class BookedWorld implements AsyncDisposable {
  /** The name of its root. */
  readonly name: string;
  readonly world: World;
  readonly faulty: FaultyPlacement;
  readonly books: Books;

  private constructor(name: string, world: World, faulty: FaultyPlacement, books: Books) {
    this.name = name;
    this.world = world;
    this.faulty = faulty;
    this.books = books;
  }

  /** Under a name of its own, so that many hosts of one test file share a Placement. */
  static async start(placement: Placement, setting: BookedSetting = {}): Promise<BookedWorld> {
    hosts += 1;
    const { name = `host-${process.pid}-${hosts}` } = setting;
    const faulty = await FaultyPlacement.start(placement.url);
    const { yaml = "", scheduler = "", placement: more = "    root: own" } = setting;
    const settings = `${setting.settings ?? ""}
scheduler:
  adapter: placement
  first_within: 0s
${scheduler}
  placement:
    endpoint: ${faulty.url}
    ${/^ *timeout:/m.test(more) ? "" : "timeout: 5s"}
    ${/^ *host:/m.test(more) ? "" : `host: ${name}`}
${more}`;
    const { libvirtUri = "qemu:///system", stateDir } = setting;
    const world = await World.start(yaml, {}, { settings, libvirtUri, ...(stateDir && { stateDir }) });
    return new BookedWorld(name, world, faulty, new Books(placement));
  }

  /** The provider of a GPU once it is published and this is so of it. */
  async published(
    what: string,
    isSo: (gpu: Published) => boolean = () => true,
    gpu = "0000_00_02_0",
  ): Promise<Published> {
    return await until(`Placement has ${what}`, async () => {
      const found = (await this.books.tree(this.name)).get(`${this.name}_vgpud_${gpu}`);
      // Traits are told last.
      const isWhole =
        found !== undefined && Object.keys(found.inventories).length > 0 && found.traits.length > 0;
      return isWhole && isSo(found) && found;
    });
  }

  /** Books and creates; the claim id is the consumer's. */
  async createBooked(name: string, change: (draft: Draft) => void = () => undefined): Promise<string> {
    const gpu = await this.published("the GPU");
    const consumer = randomUUID();
    const status = await this.books.claim(consumer, gpu.uuid);
    if (status !== 204) throw new Error(`Placement answers ${status} to the claim for ${name}`);
    await this.create(name, consumer, change);
    return consumer;
  }

  /** Asks the agent alone, for the smallest type unless `change` says otherwise. */
  async create(
    name: string,
    claimId: string,
    change: (draft: Draft) => void = () => undefined,
  ): Promise<void> {
    await this.world.create(name, (draft) => {
      draft.request.claimId = claimId;
      draft.vgpu.want = { $case: "type", value: "i915-GVTg_V5_8" };
      change(draft);
    });
  }

  /** For the next start: as after an installation, or on other hardware. */
  async onAnotherMachine(): Promise<void> {
    const file = path.join(this.world.host.root, "etc/machine-id");
    await writeFile(file, `${randomUUID().replaceAll("-", "")}\n`);
  }

  /** The configuration of the next start. */
  async reconfigure(before: string, after: string): Promise<void> {
    const file = path.join(this.world.host.directory, "vgpud.yaml");
    await writeFile(file, (await readFile(file, "utf8")).replace(before, after));
  }

  async setMode(mode: keyof typeof Mode): Promise<void> {
    const request = SetGpuModeRequest.fromPartial({ gpu: GPU, mode: Mode[mode] });
    await this.world.rpc.call(Gpus.setGpuMode, request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
    await this.faulty[Symbol.asyncDispose]();
  }
}
