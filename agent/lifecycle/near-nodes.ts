// Which nodes of the host a domain wants to be near to, when policy `numa` is asked for without a node. Pure.
import { AgentError } from "../core/errors.ts";
import type { Wish } from "../capacity/wish.ts";
import type { HostFacts } from "../inventory/model.ts";
import type { DomainSpec } from "./domain-spec.ts";

/**
 * A wish for a slice alone: no domain says what it is to be near to.
 * @throws AgentError FIELD_REQUIRED when the wish does not, either
 */
export function nearNobody(wish: Wish): Wish {
  if (wish.policy !== "numa" || wish.near) return wish;
  throw nodesRequired("no domain says where it will be");
}

/**
 * The wish with the nodes that the domain's memory is bound to, or else those of the host CPUs that it is pinned to.
 * @throws AgentError FIELD_REQUIRED when neither says anything
 */
export function nearDomain(wish: Wish, spec: DomainSpec, host: HostFacts): Wish {
  if (wish.policy !== "numa" || wish.near) return wish;
  const bound = spec.numa?.nodes ?? [];
  const near = bound.length > 0 ? bound : nodesOfPins(spec, host);
  if (near.length > 0) return { ...wish, near };
  throw nodesRequired(
    "the domain names no nodes in numa_tuning, and no pinned CPU of which the host says the node",
  );
}

function nodesRequired(why: string): AgentError {
  const field = "vgpu.numa";
  const message = `${field} is required for policy NUMA: ${why}`;
  return new AgentError("FIELD_REQUIRED", message, { field, details: { field } });
}

function nodesOfPins({ cpu }: DomainSpec, { numaNodes = [] }: HostFacts): number[] {
  const pinned = (cpu?.pins ?? []).flatMap(({ hostCpus }) => rangesOf(hostCpus));
  return numaNodes
    .filter(({ cpus }) => rangesOf(cpus).some((range) => pinned.some((pin) => overlap(range, pin))))
    .map(({ node }) => node);
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/** A list of CPUs as the kernel and libvirt write it: `0-3,8`; empty for none. */
function rangesOf(list: string): Range[] {
  return list.split(",").flatMap((part) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    return first === undefined ? [] : [{ first: Number(first), last: Number(last) }];
  });
}

function overlap(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}
