// Two simulated hosts whose vgpuds publish their GPUs in one real Placement, and vgpuctl in front of that.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Environment } from "../../agent/cli/environment.ts";
import { until } from "../e2e/harness/until.ts";
import { World } from "../e2e/harness/world.ts";
import { vgpuctl, type Ran } from "../unit/cli/vgpuctl.ts";
import { FaultyPlacement } from "./faulty-placement.ts";
import type { Placement } from "./placement.ts";

/** One of the first fills most of a GPU with an aperture of 1024 MiB: there is no room for two. */
const FILES: Readonly<Record<string, string>> = {
  flavors: `
big: { vcpus: 1, memory: 256, vgt_low_gm_sz: 512, vgt_high_gm_sz: 2048, vgt_fence_sz: 4 }
odd: { vcpus: 1, memory: 256, vgt_low_gm_sz: 128, vgt_high_gm_sz: 384, vgt_fence_sz: 4 }
not-kvm: { vcpus: 1, memory: 256, vgt_low_gm_sz: 64, "trait_GPU:CUSTOM_INTEL_VGPU_HYPERVISOR_KVM": forbidden }
`,
  domain: `
domain:
  boot: { order: { devices: [network] } }
  nics: [{ network: default }]
`,
};
/** What `big` books, as a caller of Placement asks for it. */
const BIG =
  "/allocation_candidates?resources_GPU=CUSTOM_INTEL_VGPU:1,CUSTOM_VGT_LOW_GM_MB:512,CUSTOM_VGT_HIGH_GM_MB:2048,CUSTOM_VGT_FENCE:4&group_policy=none";

const uuid = z.string();
const candidatesSchema = z.looseObject({
  allocation_requests: z.array(z.looseObject({ mappings: z.looseObject({ _GPU: z.tuple([uuid]) }) })),
});
const treeSchema = z.object({ resource_providers: z.array(z.object({ uuid, name: z.string() })) });
const held = z.object({ allocations: z.record(z.string(), z.unknown()) });

export class TwoHosts implements AsyncDisposable {
  readonly placement: Placement;
  /** What vgpuctl asks, and what the agents ask. */
  readonly asked: FaultyPlacement;
  readonly told: FaultyPlacement;
  readonly #worlds = new Map<string, World>();

  private constructor(placement: Placement, asked: FaultyPlacement, told: FaultyPlacement) {
    this.placement = placement;
    this.asked = asked;
    this.told = told;
  }

