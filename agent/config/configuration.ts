// The configuration of a running agent: what it was started with, and what a reload may change.
import { isDeepStrictEqual } from "node:util";
import type { Effective } from "./effective.ts";
import type { FixedConfig, LiveConfig } from "./schema.ts";

export class Configuration {
  /** What the agent was started with: for keys that need a restart it holds until then. */
  readonly started: FixedConfig;
  readonly #load: () => Promise<Effective>;
  readonly #first: Effective;
  #current: Effective;

  private constructor(first: Effective, load: () => Promise<Effective>) {
    this.started = first.config;
    this.#first = first;
    this.#current = first;
    this.#load = load;
  }

  /** `load` reads the same sources again each time. @throws ConfigError */
  static async open(load: () => Promise<Effective>): Promise<Configuration> {
    return new Configuration(await load(), load);
  }

  /** The settings that a reload changes, as they are now: ask each time, keep nothing. */
  get live(): LiveConfig {
    return this.#current.config;
  }

  /** Keys whose value in the files is not the one the agent runs with. */
  get needRestart(): string[] {
    const started = new Map(this.#first.settings.map(({ key, value }) => [key.path, value]));
    return this.#current.settings
      .filter(({ key, value }) => !key.live && !isDeepStrictEqual(value, started.get(key.path)))
      .map(({ key }) => key.path);
  }

  /** Reads everything again; when anything is wrong, all stays as it is. @throws ConfigError */
  async reload(): Promise<void> {
    this.#current = await this.#load();
  }
}
