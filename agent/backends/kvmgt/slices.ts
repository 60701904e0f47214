// Makes and removes GVT-g slices through the privileged process, and says what an errno means here.
// Errnos of `create`: kernel drivers/vfio/mdev/mdev_core.c, gvt/kvmgt.c, gvt/aperture_gm.c.
import { AgentError } from "../../core/errors.ts";
import type { PciAddress, VgpuId } from "../../core/ids.ts";
import type { HostFiles } from "../../discovery/host-files.ts";
import type { SliceShare } from "../../inventory/share.ts";
import type { RemoveOutcome, Slice, Slices } from "../../lifecycle/ports.ts";
import {
  asking,
  namedHolder,
  refusalOf,
  type CallOptions,
  type ChangeAnswer,
  type Trouble,
} from "../hostd-answers.ts";

/** What the privileged process answers; see hostd's protocol. Rejects when it cannot be asked. */
export interface MdevWriter {
  createMdev(mdev: NewMdev, options: CallOptions): Promise<CreateAnswer>;
  removeMdev(vgpuId: VgpuId, options: CallOptions): Promise<ChangeAnswer>;
}

interface NewMdev {
  readonly vgpuId: VgpuId;
  readonly gpu: PciAddress;
  readonly type: string;
}

type CreateAnswer = { readonly kind: "done" } | Trouble;

/** A create takes milliseconds; the driver may wait for the GPU to wake up. */
const CREATE_DEADLINE_MS = 10_000;
/** Long enough for a removal that works. One that hangs is asked about again and joins the child that waits. */
const REMOVE_DEADLINE_MS = 3_000;

export class KvmgtSlices implements Slices<SliceShare> {
  readonly #writer: MdevWriter;
  readonly #files: HostFiles;

  constructor(writer: MdevWriter, files: HostFiles) {
    this.#writer = writer;
    this.#files = files;
  }

  async create(slice: Slice<SliceShare>, signal: AbortSignal): Promise<void> {
    const { vgpuId, gpu } = slice;
    const { type } = slice.share;
    const answer = await asking(() =>
      this.#writer.createMdev({ vgpuId, gpu, type }, { signal, deadlineMs: CREATE_DEADLINE_MS }),
    );
    // Whatever was answered, the kernel's tree is the truth: a create that was cut off before may have gone through.
    const there = await this.#typeOf(vgpuId);
    if (there === type) return;
    if (answer.kind === "done" || there !== undefined)
      throw new AgentError(
        "READBACK_MISMATCH",
        `vGPU ${vgpuId} was made as ${type} and shows as ${there ?? "absent"}`,
      );
    throw await this.#createFailure(slice, answer);
  }

  async remove({ vgpuId }: Slice<SliceShare>, signal: AbortSignal): Promise<RemoveOutcome> {
    const what = `removing vGPU ${vgpuId}`;
    const answer = await asking(() =>
      this.#writer.removeMdev(vgpuId, { signal, deadlineMs: REMOVE_DEADLINE_MS }),
    );
    if (answer.kind === "held" || answer.kind === "blocked")
      return { kind: answer.kind, holders: answer.holders.map(namedHolder) };
    // ENOENT may as well be that of the device node that the idle test opens: only the kernel's tree proves the end.
    if ((await this.#typeOf(vgpuId)) === undefined) return { kind: "removed" };
    switch (answer.kind) {
      case "done":
      case "absent":
        throw new AgentError(
          "READBACK_MISMATCH",
          `${what}: hostd answers ${answer.kind}, and it is still there`,
        );
      case "errno":
      case "refused":
      case "failed":
        throw refusalOf(what, answer);
    }
  }

  /** The kernel's name of the slice's type; undefined when there is no such slice. */
  #typeOf(vgpuId: VgpuId): Promise<string | undefined> {
    return this.#files.linkName(`sys/bus/mdev/devices/${vgpuId}/mdev_type`);
  }

  async #createFailure(slice: Slice<SliceShare>, answer: Trouble): Promise<AgentError> {
    const what = `creating a ${slice.share.type} on ${slice.gpu}`;
    switch (answer.kind) {
      case "errno":
        return answer.errno === "ENOSPC" ? await this.#noSpace(slice, what) : refusalOf(what, answer);
      case "blocked":
        return new AgentError(
          "KERNEL_TIMEOUT",
          `${what}: the kernel has not answered in ${CREATE_DEADLINE_MS} ms`,
        );
      case "refused":
      case "failed":
        return refusalOf(what, answer);
    }
  }

  /** The budget may have room in sum and no range in one piece: then the kernel's own count still says so (gvt-linux#164). */
  async #noSpace({ gpu, share }: Slice<SliceShare>, what: string): Promise<AgentError> {
    const { type } = share;
    const path = `sys/class/mdev_bus/${gpu}/mdev_supported_types/${type}/available_instances`;
    // A count that cannot be read does not say that there is room.
    const available = Number((await this.#files.read(path).catch(() => undefined)) ?? 0);
    const details = { gpu, vgpu_type: type, kernel_available: available };
    if (available > 0)
      return new AgentError(
        "GM_FRAGMENTED",
        `${what}: the kernel counts room for ${available} and finds no range in one piece (ENOSPC); ` +
          "remove other vGPUs of this GPU, stop what uses the host's display, or take a smaller type where there is one",
        { details },
      );
    return new AgentError("KERNEL_REPORTS_NO_ROOM", `${what}: the kernel has no room left (ENOSPC)`, {
      details,
    });
  }
}
