// What to look at where somebody takes a connection and does not answer. Pure.

/** On the machine that vgpuctl runs on. */
export const STUCK =
  "the host is overloaded, or vgpud is stuck: systemctl status vgpud.service, journalctl -u vgpud.service";

/** On another. */
export const STUCK_THERE =
  "that host is overloaded, or its vgpud is stuck; on that host: systemctl status vgpud.service, journalctl -u vgpud.service";
