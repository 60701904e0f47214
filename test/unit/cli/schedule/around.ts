// `vgpuctl schedule …` in front of a vgpud that answers, or does not, and of hosts beside it that nobody serves.
import { MemoryPlacement } from "../../../fakes/memory-placement.ts";
import type { Environment } from "../../../../agent/cli/environment.ts";
import { hostResponse } from "../facts.ts";
import type { FakeVgpud } from "../fake-vgpud.ts";
import { FILES, reading, TOTALS } from "../scheduling.ts";
import { vgpuctl, type Ran } from "../vgpuctl.ts";

/** What the scheduler calls the host of the vgpud. */
export const HERE = hostResponse.host?.scheduler?.host ?? "";
/** Where Placement has a GPU, too. */
export const ELSEWHERE = "kvm-1";

export class Around {
  readonly api = new MemoryPlacement();
  readonly gpus: Readonly<Record<string, string>>;
  readonly #vgpud: FakeVgpud;
  readonly #addresses: Readonly<Record<string, string>>;

  /** `known` are in Placement; `addresses`: of hosts beside the one of the vgpud, by name. */
  constructor(vgpud: FakeVgpud, known: readonly string[], addresses: Readonly<Record<string, string>> = {}) {
    this.#vgpud = vgpud;
    this.#addresses = addresses;
    this.gpus = Object.fromEntries(known.map((host) => [host, this.api.addHost(host, TOTALS)]));
  }

  book(claimId: string, host: string): void {
    const allocations = new Map([[this.gpus[host] ?? "", { CUSTOM_INTEL_VGPU: 1 }]]);
    this.api.claims.set(claimId, { allocations, projectId: "p", userId: "u", consumerType: "VGPUD" });
  }

  async schedule(argv: readonly string[], environment: Partial<Environment> = {}): Promise<Ran> {
    const addresses = { [HERE]: this.#vgpud.socketPath, ...this.#addresses };
    const agents = Object.entries(addresses).map(([host, path]) => `"${host}": "unix:${path}"`);
    const text = `placement: { endpoint: "http://127.0.0.1:1" }\nagents: { addresses: { ${agents.join(", ")} } }`;
    return await vgpuctl(undefined, ["schedule", ...argv], {
      ...reading({ ...FILES, "/etc/vgpud/schedule.yaml": text }),
      placement: () => Promise.resolve({ api: this.api, close: () => undefined }),
      ...environment,
    });
  }
}
