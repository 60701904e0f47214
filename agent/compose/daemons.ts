// The daemons beside the agent: libvirt's, which has the domains, and vgpud-hostd, which writes to the kernel.
import type { FixedConfig } from "../config/schema.ts";
import { systemClock as clock } from "../core/clock.ts";
import { HostdClient } from "../host/hostd-client.ts";
import type { Log } from "../host/journal.ts";
import { LibvirtHost } from "../host/libvirt.ts";
import type { Recorder } from "../observation/recorder.ts";

export interface Daemons {
  readonly libvirt: LibvirtHost;
  readonly hostd: HostdClient;
}

export function composeDaemons(
  config: Pick<FixedConfig, "libvirt" | "hostd">,
  {
    recorder,
    log,
    onChange,
  }: {
    readonly recorder: Recorder;
    readonly log: Log;
    /** Told that something of the domains has changed. */
    readonly onChange: () => void;
  },
): Daemons {
  const libvirt = new LibvirtHost({
    uri: config.libvirt.uri,
    socket: config.libvirt.socket,
    random: Math.random,
    wall: clock.wall,
    onChange: () => {
      recorder.trigger("libvirt");
      onChange();
    },
    onStatus: ({ uri, connected, error }) => {
      if (connected) log.info({ uri }, "libvirt answers");
      else log.warn({ uri, why: error }, "libvirt does not answer; reads go on, changes are refused");
    },
  });
  const hostd = new HostdClient({
    socketPath: config.hostd.socket,
    onCall: (call) => {
      recorder.hostdCall(call);
    },
  });
  return { libvirt, hostd };
}
