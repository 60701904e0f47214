// Pure: what is told of a domain that ends or is paused, and what is to become of one on Xen whose guest ends by itself.
import { childOf, textOf } from "../../core/xml.ts";
import type { Definition } from "./definition.ts";

/** Why a domain stopped: its new reason and the detail of the `stopped` event (virDomainEventStoppedDetailType). */
export const STOPS = {
  shutdown: { reason: "shutdown", detail: 0 },
  destroyed: { reason: "destroyed", detail: 1 },
  // QEMU that vanishes without a word is a failure to the event and a crash to the state (qemu_process.c).
  crashed: { reason: "crashed", detail: 5 },
} as const;

/** What a client's pausing and resuming make of a domain, and what is told of it. */
export const PAUSED = { state: "paused", reason: "user", event: "suspended" } as const;
export const RESUMED = { state: "running", reason: "unpaused", event: "resumed" } as const;

/** How a guest can end by itself. */
export type GuestEnd = "poweroff" | "reboot" | "crash";
type LifeAction = "destroy" | "restart" | "preserve";

/** As Xen's driver has them: a reason each, and the detail of the event. */
export const XEN_ENDS = {
  poweroff: { reason: "shutdown", detail: 0 },
  reboot: { reason: "shutdown", detail: 0 },
  crash: { reason: "crashed", detail: 2 },
} as const satisfies Record<GuestEnd, object>;

const ACTIONS: Readonly<Record<string, LifeAction>> = {
  destroy: "destroy",
  restart: "restart",
  "rename-restart": "restart",
  preserve: "preserve",
  "coredump-destroy": "destroy",
  "coredump-restart": "restart",
};

/** As the definition says, by `on_poweroff`, `on_reboot` or `on_crash`. */
export function actionOn({ root }: Definition, end: GuestEnd): LifeAction {
  const said = textOf(childOf(root, `on_${end}`)).trim();
  return ACTIONS[said] ?? (end === "reboot" ? "restart" : "destroy");
}
