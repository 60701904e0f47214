// What Placement has on its books of the hosts, and what the hosts have in their ledgers, as both tell it.
import { z } from "zod";
import { Books, GVT, type Published } from "../schedulers/booked-world.ts";
import type { Placement } from "../schedulers/placement.ts";
import type { SeedHost } from "./seed-host.ts";

const amounts = z.record(z.string(), z.number());
const usagesSchema = z.object({ usages: amounts });
const allocationsSchema = z.object({ allocations: z.record(z.string(), z.unknown()) });
const candidatesSchema = z.object({
  provider_summaries: z.record(z.string(), z.object({ parent_provider_uuid: z.string().nullable() })),
  allocation_requests: z.array(z.object({ mappings: z.object({ _GPU: z.tuple([z.string()]) }) })),
});

/** Of one host: claim ids, and how much of the aperture they take. */
export interface Account {
  readonly claims: readonly string[];
  readonly lowGmMib: number;
}

export class SeedBooks {
  readonly #placement: Placement;
  readonly #books: Books;

  constructor(placement: Placement) {
    this.#placement = placement;
    this.#books = new Books(placement);
  }

  /** The provider of a host's GPU; undefined before it is published. */
  async gpuOf({ name }: SeedHost): Promise<Published | undefined> {
    const tree = await this.#books.tree(name);
    const gpu = [...tree.values()].find(({ parent }) => parent !== null);
    // Traits are told last.
    return gpu !== undefined && gpu.traits.length > 0 ? gpu : undefined;
  }

  /** What Placement has booked on a host. */
  async booked(host: SeedHost): Promise<Account> {
    const gpu = await this.gpuOf(host);
    if (gpu === undefined) return { claims: [], lowGmMib: 0 };
    const { body } = await this.#placement.ask("GET", `/resource_providers/${gpu.uuid}/usages`);
    const { usages } = usagesSchema.parse(body);
    return { claims: [...(await this.#books.holders(gpu.uuid))].sort(), lowGmMib: usages[GVT.low] ?? 0 };
  }

  /** Whether anything is booked for a claim, anywhere. */
  async isBooked(claimId: string): Promise<boolean> {
    const { body } = await this.#placement.ask("GET", `/allocations/${claimId}`);
    return Object.keys(allocationsSchema.parse(body).allocations).length > 0;
  }

  /** The hosts that Placement would name for a slice of the smallest size, in its order. */
  async candidates(hosts: readonly SeedHost[]): Promise<readonly SeedHost[]> {
    const resources = `${GVT.vgpu}:1,${GVT.low}:64,${GVT.high}:384,${GVT.fence}:4`;
    const query = `/allocation_candidates?resources_GPU=${resources}&group_policy=none`;
    const { status, body } = await this.#placement.ask("GET", query);
    // Before anybody has made the classes known.
    if (status === 400) return [];
    const { provider_summaries: summaries, allocation_requests: requests } = candidatesSchema.parse(body);
    const found = await Promise.all(
      hosts.map(async (host) => [(await this.gpuOf(host))?.uuid, host] as const),
    );
    const byGpu = new Map(found);
    return requests.flatMap(
      ({
        mappings: {
          _GPU: [gpu],
        },
      }) => {
        const host = gpu in summaries ? byGpu.get(gpu) : undefined;
        return host === undefined ? [] : [host];
      },
    );
  }
}

/** What a host's ledger promises. */
export async function promised({ service }: SeedHost): Promise<Account> {
  const vgpus = (await service.client.listVgpus()).filter(({ claimId }) => claimId !== "");
  return {
    claims: vgpus.map(({ claimId }) => claimId).sort(),
    lowGmMib: vgpus.reduce((sum, { sizes }) => sum + (sizes?.lowGmMib ?? 0), 0),
  };
}
