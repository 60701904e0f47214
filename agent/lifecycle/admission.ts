// What a create has to pass before it is promised anything: its files, its name, its place.
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import type { ClaimId, VgpuId } from "../core/ids.ts";
import type { CapacityRule } from "../capacity/budget.ts";
import { NotPlacedError, place, type Placed, type Wish } from "../capacity/place.ts";
import type { Inventory } from "../inventory/model.ts";
import type { Claim, Operation } from "./claim.ts";
import type { DomainSpec } from "./domain-spec.ts";
import { holdingsOf } from "./holdings.ts";
import type { Ledger } from "./ledger.ts";
import { remember, type RequestIdentity } from "./requests.ts";
import type { StoragePaths } from "./storage-paths.ts";

export interface CreateRequest extends RequestIdentity {
  readonly claimId: ClaimId;
  readonly spec: DomainSpec;
  readonly wish: Wish;
  /** Checks and places as a create does, and does nothing. */
  readonly validateOnly: boolean;
}

export interface AdmissionOptions {
  readonly ledger: Ledger;
  readonly rule: CapacityRule;
  readonly storage: StoragePaths;
  readonly clock: Clock;
  readonly newVgpuId: () => VgpuId;
}

export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** The specification with every path resolved; throws PATH_NOT_ALLOWED. */
  async resolvePaths(spec: DomainSpec): Promise<DomainSpec> {
    const { storage } = this.#options;
    const { disk, kernelBoot } = spec;
    const optional = async (path: string | undefined, field: string): Promise<string | undefined> =>
      path === undefined ? undefined : storage.resolve(path, "boot", field);
    return {
      ...spec,
      disk: disk && { ...disk, path: await storage.resolve(disk.path, "disk", "domain.disks[0].path") },
      kernelBoot: kernelBoot && {
        ...kernelBoot,
        kernel: await storage.resolve(kernelBoot.kernel, "boot", "domain.boot.kernel.kernel_path"),
        initrd: await optional(kernelBoot.initrd, "domain.boot.kernel.initrd_path"),
      },
    };
  }

  /** Throws when a domain of the host or a claim has the UUID or the name. */
  refuseTaken({ id, name }: DomainSpec, { domains }: Inventory): void {
    if (!domains.known) throw libvirtAway(domains.why);
    const { ledger } = this.#options;
    if (domains.value.has(id) || ledger.byDomainId(id))
      throw new AgentError("DOMAIN_UUID_EXISTS", `a domain with UUID ${id} exists already`, {
        details: { domain_uuid: id },
        field: "domain.uuid",
      });
    const namesake = [...domains.value.values()].find((domain) => domain.name === name);
    if (namesake || ledger.byDomainName(name))
      throw new AgentError("DOMAIN_NAME_EXISTS", `a domain named ${name} exists already`, {
        details: { domain_name: name },
        field: "domain.name",
      });
  }

  /** Throws NotPlacedError. */
  place(wish: Wish, inventory: Inventory): Placed {
    const { rule, ledger } = this.#options;
    const stock = { gpus: inventory.gpus.values(), rule, holdings: holdingsOf(ledger, inventory) };
    const decision = place(wish, stock);
    if (decision.ok) return decision;
    throw new NotPlacedError(decision);
  }

  /** A released slice has to be found room for again, on the GPU the claim was placed on. */
  refuseWithoutRoom(claim: Claim, inventory: Inventory): void {
    if (inventory.vgpus.has(claim.vgpuId) || claim.domain.onStop === "hold") return;
    this.place({ size: { by: "type", type: claim.type }, gpu: claim.gpu, policy: "pack" }, inventory);
  }

  newClaim(
    request: CreateRequest,
    { placed, operation, inventory }: { placed: Placed; operation: Operation; inventory: Inventory },
  ): Claim {
    const wall = this.#options.clock.wall();
    const { spec } = request;
    return {
      claimId: request.claimId,
      vgpuId: this.#options.newVgpuId(),
      gpu: placed.gpu,
      type: placed.type,
      sizes: placed.sizes,
      domain: { id: spec.id, name: spec.name, onStop: spec.onStop, spec },
      placement: placed,
      state: "creating",
      goal: "running",
      powerOff: undefined,
      requestDigest: request.digest,
      requests: remember([], request, operation),
      operation,
      failure: undefined,
      createdAt: wall,
      updatedAt: wall,
      bootId: inventory.host.bootId,
    };
  }
}

export function libvirtAway(why: string): AgentError {
  return new AgentError("LIBVIRT_UNAVAILABLE", `libvirt does not answer: ${why}`);
}
