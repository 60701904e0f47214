// A domain of the simulated libvirt: what it is defined as, and what runs.
import type { DomainId } from "../../core/ids.ts";
import type { DomainRef } from "../../node-libvirt/domain-ref.ts";
import type { DomainState } from "../../node-libvirt/domain-state.ts";
import type { VgtSizes } from "../../hostd/protocol/vgt.ts";
import type { Definition } from "./definition.ts";

export interface Running {
  readonly id: number;
  /** Of a QEMU that exists in name only. */
  readonly pid: number;
  readonly startedAt: number;
  readonly definition: Definition;
  /** The slice of XenGT that its device model made. */
  readonly vgt?: VgtSizes;
}

export interface Domain {
  readonly uuid: DomainId;
  readonly name: string;
  /** Undefined for a transient domain. */
  readonly definition: Definition | undefined;
  readonly running: Running | undefined;
  readonly state: DomainState;
  readonly autostart: boolean;
}

/** One that runs. */
export type Active = Domain & { readonly running: Running };

/** Its names, by which a fault may be narrowed to it. */
export function occasionOf({ uuid, name }: Domain): { readonly object: readonly string[] } {
  return { object: [uuid, name] };
}

export function refOf({ name, uuid, running }: Domain): DomainRef {
  return { name, uuid, id: running?.id };
}
