// What the drivers count of QEMUs that render on a GPU, as hostd reads it from /proc, which the agent itself may not.
import { parseDomainId, type PciAddress } from "../core/ids.ts";
import { parseFdinfo } from "../discovery/drm-fdinfo.ts";
import type { RenderProcess as ToldProcess } from "../hostd/protocol/messages.ts";
import type { RenderProcess, RenderProcessSource } from "../observation/gpu-use.ts";
import type { HostdClient } from "./hostd-client.ts";
import { lookFailed } from "./hostd-looks.ts";

/** The kernel answers in milliseconds; a process may wait to be started on a busy host. */
const PATIENCE_MS = 5_000;

export class RenderProcesses implements RenderProcessSource {
  readonly #hostd: Pick<HostdClient, "renderClients">;

  constructor(hostd: Pick<HostdClient, "renderClients">) {
    this.#hostd = hostd;
  }

  async processes(gpu: PciAddress, signal: AbortSignal): Promise<readonly RenderProcess[]> {
    const result = await this.#hostd.renderClients(gpu, { signal, deadlineMs: PATIENCE_MS });
    if (result.kind === "absent") return [];
    const what = `read what domains use of GPU ${gpu}`;
    if (result.kind !== "render-clients") throw lookFailed(what, result);
    if (result.left > 0)
      throw new Error(`cannot ${what}: ${result.left} processes more than hostd can tell of`);
    return result.processes.map(asFact).filter((process) => process !== undefined);
  }
}

function asFact({ pid, domain, clients }: ToldProcess): RenderProcess | undefined {
  const id = parseDomainId(domain);
  return (
    id && {
      pid,
      domain: id,
      clients: new Map(clients.map((client) => [client.id, parseFdinfo(client.figures)])),
    }
  );
}
