// The account of a GPU's virtual functions. Pure.
// Kernel drivers/pci/iov.c, sriov_numvfs_store: any number up to sriov_totalvfs, but from another one than 0 only to 0 (EBUSY).
import type { DomainId } from "../../core/ids.ts";
import { isForGuest } from "../../inventory/guest-drivers.ts";
import {
  functionResources,
  type FunctionAmounts,
  type FunctionResource,
  type Sriov,
  type VirtualFunction,
} from "../../inventory/virtual-functions.ts";
import { userOf, type DomainUse, type DomainUses, type Used } from "./domain-use.ts";

export interface FunctionUse {
  readonly function: VirtualFunction;
  /** Whether a claim or its domain has it, or somebody else; undefined when nobody is known to. */
  readonly holder: keyof Used | undefined;
  /** Whose definition names it. */
  readonly domain: DomainId | undefined;
  /** That domain's. */
  readonly domainName: string | undefined;
  /** Undefined while that is not known. */
  readonly free: boolean | undefined;
}

export interface FunctionsAccount {
  readonly sriov: Sriov;
  readonly functions: readonly FunctionUse[];
  /** Undefined while libvirt is away. */
  readonly used: Used | undefined;
  /** How many more there may be, cut anew where that is needed; undefined while that is not known. */
  readonly free: number | undefined;
  /** Of those that exist, how many nobody has; undefined while that is not known. */
  readonly unused: number | undefined;
  /** What they were given together; of each resource undefined unless it is known of every function. */
  readonly allocated: FunctionAmounts;
}

/** `claimed`: numbers of those that claims have. */
export function functionsAccount(
  sriov: Sriov,
  claimed: ReadonlySet<number>,
  uses: DomainUses,
): FunctionsAccount {
  const taken = sriov.functions.map((each) => {
    const isClaimed = claimed.has(each.number);
    return { each, isClaimed, user: userOf(each.address, uses) };
  });
  const functions = taken.map(({ each, ...by }) => functionUse(each, by, uses));
  const heldBy = (holder: keyof Used): number => functions.filter((one) => one.holder === holder).length;
  const [own, foreign] = [heldBy("own"), heldBy("foreign")];
  const held = own + foreign;
  return {
    ...{ sriov, functions },
    used: uses && { own, foreign },
    free: freeOf(sriov, { held, known: uses !== undefined }),
    unused: functions.some(({ free }) => free === undefined)
      ? undefined
      : functions.filter(({ free }) => free).length,
    allocated: allocatedOf(sriov),
  };
}

/** One that the host's own driver has is free: it is taken from there for a guest. */
function functionUse(
  each: VirtualFunction,
  { isClaimed, user }: { readonly isClaimed: boolean; readonly user: DomainUse | undefined },
  uses: DomainUses,
): FunctionUse {
  const isOwn = isClaimed || user?.own === true;
  const isForeign = user !== undefined || isForGuest(each.driver);
  const holder = isOwn ? "own" : isForeign ? "foreign" : undefined;
  const free = holder ? false : uses && true;
  return { function: each, holder, domain: user?.domain, domainName: user?.name, free };
}

function freeOf(
  { total, functions, driverEnables }: Sriov,
  { held, known }: { readonly held: number; readonly known: boolean },
): number | undefined {
  // Who has those that exist is not known.
  if (!known && held < functions.length) return undefined;
  if (held > 0 || !driverEnables) return functions.length - held;
  return total === undefined ? undefined : Math.max(total, functions.length);
}

function allocatedOf(sriov: Sriov): FunctionAmounts {
  const [vramBytes, ggttBytes, contexts, doorbells] = functionResources.map((resource) =>
    sumOf(sriov, resource),
  );
  return { vramBytes, ggttBytes, contexts, doorbells };
}

function sumOf({ functions, available }: Sriov, resource: FunctionResource): number | undefined {
  const quotas = functions.map(({ quota }) => quota[resource]);
  const known = quotas.filter((quota) => quota !== undefined);
  // Of none it is nothing only where the driver tells of the resource at all.
  if (known.length < quotas.length || (known.length === 0 && available[resource] === undefined))
    return undefined;
  return known.reduce((sum, quota) => sum + quota, 0);
}
