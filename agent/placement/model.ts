// What Placement keeps and what can be asked of it, as far as publishing, verifying, healing and claiming need. Plain data.

export interface Provider {
  readonly uuid: string;
  readonly name: string;
  readonly generation: number;
  readonly parent: string | undefined;
  readonly root: string;
}

/** Of a provider: each of the required ones, none of the forbidden. */
export interface TraitsBorne {
  readonly required: readonly string[];
  readonly forbidden: readonly string[];
}

/** What of one class a provider has, in the units of the class. */
export interface ClassInventory {
  readonly total: number;
  readonly reserved: number;
  readonly minUnit: number;
  readonly maxUnit: number;
  readonly stepSize: number;
  /** How many times of what is there is given out. */
  readonly allocationRatio: number;
}

/** By resource class. */
export type Inventories = Readonly<Record<string, ClassInventory>>;
export type Resources = Readonly<Record<string, number>>;

/** Something of a provider, and the provider's generation when it was so. */
export interface AtGeneration<Value> {
  readonly generation: number;
  readonly value: Value;
}

/** What a consumer holds of one provider. */
export interface Usage {
  readonly consumer: string;
  readonly resources: Resources;
}

/** What a consumer holds, wherever. */
export interface Allocation {
  /** By provider; empty where the consumer holds nothing. */
  readonly byProvider: ReadonlyMap<string, Resources>;
  /** Undefined where the consumer holds nothing. */
  readonly generation: number | undefined;
  /** Of the consumer; undefined where it holds nothing. */
  readonly projectId: string | undefined;
  readonly userId: string | undefined;
  /** Undefined before microversion 1.38, and where it holds nothing. */
  readonly consumerType: string | undefined;
}

/** A way in which Placement could meet a request. */
export interface Candidate {
  readonly allocations: ReadonlyMap<string, Resources>;
  /** Which providers serve which group of the request: `_GPU`. */
  readonly mappings: ReadonlyMap<string, readonly string[]>;
  /** Every class that each of the providers has an inventory of, whether it was asked for or not. */
  readonly counted: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface Claim {
  readonly allocations: ReadonlyMap<string, Resources>;
  readonly projectId: string;
  readonly userId: string;
  /** Letters, digits and underscores, large. Not sent to a server before 1.38. */
  readonly consumerType: string;
}

/** A provider as it is to be. */
export interface ProviderForm {
  readonly uuid: string;
  /** At most 200 characters; no other provider has it. */
  readonly name: string;
  /** Undefined for a root. */
  readonly parent: string | undefined;
}

/** Each call throws a PlacementError, whose kind tells what came in between, or the signal's reason. */
export interface PlacementApi {
  /** How many requests it has done so far: where that is what it was, nothing is known of whether it still answers. */
  readonly done: number;
  providerNamed(name: string, signal: AbortSignal): Promise<Provider | undefined>;
  /** The providers of the tree that this one is in; empty where there is no such provider. */
  tree(uuid: string, signal: AbortSignal): Promise<readonly Provider[]>;
  /** Throws `duplicate` when the name or the UUID is another's; some versions tell that of the UUID as `no-capacity`. */
  createProvider(form: ProviderForm, signal: AbortSignal): Promise<Provider>;
  /** Another name, and from microversion 1.37 on another parent. */
  changeProvider(form: ProviderForm, signal: AbortSignal): Promise<void>;
  /** Throws `in-use` while somebody holds something of it. That it is gone is no error. */
  deleteProvider(uuid: string, signal: AbortSignal): Promise<void>;
  inventories(uuid: string, signal: AbortSignal): Promise<AtGeneration<Inventories>>;
  /** All of the provider's. The new generation; throws `conflict`, or `in-use` for a class that goes and is held. */
  setInventories(uuid: string, all: AtGeneration<Inventories>, signal: AbortSignal): Promise<number>;
  traits(uuid: string, signal: AbortSignal): Promise<AtGeneration<readonly string[]>>;
  setTraits(uuid: string, all: AtGeneration<readonly string[]>, signal: AbortSignal): Promise<number>;
  aggregates(uuid: string, signal: AbortSignal): Promise<AtGeneration<readonly string[]>>;
  setAggregates(uuid: string, all: AtGeneration<readonly string[]>, signal: AbortSignal): Promise<number>;
  /** Which of these Placement knows. */
  known(
    kind: "resource_classes" | "traits",
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>>;
  /** Makes a custom class or trait known; that it is known already is no error. */
  ensure(kind: "resource_classes" | "traits", name: string, signal: AbortSignal): Promise<void>;
  /** What consumers hold of a provider. */
  usages(uuid: string, signal: AbortSignal): Promise<AtGeneration<readonly Usage[]>>;
  allocation(consumer: string, signal: AbortSignal): Promise<Allocation>;
  /** Throws `conflict` when the consumer has one already, `no-capacity` when there is no room (any more). */
  claim(consumer: string, claim: Claim, signal: AbortSignal): Promise<void>;
  /** Gives back all that a consumer holds, unless the allocation has changed since it was read: then it throws `conflict`. */
  releaseUnchanged(consumer: string, read: Allocation, signal: AbortSignal): Promise<void>;
  /** `query` as the API takes it: `resources_GPU=…&required_GPU=…`. */
  candidates(query: string, signal: AbortSignal): Promise<readonly Candidate[]>;
}