  /** Resolves when both are published. */
  static async start(placement: Placement): Promise<TwoHosts> {
    const faulty = () => FaultyPlacement.start(placement.url);
    const hosts = new TwoHosts(placement, await faulty(), await faulty());
    // Whatever another test left there: these names are of this one alone.
    const id = randomUUID().slice(0, 8);
    await Promise.all(["left", "right"].map((name) => hosts.#add(`${name}-${id}`)));
    await until("both hosts are published", async () => (await hosts.withRoom()).length === 2);
    return hosts;
  }

  /** In the order in which they were started. */
  get names(): readonly [string, string] {
    const [one = "", other = ""] = [...this.#worlds.keys()].sort();
    return [one, other];
  }

  world(name: string): World {
    const world = this.#worlds.get(name);
    assert.ok(world, name);
    return world;
  }

  /** Which of the two have room for `big`. */
  async withRoom(): Promise<readonly string[]> {
    return (await this.allWithRoom()).filter((host) => this.#worlds.has(host));
  }

  /** Whoever else publishes there, too; in the order of Placement. */
  async allWithRoom(): Promise<readonly string[]> {
    const { status, body } = await this.placement.ask("GET", BIG);
    // Before anybody has made the classes known.
    if (status === 400) return [];
    const found = candidatesSchema.parse(body).allocation_requests;
    return await Promise.all(found.map(({ mappings }) => this.#hostOf(mappings._GPU[0])));
  }

  /** vgpuctl's next look at the candidates has this host first. */
  async showFirst(host: string): Promise<void> {
    const { body } = await this.placement.ask("GET", BIG);
    const found = candidatesSchema.parse(body);
    const hosts = new Map<unknown, string>();
    for (const each of found.allocation_requests) hosts.set(each, await this.#hostOf(each.mappings._GPU[0]));
    const rank = (each: unknown): number => (hosts.get(each) === host ? 0 : 1);
    const sorted = found.allocation_requests.toSorted((one, other) => rank(one) - rank(other));
    const how = { kind: "wrong shape", body: { ...found, allocation_requests: sorted } } as const;
    this.asked.misbehave({ method: "GET", path: /^\/allocation_candidates/ }, how, 1);
  }

  /** Whether anything is booked for a claim. */
  async isBooked(claimId: string): Promise<boolean> {
    const { body } = await this.placement.ask("GET", `/allocations/${claimId}`);
    return Object.keys(held.parse(body).allocations).length > 0;
  }

  /** As `vgpuctl schedule create` does before it asks the host, and is killed then. */
  async book(claimId: string, host: string): Promise<void> {
    const { body } = await this.placement.ask("GET", BIG);
    for (const { mappings, allocations } of candidatesSchema.parse(body).allocation_requests) {
      if ((await this.#hostOf(mappings._GPU[0])) !== host) continue;
      const consumer = { project_id: "vgpud", user_id: "vgpud", consumer_type: "VGPUD" };
      const claim = { allocations, ...consumer, consumer_generation: null };
      // What vgpud tells of the GPU at that moment may get in its way, as any caller's.
      const isPut = async (): Promise<boolean> => {
        const { status, body: said } = await this.placement.ask("PUT", `/allocations/${claimId}`, claim);
        if (status !== 409) assert.equal(status, 204, JSON.stringify(said));
        return status === 204;
      };
      await until(`${host} is booked`, isPut);
      return;
    }
    assert.fail(`${host} is no candidate`);
  }

  /** `vgpuctl schedule …`; `create` with the file of the domain. */
  async schedule(argv: readonly string[], environment: Partial<Environment> = {}): Promise<Ran> {
    const domain = argv[0] === "create" ? ["-f", "domain"] : [];
    return await vgpuctl(undefined, ["schedule", ...argv, ...domain, ...this.#file(argv)], {
      newUuid: randomUUID,
      readText: this.readText,
      ...environment,
    });
  }

  /** The files by their names here: `schedule`, `flavors` and `domain`. */
  readonly readText = (path: string): Promise<string> => {
    const text = path === "schedule" ? this.scheduleFile() : FILES[path];
    return text === undefined ? Promise.reject(new Error(`no file ${path}`)) : Promise.resolve(text);
  };

  /** What reads them, but that `schedule` has this text. */
  readerWith(schedule: string): Environment["readText"] {
    return async (path) => (path === "schedule" ? schedule : await this.readText(path));
  }

  /** `elsewhere`: sockets in the place of those of hosts. */
  scheduleFile(elsewhere: Readonly<Record<string, string>> = {}): string {
    const sockets = [...this.#worlds].map(([name, { socket }]) => [name, elsewhere[name] ?? socket] as const);
    const addresses = sockets.map(([name, socket]) => `    ${name}: unix:${socket}`).join("\n");
    const placement = `{ endpoint: "${this.asked.url}", timeout: 5s }`;
    return `placement: ${placement}\nagents:\n  addresses:\n${addresses}\n`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#worlds.values()].map((world) => world[Symbol.asyncDispose]()));
    await this.asked[Symbol.asyncDispose]();
    await this.told[Symbol.asyncDispose]();
  }

  #file([action]: readonly string[]): readonly string[] {
    const flavors = action === "create" ? ["--flavors", "flavors"] : [];
    return ["--schedule-file", "schedule", ...flavors];
  }

  /** Of the configuration of a host. */
  settings(name: string): string {
    const placement = `{ endpoint: "${this.told.url}", root: own, host: ${name} }`;
    return `scheduler: { adapter: placement, first_within: 0s, placement: ${placement} }`;
  }

  async #add(name: string): Promise<void> {
    const settings = this.settings(name);
    this.#worlds.set(name, await World.start("", {}, { settings, logLevel: "warn" }));
  }

  async #hostOf(provider: string): Promise<string> {
    const { body } = await this.placement.ask("GET", `/resource_providers?in_tree=${provider}`);
    const { resource_providers: tree } = treeSchema.parse(body);
    return tree.find(({ name }) => !name.includes("_vgpud_"))?.name ?? "";
  }
}
