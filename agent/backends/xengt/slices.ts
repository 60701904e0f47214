// Makes and removes XenGT's slices through the privileged process. A slice is made for the number of a domain that exists, by that
// domain's device model or by a line that is written here, and stays when the domain ends: nobody but vgpud removes it, unless Xen's
// tools bear Intel's patches, too.
import { sizesText } from "../../capacity/wish.ts";
import { AgentError } from "../../core/errors.ts";
import type { DomainId, VgpuId } from "../../core/ids.ts";
import type { HostFiles } from "../../discovery/host-files.ts";
import type { XenGuest, XenGuestSource } from "../../discovery/xen-guests.ts";
import type { KernelVgpu } from "../../inventory/model.ts";
import { areSameSizes, type SliceShare, type SliceSizes } from "../../inventory/share.ts";
import type { RemoveOutcome, Slice, Slices } from "../../lifecycle/ports.ts";
import {
  asking,
  refusalOf,
  type CallOptions,
  type ChangeAnswerOnXen,
  type Trouble,
} from "../hostd-answers.ts";
import { logOf } from "./device-model.ts";
import { sizesTaken } from "./types.ts";
import { domidsIn, vgtInterface } from "./vgt-files.ts";

/** What the privileged process answers; see hostd's protocol. Rejects when it cannot be asked. */
export interface VgtWriter {
  makeVgtInstance(instance: NewInstance, options: CallOptions): Promise<{ readonly kind: "done" } | Trouble>;
  /** `held`: the domain exists, which is asked for right before. */
  removeVgtInstance(domid: number, options: CallOptions): Promise<ChangeAnswerOnXen>;
}

interface NewInstance extends SliceSizes {
  readonly domid: number;
}

/** The driver may wait for the GPU to wake up. */
const DEADLINE_MS = 10_000;

export interface XengtSlicesOptions {
  readonly writer: VgtWriter;
  readonly files: HostFiles;
  readonly guests: XenGuestSource;
  /** As they were seen last, with their owners. */
  readonly seen: () => Iterable<KernelVgpu>;
}

const REMOVED = { kind: "removed" } as const;

export class XengtSlices implements Slices<SliceShare> {
  readonly #options: XengtSlicesOptions;
  /** By vGPU: the number of the domain for which this agent has it made last. */
  readonly #made = new Map<VgpuId, number>();

  constructor(options: XengtSlicesOptions) {
    this.#options = options;
  }

