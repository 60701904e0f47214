// Makes and removes XenGT's slices through the privileged process. A slice is made for the number of a domain that exists, by that
// domain's device model or by a line that is written here, and stays when the domain ends: nobody but vgpud removes it, unless Xen's
// tools bear Intel's patches, too.
import { AgentError } from "../../core/errors.ts";
import type { DomainId } from "../../core/ids.ts";
import type { HostFiles } from "../../discovery/host-files.ts";
import type { XenGuest, XenGuestSource } from "../../discovery/xen-guests.ts";
import type { SliceShare, SliceSizes } from "../../inventory/share.ts";
import type { RemoveOutcome, Slice, Slices } from "../../lifecycle/ports.ts";
import { asking, refusalOf, type CallOptions, type ChangeAnswer, type Trouble } from "../hostd-answers.ts";
import { domidsIn } from "./vgt-files.ts";

/** What the privileged process answers; see hostd's protocol. Rejects when it cannot be asked. */
export interface VgtWriter {
  makeVgtInstance(instance: NewInstance, options: CallOptions): Promise<{ readonly kind: "done" } | Trouble>;
  /** `held`: the domain exists, which is asked for right before. */
  removeVgtInstance(domid: number, options: CallOptions): Promise<ChangeAnswer>;
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
}

export class XengtSlices implements Slices<SliceShare> {
  readonly #options: XengtSlicesOptions;

  constructor(options: XengtSlicesOptions) {
    this.#options = options;
  }

  /** The domain is there, and has not run yet. Throws DOMAIN_NOT_FOUND when it is not. */
  async create(slice: Slice<SliceShare>, signal: AbortSignal): Promise<void> {
    const { domid, vgt, name } = await this.#guestOf(slice, signal);
    if (await this.#hasSlice(domid)) return;
    const what = `making a ${slice.share.type} for domain ${name} (${domid})`;
    if (vgt !== undefined)
      throw new AgentError(
        "READBACK_MISMATCH",
        `${what}: its device model was to make it and has not; its log is /var/log/xen/qemu-dm-${name}.log`,
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
   * With it go slices of other domains that are gone: which of them was this one's the kernel does not know, and to a number that no
   * domain has a slice is of no use (Xen gives the same one again after 32,751 others).
   */
  async remove(slice: Slice<SliceShare>, signal: AbortSignal): Promise<RemoveOutcome> {
    const { guests, files } = this.#options;
    const domids = await domidsIn(files);
    if (domids.length === 0) return { kind: "removed" };
    const living = await guests.guests(signal).catch((error: unknown) => {
      throw AgentError.from(error, "HOSTD_UNAVAILABLE");
    });
    const own = living.find(({ id }) => id === slice.domainId);
    if (own && domids.includes(own.domid)) return { kind: "held", holders: [] };
    for (const domid of domids.filter((one) => !living.some((guest) => guest.domid === one)))
      await this.sweep(domid, signal);
    return { kind: "removed" };
  }

  /** Removes the slice of a domain that is gone; one whose domain is there stays. */
  async sweep(domid: number, signal: AbortSignal): Promise<void> {
    const what = `removing the slice of domain number ${domid}, which is gone`;
    const answer = await asking(() =>
      this.#options.writer.removeVgtInstance(domid, { signal, deadlineMs: DEADLINE_MS }),
    );
    switch (answer.kind) {
      case "done":
      case "absent":
      case "held":
        break;
      case "blocked":
        throw timeout(what);
      case "errno":
      case "refused":
      case "failed":
        throw refusalOf(what, answer);
    }
    if (answer.kind === "done" && (await this.#hasSlice(domid)))
      throw new AgentError(
        "READBACK_MISMATCH",
        `${what}: the kernel said yes, and vm${domid} is still there`,
      );
  }

  async #hasSlice(domid: number): Promise<boolean> {
    return (await domidsIn(this.#options.files)).includes(domid);
  }

  async #guestOf({ domainId, vgpuId }: Slice<SliceShare>, signal: AbortSignal): Promise<XenGuest> {
    const living = await this.#options.guests.guests(signal).catch((error: unknown) => {
      throw AgentError.from(error, "HOSTD_UNAVAILABLE");
    });
    const guest = living.find(({ id }) => id === domainId);
    if (guest) return guest;
    throw noDomain(domainId, `vGPU ${vgpuId} is made by XenGT`);
  }
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
