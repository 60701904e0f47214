// GVT-s: a guest whose virtio-gpu renders on the GPU's own node (virglrenderer in QEMU). Nothing is made for it: QEMU opens the
// node when the domain starts, and is one more of its users.
import { AgentError } from "../../core/errors.ts";
import type { HostFiles } from "../../discovery/host-files.ts";
import type { OfferedDevices } from "../../discovery/domain-capabilities.ts";
import { qemuOpengl } from "../../discovery/qemu-opengl.ts";
import type { SeatShare } from "../../inventory/share.ts";
import type { RemoveOutcome, Slice, Slices } from "../../lifecycle/ports.ts";

/** What libvirt offers guests; undefined where it does not say. */
type Offered = (signal: AbortSignal) => Promise<OfferedDevices | undefined>;

export class VirglSeats implements Slices<SeatShare> {
  readonly #files: HostFiles;
  readonly #offered: Offered;

  constructor(files: HostFiles, offered: Offered) {
    this.#files = files;
    this.#offered = offered;
  }

  async create({ gpu }: Slice<SeatShare>, signal: AbortSignal): Promise<void> {
    const nodes = await this.#files.list(`sys/bus/pci/devices/${gpu}/drm`);
    if (!nodes.some((node) => node.startsWith("renderD"))) {
      const message = `GPU ${gpu} has no render node, since no driver that makes one is bound`;
      throw new AgentError("RENDER_NODE_MISSING", message, { details: { gpu } });
    }
    const why = await this.#whyNoOpengl(signal);
    if (why !== undefined)
      throw new AgentError("QEMU_WITHOUT_OPENGL", `no guest can render on GPU ${gpu}: ${why}`, {
        details: { gpu },
      });
  }

  /** What libvirt says of it comes late, when the domain is defined, and what QEMU says only when it is started. */
  async #whyNoOpengl(signal: AbortSignal): Promise<string | undefined> {
    const opengl = await qemuOpengl((folder) => this.#files.list(folder), await this.#offered(signal));
    if (opengl.has !== false) return undefined;
    return opengl.by === "module"
      ? `QEMU has no ${opengl.file}`
      : `libvirt does not offer ${opengl.lacks.join(" and ")}`;
  }

  remove(): Promise<RemoveOutcome> {
    return Promise.resolve({ kind: "removed" });
  }
}
