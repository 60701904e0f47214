// The service manager that started us, as its environment variables tell; one that hears nothing when nobody did.
import type { ServiceManager } from "../compose/agent-options.ts";
import type { Log } from "../host/journal.ts";
import { takeSystemdEnvironment } from "../host/systemd/environment.ts";
import { Messenger } from "../host/systemd/messages.ts";

/** Takes the variables away: what they say holds for this process and not for its children. */
export function serviceManager(log: Log): ServiceManager {
  const { sockets, notifySocket, watchdogMs } = takeSystemdEnvironment(process.env, process.pid);
  const messenger = new Messenger({
    socket: notifySocket,
    onError: (why) => {
      log.warn({ why }, "systemd cannot be told how the agent is; is systemd-notify installed?");
    },
  });
  return { messenger, watchdogMs, sockets };
}
