// The domains of a frame as rows, in an order that the user chooses. Pure.
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import type { Busy } from "./busy.ts";

export interface DomainRow {
  readonly domain: Domain;
  readonly vgpus: readonly Vgpu[];
  readonly busy: Busy;
}

/** By its key. */
export const orders = {
  cpu: ({ busy: a }, { busy: b }) => (b.cpu ?? -1) - (a.cpu ?? -1),
  gpu: ({ busy: a }, { busy: b }) => (b.gpu ?? -1) - (a.gpu ?? -1),
  memory: (a, b) => memory(b) - memory(a),
  name: (a, b) => byText(a.domain.name, b.domain.name),
  state: (a, b) => byText(a.domain.state, b.domain.state),
} as const satisfies Record<string, (a: DomainRow, b: DomainRow) => number>;

export type Order = keyof typeof orders;

export function domainRows(
  domains: readonly Domain[],
  vgpus: readonly Vgpu[],
  busy: ReadonlyMap<string, Busy>,
): readonly DomainRow[] {
  return domains.map((domain) => ({
    domain,
    vgpus: vgpus.filter(({ vgpuId }) => domain.vgpuIds.includes(vgpuId)),
    busy: busy.get(domain.uuid) ?? { cpu: undefined, gpu: undefined },
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
