// What no key can be blamed for alone: settings that do not go together. Pure.
import { ENCRYPTED, isPlaintext } from "../placement/plaintext.ts";
import { ConfigError, type Problem } from "./problem.ts";
import type { SchedulerConfig } from "./scheduler-keys.ts";
import { readSocketOf, type Config } from "./schema.ts";

/** `said`: who said what a key holds, by its dotted path. @throws ConfigError */
export function refuseContradictions(config: Config, said: ReadonlyMap<string, string>): void {
  const problems = [...socketsAtOnePath(config), ...schedulerUnnamed(config), ...tlsIncomplete(config)].map(
    ({ key, what }) => ({
      where: said.get(key) ?? "default",
      what: `${key}: ${what}`,
    }),
  );
  if (problems.length > 0) throw new ConfigError(problems satisfies readonly Problem[]);
}

interface Contradiction {
  /** The dotted path of the key to change. */
  readonly key: string;
  readonly what: string;
}

/** Two servers at one path would take it from each other. */
function socketsAtOnePath(config: Config): Contradiction[] {
  const paths = {
    socket: config.socket,
    read_socket: readSocketOf(config),
    "hostd.socket": config.hostd.socket,
  };
  const users = new Map<string, string>();
  return Object.entries(paths).flatMap(([key, path]) => {
    const other = users.get(path);
    users.set(path, key);
    return other === undefined ? [] : [{ key, what: `${path} is also the path of ${other}` }];
  });
}

/** A listener without a certificate, or that asks clients for none, is not to be had. */
function tlsIncomplete({ tls }: Config): Contradiction[] {
  if (tls.listen === undefined) return [];
  return (["certificate", "key", "client_ca"] as const)
    .filter((name) => tls[name] === undefined)
    .map((name) => ({ key: "tls.listen", what: `it needs tls.${name}, which has no value` }));
}

/** Who cannot be asked, since it is not said where it is or who asks. */
function schedulerUnnamed({ scheduler: { adapter, placement, slurm } }: Config): Contradiction[] {
  switch (adapter) {
    case "none":
      return [];
    case "placement":
      return placementUnnamed(placement);
    case "slurm":
      return slurm.cluster === undefined
        ? [{ key: "scheduler.adapter", what: "slurm needs scheduler.slurm.cluster" }]
        : [];
  }
}

function placementUnnamed({ endpoint, keystone }: SchedulerConfig["placement"]): Contradiction[] {
  if (keystone.auth_url === undefined)
    return endpoint === undefined
      ? [
          {
            key: "scheduler.adapter",
            what: "placement needs scheduler.placement.endpoint, or scheduler.placement.keystone.auth_url to find it by",
          },
        ]
      : [];
  const unnamed = (["credential_id", "secret_file"] as const)
    .filter((name) => keystone[name] === undefined)
    .map((name) => ({
      key: "scheduler.placement.keystone.auth_url",
      what: `Keystone is asked with scheduler.placement.keystone.${name}, which has no value`,
    }));
  const isTold = endpoint !== undefined && isPlaintext(new URL(endpoint));
  const what = `Keystone's token would be sent to ${endpoint} for everybody on the way to read; beside Keystone it takes ${ENCRYPTED}`;
  return [...unnamed, ...(isTold ? [{ key: "scheduler.placement.endpoint", what }] : [])];
}
