// The API for other machines: the TLS listener with its roles, its log and its metrics, and its files as they are renewed.
import { connectionsOn } from "../api/limits.ts";
import { roleOf } from "../api/roles.ts";
import type { SocketName } from "../api/access.ts";
import { ConfigError } from "../config/problem.ts";
import { limitsOf, type Config } from "../config/schema.ts";
import { tlsOf, type TlsSettings } from "../config/tls-keys.ts";
import { systemClock as clock } from "../core/clock.ts";
import type { Log } from "../host/journal.ts";
import { TlsListener, type TlsListenerOptions } from "../host/tls/listener.ts";
import { readMaterial, TlsFilesError, type Material } from "../host/tls/material.ts";
import type { Refusal } from "../host/tls/refusal.ts";
import type { Recorder } from "../observation/recorder.ts";
import type { Task } from "../tasks.ts";
import type { AgentOptions } from "./agent-options.ts";
import type { Api } from "./api.ts";
import { LimitedLog } from "./limited-log.ts";
import { tlsKeyOf, type TlsInUse } from "./tls-in-use.ts";
import { TlsRenewal } from "./tls-renewal.ts";

export interface RemoteAccess extends AsyncDisposable {
  /** `192.0.2.1:9470`; undefined where nothing listens for TLS. */
  readonly at: string | undefined;
  readonly tasks: readonly Task[];
  /** Takes the files and the roles as they are now. Problems go to the log, and what held before still holds. */
  reload(): Promise<void>;
  stopListening(): void;
}

/** A machine that has not shown a certificate holds one of few places for a short time. */
const HANDSHAKES = { most: 64, mostOfOne: 16, ms: 5_000 };
const LINES = { burst: 20, everyMs: 3_000 };

/** The files that the listener is to begin with; undefined where none is asked for. @throws ConfigError when they cannot be used */
export async function readTlsFiles(config: Pick<Config, "tls">): Promise<Material | undefined> {
  const settings = tlsOf(config);
  if (!settings) return undefined;
  try {
    return await readMaterial(settings.files);
  } catch (error) {
    if (!(error instanceof TlsFilesError)) throw error;
    const problems = error.problems.map(({ file, what }) => ({ where: `tls.${tlsKeyOf[file]}`, what }));
    throw new ConfigError(problems, { cause: error });
  }
}

interface Begun {
  /** What `readTlsFiles` gave. */
  readonly material: Material | undefined;
  readonly inUse: TlsInUse;
  readonly recorder: Recorder;
}

/** Undefined material: nothing is opened. */
export async function openTls(
  options: AgentOptions,
  api: Api,
  { material, inUse, recorder }: Begun,
): Promise<RemoteAccess> {
  const settings = tlsOf(options.config);
  if (!settings || !material) return NO_ACCESS;
  const { log } = options;
  const listener = await TlsListener.open(listenerOptions(options, api, { settings, material, recorder }));
  const { files } = settings;
  const renewal = new TlsRenewal({ files, material, listener, recorder, inUse, log, clock });
  log.info({ tls: listener.at }, "the API is served by TLS; the unit lets in whom IPAddressAllow= names");
  if (Object.values(options.configuration.live.tls_roles).flat().length === 0)
    log.warn("tls_roles gives nobody a role: every client of the TLS listener is refused");
  return {
    at: listener.at,
    tasks: [{ name: "TLS files", run: (stop) => renewal.run(stop) }],
    reload: () => renewal.reload(),
    stopListening: () => {
      listener.stopListening();
    },
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}

const NO_ACCESS: RemoteAccess = {
  at: undefined,
  tasks: [],
  reload: () => Promise.resolve(),
  stopListening: () => undefined,
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

function listenerOptions(
  { config, configuration, log }: AgentOptions,
  api: Api,
  {
    settings: { host, port },
    material,
    recorder,
  }: { readonly settings: TlsSettings; readonly material: Material; readonly recorder: Recorder },
): TlsListenerOptions<SocketName> {
  const limits = limitsOf(config);
  const tellRefusal = refusalLog(log);
  return {
    ...{ host, port, material, handshakes: HANDSHAKES, wall: clock.wall },
    admit: (uris) => roleOf(uris, configuration.live.tls_roles),
    connectionsOf: (role) => connectionsOn(role, limits),
    onConnection: (connection, { role, uri }, { serial, address }) => {
      recorder.tlsConnection("admitted");
      api.accept(role, connection, { uri, serial, address });
    },
    onRefusal: (refusal) => {
      recorder.tlsConnection(refusal.kind);
      tellRefusal(refusal);
    },
  };
}

/** Strangers cause these lines: they are few. */
function refusalLog(log: Log): (refusal: Refusal) => void {
  const limited = new LimitedLog(clock, LINES);
  return ({ kind, address, check, why, certificate }) => {
    limited.line((leftOut) => {
      const more = leftOut > 0 ? { left_out: leftOut } : {};
      const says = kind === "ended" ? "TLS connection ended" : "TLS connection refused";
      log.warn({ address, check, why, ...certificate, ...more }, says);
    });
  };
}
