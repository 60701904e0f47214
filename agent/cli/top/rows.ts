// The domains of a frame as rows, in an order that the user chooses. Pure.
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";

export interface DomainRow {
  readonly domain: Domain;
  readonly vgpus: readonly Vgpu[];
  /** Percent of one CPU; undefined while it is off, or not known yet. */
  readonly cpu: number | undefined;
}

/** By its key. */
export const orders = {
  cpu: (a, b) => (b.cpu ?? -1) - (a.cpu ?? -1),
  memory: (a, b) => memory(b) - memory(a),
  name: (a, b) => byText(a.domain.name, b.domain.name),
  state: (a, b) => byText(a.domain.state, b.domain.state),
} as const satisfies Record<string, (a: DomainRow, b: DomainRow) => number>;

export type Order = keyof typeof orders;

export function domainRows(
  domains: readonly Domain[],
  vgpus: readonly Vgpu[],
  cpu: ReadonlyMap<string, number>,
): readonly DomainRow[] {
  return domains.map((domain) => ({
    domain,
    vgpus: vgpus.filter(({ vgpuId }) => domain.vgpuIds.includes(vgpuId)),
    cpu: cpu.get(domain.uuid),
  }));
}

/** Ties by name and UUID, so that rows do not jump. */
export function ordered(rows: readonly DomainRow[], order: Order, reversed: boolean): readonly DomainRow[] {
  const direction = reversed ? -1 : 1;
  return [...rows].sort(
    (a, b) =>
      direction * orders[order](a, b) ||
      byText(a.domain.name, b.domain.name) ||
      byText(a.domain.uuid, b.domain.uuid),
  );
}

function memory({ domain: { usage } }: DomainRow): number {
  return Number(usage?.residentMib ?? usage?.memoryMib ?? -1n);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
