// What systemd tells a service by environment variables: the sockets handed over, where to send messages, the watchdog.

/** A listening socket that systemd opened; see sd_listen_fds_with_names(3). */
export interface HandedSocket {
  readonly fd: number;
  /** The FileDescriptorName= of its unit; `unknown` where none is said. */
  readonly name: string;
}

export interface SystemdEnvironment {
  readonly sockets: readonly HandedSocket[];
  /** A path, or an abstract name that begins with `@`; undefined when nobody listens. See sd_notify(3). */
  readonly notifySocket: string | undefined;
  /** Within how many milliseconds the watchdog wants to be fed; undefined when it does not watch this process. */
  readonly watchdogMs: number | undefined;
}

/** The first descriptor that is handed over (SD_LISTEN_FDS_START). */
const FIRST_FD = 3;
const VARIABLES = [
  "LISTEN_FDS",
  "LISTEN_PID",
  "LISTEN_FDNAMES",
  "NOTIFY_SOCKET",
  "WATCHDOG_USEC",
  "WATCHDOG_PID",
] as const;

/** Reads the variables and removes them, so that no child of ours takes them for its own. */
export function takeSystemdEnvironment(env: NodeJS.ProcessEnv, pid: number): SystemdEnvironment {
  const found = {
    sockets: handedSockets(env, pid),
    notifySocket: env["NOTIFY_SOCKET"] === "" ? undefined : env["NOTIFY_SOCKET"],
    watchdogMs: watchdogMs(env, pid),
  };
  for (const variable of VARIABLES) Reflect.deleteProperty(env, variable);
  return found;
}

function handedSockets(env: NodeJS.ProcessEnv, pid: number): HandedSocket[] {
  // A variable meant for another process was inherited by mistake.
  if (env["LISTEN_PID"] !== String(pid)) return [];
  const count = wholeNumber(env["LISTEN_FDS"]) ?? 0;
  const names = (env["LISTEN_FDNAMES"] ?? "").split(":");
  return Array.from({ length: count }, (_, index) => ({
    fd: FIRST_FD + index,
    name: names[index] || "unknown",
  }));
}

/** WATCHDOG_PID is absent when the watchdog means whoever reads it (sd_watchdog_enabled(3)). */
function watchdogMs(env: NodeJS.ProcessEnv, pid: number): number | undefined {
  if ((env["WATCHDOG_PID"] ?? String(pid)) !== String(pid)) return undefined;
  const microseconds = wholeNumber(env["WATCHDOG_USEC"]) ?? 0;
  return microseconds > 0 ? microseconds / 1000 : undefined;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
