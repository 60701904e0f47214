// GVT-s: a guest whose virtio-gpu renders on the GPU's own node (virglrenderer in QEMU). Nothing is made for it: QEMU opens the
// node when the domain starts, and is one more of its users.
import { AgentError } from "../../core/errors.ts";
import type { HostFiles } from "../../discovery/host-files.ts";
import type { SeatShare } from "../../inventory/share.ts";
import type { RemoveOutcome, Slice, Slices } from "../../lifecycle/ports.ts";

export class VirglSeats implements Slices<SeatShare> {
  readonly #files: HostFiles;

  constructor(files: HostFiles) {
    this.#files = files;
  }

  async create({ gpu }: Slice<SeatShare>): Promise<void> {
    const nodes = await this.#files.list(`sys/bus/pci/devices/${gpu}/drm`);
    if (nodes.some((node) => node.startsWith("renderD"))) return;
    const message = `GPU ${gpu} has no render node, since no driver that makes one is bound`;
    throw new AgentError("RENDER_NODE_MISSING", message, { details: { gpu } });
  }

  remove(): Promise<RemoveOutcome> {
    return Promise.resolve({ kind: "removed" });
  }
}