  /**
   * The domain is there, and has not run yet. Throws DOMAIN_NOT_FOUND when it is not, and DOMAIN_WITHOUT_VGPU when its device model
   * was told other sizes.
   */
  async create(slice: Slice<SliceShare>, signal: AbortSignal): Promise<void> {
    const { domid, vgt, name } = await this.#guestOf(slice, signal);
    this.#made.set(slice.vgpuId, domid);
    const what = `making a ${slice.share.type} for domain ${name} (${domid})`;
    if (vgt !== undefined) await this.#refuseOtherSizes(what, slice, vgt);
    if (await this.#hasSlice(domid)) return;
    if (vgt !== undefined)
      throw new AgentError(
        "READBACK_MISMATCH",
        `${what}: its device model was to make it and has not; its log is ${logOf(name)}`,
      );
    const { writer } = this.#options;
    const { lowGmMib, highGmMib, fences } = slice.share.sizes;
    const answer = await asking(() =>
      writer.makeVgtInstance({ domid, lowGmMib, highGmMib, fences }, { signal, deadlineMs: DEADLINE_MS }),
    );
    if (await this.#hasSlice(domid)) return;
    throw answer.kind === "done"
      ? new AgentError("READBACK_MISMATCH", `${what}: the kernel said yes, and there is no vm${domid}`)
      : failureOf(what, slice, answer);
  }

  /**
   * Where neither this agent had it made nor a look saw it with its domain, it may be any of those of domains that are gone. All are of
   * no use to anybody (Xen gives a number again after 32,751 others): it is removed when all of them are.
   */
  async remove(slice: Slice<SliceShare>, signal: AbortSignal): Promise<RemoveOutcome> {
    const outcome = await this.#remove(slice, signal);
    if (outcome.kind === "removed") this.#made.delete(slice.vgpuId);
    return outcome;
  }

  async #remove(slice: Slice<SliceShare>, signal: AbortSignal): Promise<RemoveOutcome> {
    const domids = await domidsIn(this.#options.files);
    if (domids.length === 0) return REMOVED;
    const living = await this.#living(signal);
    const own = living.find(({ id }) => id === slice.domainId);
    if (own && domids.includes(own.domid)) return heldBy(own.name);
    const known = this.#numbersOf(slice.vgpuId);
    const candidates = domids.filter((domid) =>
      known.size > 0 ? known.has(domid) : !living.some((guest) => guest.domid === domid),
    );
    const outcomes = await Promise.allSettled(candidates.map((domid) => this.#take(domid, signal)));
    const failure = outcomes.find(({ status }) => status === "rejected");
    if (failure?.status === "rejected") throw failure.reason;
    const left = outcomes.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    return left.find(({ kind }) => kind !== "removed") ?? REMOVED;
  }

  /** Of the domains that it was made for; empty where that is not known. */
  #numbersOf(vgpuId: VgpuId): ReadonlySet<number> {
    const seen = [...this.#options.seen()].filter(({ id, formerId }) => vgpuId === id || vgpuId === formerId);
    const domids = [this.#made.get(vgpuId), ...seen.map(({ domid }) => domid)];
    return new Set(domids.filter((domid) => domid !== undefined));
  }

  /** Removes the slice of a domain, unless that is there. Throws as `remove`, and KERNEL_TIMEOUT. */
  async sweep(domid: number, signal: AbortSignal): Promise<"gone" | "held"> {
    const { kind } = await this.#take(domid, signal);
    if (kind === "blocked") throw timeout(taking(domid));
    return kind === "held" ? "held" : "gone";
  }

  async #take(domid: number, signal: AbortSignal): Promise<RemoveOutcome> {
    const what = taking(domid);
    const answer = await asking(() =>
      this.#options.writer.removeVgtInstance(domid, { signal, deadlineMs: DEADLINE_MS }),
    );
    if (answer.kind === "held") return heldBy(`number ${domid}`);
    if (answer.kind === "blocked") return { kind: "blocked", holders: [] };
    // Xen's tools with Intel's patches remove it, too, and a module that is unloaded takes it along: then the kernel may refuse what
    // is done already.
    if (!(await this.#hasSlice(domid))) return REMOVED;
    switch (answer.kind) {
      case "done":
      case "absent":
        throw new AgentError(
          "READBACK_MISMATCH",
          `${what}: hostd answers ${answer.kind}, and vm${domid} is still there`,
        );
      case "errno":
      case "xenstore-silent":
      case "refused":
      case "failed":
        throw refusalOf(what, answer);
    }
  }

  /** A definition that was edited makes a slice that nobody has counted. */
  async #refuseOtherSizes(
    what: string,
    { vgpuId, share }: Slice<SliceShare>,
    told: SliceSizes,
  ): Promise<void> {
    const taken = sizesTaken(await vgtInterface(this.#options.files), told);
    if (areSameSizes(taken, share.sizes)) return;
    throw new AgentError(
      "DOMAIN_WITHOUT_VGPU",
      `${what}: its device model was told to take ${sizesText(taken)}, and vGPU ${vgpuId} has ${sizesText(share.sizes)}; ` +
        "put the domain's options -vgt_… back as they were (virsh edit), or destroy it and create it anew",
      { details: { vgpu_id: vgpuId } },
    );
  }

  async #hasSlice(domid: number): Promise<boolean> {
    return (await domidsIn(this.#options.files)).includes(domid);
  }

  async #guestOf({ domainId, vgpuId }: Slice<SliceShare>, signal: AbortSignal): Promise<XenGuest> {
    const guest = (await this.#living(signal)).find(({ id }) => id === domainId);
    if (guest) return guest;
    throw noDomain(domainId, `vGPU ${vgpuId} is made by XenGT`);
  }

  #living(signal: AbortSignal): Promise<readonly XenGuest[]> {
    return asking(() => this.#options.guests.guests(signal));
  }
}

function taking(domid: number): string {
  return `removing the slice of domain number ${domid}, which is gone`;
}

function heldBy(name: string): RemoveOutcome {
  return { kind: "held", holders: [{ pid: 0, command: `guest of Xen (${name})` }] };
}

function noDomain(domainId: DomainId | undefined, what: string): AgentError {
  const which = domainId === undefined ? "no domain was named" : `Xen has no domain ${domainId} now`;
  return new AgentError("DOMAIN_NOT_FOUND", `${what} for a domain that exists, and ${which}`, {
    details: { domain_uuid: domainId ?? "" },
  });
}

/** Kernels of 2015 and 2016 tell room from mistakes; later ones answer EINVAL to whatever it is (gvt/xengt.c). */
function failureOf(what: string, { gpu, share }: Slice<SliceShare>, answer: Trouble): AgentError {
  switch (answer.kind) {
    case "blocked":
      return timeout(what);
    case "refused":
    case "failed":
      return refusalOf(what, answer);
    case "errno":
      if (answer.errno !== "ENOMEM" && answer.errno !== "ENOSPC") return refusalOf(what, answer);
      return new AgentError(
        "KERNEL_REPORTS_NO_ROOM",
        `${what}: the kernel has no room left (${answer.errno})`,
        { details: { gpu, vgpu_type: share.type } },
      );
  }
}

function timeout(what: string): AgentError {
  return new AgentError("KERNEL_TIMEOUT", `${what}: the kernel has not answered in ${DEADLINE_MS} ms`);
}
