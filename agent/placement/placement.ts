// Placement's API over HTTP (docs.openstack.org/api-ref/placement).
import * as z from "zod";
import type { Connection } from "./connection.ts";
import { PlacementError } from "./errors.ts";
import type {
  Allocation,
  AtGeneration,
  Candidate,
  Claim,
  Inventories,
  PlacementApi,
  Provider,
  ProviderForm,
  Resources,
  TraitsBorne,
  Usage,
} from "./model.ts";
import { parseAnswer } from "./parse.ts";

const amount = z.int().min(0);
const uuid = z.guid().transform((text) => text.toLowerCase());
const resources = z.record(z.string(), amount);

const provider = z.object({
  uuid,
  name: z.string(),
  generation: amount,
  parent_provider_uuid: uuid.nullable(),
  root_provider_uuid: uuid,
});
const inventory = z.object({
  total: amount,
  reserved: amount,
  min_unit: amount,
  max_unit: amount,
  step_size: amount,
  allocation_ratio: z.number(),
});
const providers = z.object({ resource_providers: z.array(provider) });
const inventories = z.object({
  resource_provider_generation: amount,
  inventories: z.record(z.string(), inventory),
});
const traits = z.object({ resource_provider_generation: amount, traits: z.array(z.string()) });
const traitNames = z.object({ traits: z.array(z.string()) });
const classNames = z.object({ resource_classes: z.array(z.object({ name: z.string() })) });
const aggregates = z.object({ resource_provider_generation: amount, aggregates: z.array(uuid) });
const usages = z.object({
  resource_provider_generation: amount,
  allocations: z.record(uuid, z.object({ resources, consumer_generation: amount.nullish() })),
});
const allocation = z.object({
  allocations: z.record(uuid, z.object({ resources, generation: amount.optional() })),
  consumer_generation: amount.nullish(),
  project_id: z.string().optional(),
  user_id: z.string().optional(),
  consumer_type: z.string().optional(),
});

const candidates = z.object({
  allocation_requests: z.array(
    z.object({
      allocations: z.record(uuid, z.object({ resources })),
      mappings: z.record(z.string(), z.array(uuid)),
    }),
  ),
  provider_summaries: z.record(uuid, z.object({ resources: z.record(z.string(), z.unknown()) })),
});

/** The microversion since which consumers have types. */
const CONSUMER_TYPES = 38;

export class Placement implements PlacementApi {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get done(): number {
    return this.#connection.done;
  }

  async providerNamed(name: string, signal: AbortSignal): Promise<Provider | undefined> {
    const found = await this.#providers(`name=${encodeURIComponent(name)}`, signal);
    // A database that compares without case finds others, too.
    return found.find((each) => each.name === name);
  }

  /** Every provider that there is, whoever made it: for people, not for agents. */
  all(signal: AbortSignal): Promise<readonly Provider[]> {
    return this.#providers("", signal);
  }

  tree(uuid: string, signal: AbortSignal): Promise<readonly Provider[]> {
    return this.#providers(`in_tree=${uuid}`, signal);
  }

