// What is wrong with a configuration: every fault at once, each with its place.

/** One fault. */
export interface Problem {
  /** `/etc/vgpud/config.yaml:3:1`, or the flag. */
  readonly where: string;
  /** Key, value and what is allowed. */
  readonly what: string;
}

/** The configuration cannot be used. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];

  /** The message has one line for each problem. */
  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    super(problems.map(({ where, what }) => `${where}: ${what}`).join("\n"), options);
    this.problems = problems;
  }
}