  /**
   * Those that bear all of the required traits and none of the forbidden ones, of these aggregates if any are named; none where nobody has
   * made a required trait known. For people, as `all` is.
   */
  async bearing(
    { required, forbidden }: TraitsBorne,
    memberOf: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly Provider[]> {
    // It refuses a request with one that is not.
    const known = await this.known("traits", [...required, ...forbidden], signal);
    if (!required.every((each) => known.has(each))) return [];
    const not = forbidden.filter((each) => known.has(each)).map((each) => `!${each}`);
    const among = memberOf.length === 0 ? "" : `&member_of=in:${memberOf.join(",")}`;
    return await this.#providers(`required=${[...required, ...not].join(",")}${among}`, signal);
  }

  async createProvider({ uuid, name, parent }: ProviderForm, signal: AbortSignal): Promise<Provider> {
    const body = { uuid, name, ...(parent !== undefined && { parent_provider_uuid: parent }) };
    const answer = await this.#connection.send("POST", "/resource_providers", { body, signal });
    return asProvider(parseAnswer(provider, answer, "Placement to POST /resource_providers"));
  }

  async changeProvider({ uuid, name, parent }: ProviderForm, signal: AbortSignal): Promise<void> {
    const body = { name, ...(parent !== undefined && { parent_provider_uuid: parent }) };
    await this.#connection.send("PUT", `/resource_providers/${uuid}`, { body, signal });
  }

  async deleteProvider(uuid: string, signal: AbortSignal): Promise<void> {
    await this.#unlessGone(this.#connection.send("DELETE", `/resource_providers/${uuid}`, { signal }));
  }

  async inventories(uuid: string, signal: AbortSignal): Promise<AtGeneration<Inventories>> {
    const read = await this.#connection.read(`/resource_providers/${uuid}/inventories`, inventories, signal);
    const value = Object.fromEntries(
      Object.entries(read.inventories).map(([name, each]) => [
        name,
        {
          total: each.total,
          reserved: each.reserved,
          minUnit: each.min_unit,
          maxUnit: each.max_unit,
          stepSize: each.step_size,
          allocationRatio: each.allocation_ratio,
        },
      ]),
    );
    return { generation: read.resource_provider_generation, value };
  }

  async setInventories(
    uuid: string,
    { generation, value }: AtGeneration<Inventories>,
    signal: AbortSignal,
  ): Promise<number> {
    const all = Object.fromEntries(
      Object.entries(value).map(([name, each]) => [
        name,
        {
          total: each.total,
          reserved: each.reserved,
          min_unit: each.minUnit,
          max_unit: each.maxUnit,
          step_size: each.stepSize,
          allocation_ratio: each.allocationRatio,
        },
      ]),
    );
    const body = { resource_provider_generation: generation, inventories: all };
    return this.#set(`/resource_providers/${uuid}/inventories`, { body, answers: inventories }, signal);
  }

  async traits(uuid: string, signal: AbortSignal): Promise<AtGeneration<readonly string[]>> {
    const read = await this.#connection.read(`/resource_providers/${uuid}/traits`, traits, signal);
    return { generation: read.resource_provider_generation, value: read.traits };
  }

  async setTraits(
    uuid: string,
    { generation, value }: AtGeneration<readonly string[]>,
    signal: AbortSignal,
  ): Promise<number> {
    const body = { resource_provider_generation: generation, traits: value };
    return this.#set(`/resource_providers/${uuid}/traits`, { body, answers: traits }, signal);
  }

  async aggregates(uuid: string, signal: AbortSignal): Promise<AtGeneration<readonly string[]>> {
    const read = await this.#connection.read(`/resource_providers/${uuid}/aggregates`, aggregates, signal);
    return { generation: read.resource_provider_generation, value: read.aggregates };
  }

  async setAggregates(
    uuid: string,
    { generation, value }: AtGeneration<readonly string[]>,
    signal: AbortSignal,
  ): Promise<number> {
    const body = { resource_provider_generation: generation, aggregates: value };
    return this.#set(`/resource_providers/${uuid}/aggregates`, { body, answers: aggregates }, signal);
  }

  async known(
    kind: "resource_classes" | "traits",
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    if (kind === "traits") {
      const wanted = `/traits?name=in:${names.join(",")}`;
      return new Set((await this.#connection.read(wanted, traitNames, signal)).traits);
    }
    const { resource_classes: all } = await this.#connection.read("/resource_classes", classNames, signal);
    const known = new Set(all.map(({ name }) => name));
    return new Set(names.filter((name) => known.has(name)));
  }

  async ensure(kind: "resource_classes" | "traits", name: string, signal: AbortSignal): Promise<void> {
    await this.#connection.send("PUT", `/${kind}/${name}`, { signal });
  }

  async usages(uuid: string, signal: AbortSignal): Promise<AtGeneration<readonly Usage[]>> {
    const read = await this.#connection.read(`/resource_providers/${uuid}/allocations`, usages, signal);
    const value = Object.entries(read.allocations).map(([consumer, { resources: held }]) => ({
      consumer,
      resources: held,
    }));
    return { generation: read.resource_provider_generation, value };
  }

  async allocation(consumer: string, signal: AbortSignal): Promise<Allocation> {
    const read = await this.#connection.read(`/allocations/${consumer}`, allocation, signal);
    const held = Object.entries(read.allocations).map(([of, { resources: each }]) => [of, each] as const);
    return {
      byProvider: new Map(held),
      generation: read.consumer_generation ?? undefined,
      projectId: read.project_id,
      userId: read.user_id,
      consumerType: read.consumer_type,
    };
  }

  /** Whether a claim is given its consumer type, and an allocation told with it. */
  knowsConsumerTypes(signal: AbortSignal): Promise<boolean> {
    return this.#connection.knows(CONSUMER_TYPES, signal);
  }

  async claim(consumer: string, { allocations, ...about }: Claim, signal: AbortSignal): Promise<void> {
    const body = {
      allocations: bodyOf(allocations),
      project_id: about.projectId,
      user_id: about.userId,
      consumer_generation: null,
      ...((await this.knowsConsumerTypes(signal)) && { consumer_type: about.consumerType }),
    };
    await this.#connection.send("PUT", `/allocations/${consumer}`, { body, signal });
  }

  async candidates(query: string, signal: AbortSignal): Promise<readonly Candidate[]> {
    const read = await this.#connection.read(`/allocation_candidates?${query}`, candidates, signal);
    const countedOn = (of: string) => new Set(Object.keys(read.provider_summaries[of]?.resources ?? {}));
    return read.allocation_requests.map(({ allocations, mappings }) => ({
      allocations: new Map(Object.entries(allocations).map(([of, { resources: each }]) => [of, each])),
      mappings: new Map(Object.entries(mappings)),
      counted: new Map(Object.keys(allocations).map((of) => [of, countedOn(of)])),
    }));
  }

  /** A PUT of nothing, which the server compares the consumer's generation for, as it does not for a DELETE. */
  async releaseUnchanged(
    consumer: string,
    { generation, projectId, userId, consumerType }: Allocation,
    signal: AbortSignal,
  ): Promise<void> {
    const body = {
      allocations: {},
      ...{ project_id: projectId, user_id: userId, consumer_generation: generation },
      ...(consumerType !== undefined && { consumer_type: consumerType }),
    };
    await this.#connection.send("PUT", `/allocations/${consumer}`, { body, signal });
  }

  async #providers(query: string, signal: AbortSignal): Promise<Provider[]> {
    const read = await this.#connection.read(`/resource_providers?${query}`, providers, signal);
    return read.resource_providers.map(asProvider);
  }

  async #set(
    path: string,
    {
      body,
      answers,
    }: { readonly body: unknown; readonly answers: z.ZodType<{ resource_provider_generation: number }> },
    signal: AbortSignal,
  ): Promise<number> {
    const answer = await this.#connection.send("PUT", path, { body, signal });
    return parseAnswer(answers, answer, `Placement to PUT ${path}`).resource_provider_generation;
  }

  async #unlessGone(sent: Promise<unknown>): Promise<void> {
    try {
      await sent;
    } catch (error) {
      if (!(error instanceof PlacementError && error.kind === "not-found")) throw error;
    }
  }
}

function asProvider(read: z.infer<typeof provider>): Provider {
  const { uuid: id, name, generation, parent_provider_uuid: parent, root_provider_uuid: root } = read;
  return { uuid: id, name, generation, parent: parent ?? undefined, root };
}

function bodyOf(allocations: ReadonlyMap<string, Resources>): Record<string, { resources: Resources }> {
  return Object.fromEntries([...allocations].map(([of, resources]) => [of, { resources }]));
}
