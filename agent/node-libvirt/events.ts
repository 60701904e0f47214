// What the daemon tells of its own accord, as plain values, and how to ask for it.
import type { CallOptions, Connection } from "./connection.ts";
import { ErrorNumber } from "./constants.ts";
import { type DomainRef, fromWire } from "./domain-ref.ts";
import { LibvirtError } from "./errors.ts";
import type { RemoteEvent } from "./procedure.ts";
import { procedures, remoteEvents } from "./remote.gen.ts";

/** virDomainEventType, in the order of its numbers. */
export const domainLifecycles = [
  ...(["defined", "undefined", "started", "suspended", "resumed", "stopped"] as const),
  ...(["shutdown", "pm-suspended", "crashed"] as const),
] as const;
export type DomainLifecycle = (typeof domainLifecycles)[number];

/** virNodeDeviceEventLifecycleType, in the order of its numbers. */
export const nodeDeviceLifecycles = ["created", "deleted", "defined", "undefined"] as const;
export type NodeDeviceLifecycle = (typeof nodeDeviceLifecycles)[number];

/** `unknown` stands for a change newer than this library: something happened, look at the object. */
export type LibvirtEvent =
  | {
      readonly kind: "domain-lifecycle";
      readonly domain: DomainRef;
      readonly change: DomainLifecycle | "unknown";
      /** The number of why, for example 1 (destroyed) of `stopped`: virDomainEvent*DetailType. */
      readonly detail: number;
    }
  | { readonly kind: "domain-reboot"; readonly domain: DomainRef }
  | { readonly kind: "device-added"; readonly domain: DomainRef; readonly alias: string }
  | { readonly kind: "device-removed"; readonly domain: DomainRef; readonly alias: string }
  | { readonly kind: "device-removal-failed"; readonly domain: DomainRef; readonly alias: string }
  | {
      readonly kind: "node-device-lifecycle";
      /** For example `pci_0000_00_02_0`, `mdev_<uuid>_...`. */
      readonly device: string;
      readonly change: NodeDeviceLifecycle | "unknown";
    }
  | { readonly kind: "node-device-update"; readonly device: string };

export type EventKind = LibvirtEvent["kind"];

/** virDomainEventID and virNodeDeviceEventID of the events known here. */
export const eventNumbers = {
  "domain-lifecycle": 0,
  "domain-reboot": 1,
  "device-removed": 15,
  "device-added": 19,
  "device-removal-failed": 22,
  "node-device-lifecycle": 0,
  "node-device-update": 1,
} as const satisfies Record<EventKind, number>;

export interface Subscription {
  /** Kinds that the daemon's driver does not offer (Xen has no `device-removed`, for example). */
  readonly unsupported: readonly EventKind[];
  /** Ends the delivery at once and tells the daemon. Never rejects: a lost connection has ended it already. */
  readonly unsubscribe: () => Promise<void>;
}

type Emit = (event: LibvirtEvent) => void;
type Stop = () => Promise<void>;
type Source = (connection: Connection, emit: Emit, options: CallOptions) => Promise<Stop>;

const sources: Readonly<Record<EventKind, Source>> = {
  "domain-lifecycle": domainSource(
    "domain-lifecycle",
    remoteEvents.domainEventCallbackLifecycle,
    ({ msg }) => ({
      kind: "domain-lifecycle",
      domain: fromWire(msg.dom),
      change: domainLifecycles[msg.event] ?? "unknown",
      detail: msg.detail,
    }),
  ),
  "domain-reboot": domainSource("domain-reboot", remoteEvents.domainEventCallbackReboot, ({ msg }) => ({
    kind: "domain-reboot",
    domain: fromWire(msg.dom),
  })),
  "device-added": domainSource("device-added", remoteEvents.domainEventCallbackDeviceAdded, (message) => ({
    kind: "device-added",
    domain: fromWire(message.dom),
    alias: message.devAlias,
  })),
  "device-removed": domainSource(
    "device-removed",
    remoteEvents.domainEventCallbackDeviceRemoved,
    ({ msg }) => ({
      kind: "device-removed",
      domain: fromWire(msg.dom),
      alias: msg.devAlias,
    }),
  ),
  "device-removal-failed": domainSource(
    "device-removal-failed",
    remoteEvents.domainEventCallbackDeviceRemovalFailed,
    (message) => ({ kind: "device-removal-failed", domain: fromWire(message.dom), alias: message.devAlias }),
  ),
  "node-device-lifecycle": nodeDeviceSource(
    "node-device-lifecycle",
    remoteEvents.nodeDeviceEventLifecycle,
    (message) => ({
      kind: "node-device-lifecycle",
      device: message.dev.name,
      change: nodeDeviceLifecycles[message.event] ?? "unknown",
    }),
  ),
  "node-device-update": nodeDeviceSource(
    "node-device-update",
    remoteEvents.nodeDeviceEventUpdate,
    (message) => ({
      kind: "node-device-update",
      device: message.dev.name,
    }),
  ),
};

/**
 * Asks the daemon for these kinds of events, of all domains and devices. Events come in the daemon's order, and before
 * the reply of the call that caused them. Kinds that the driver lacks are reported, other failures reject.
 */
export async function subscribe(
  connection: Connection,
  kinds: readonly EventKind[],
  listener: Emit,
  options: CallOptions = {},
): Promise<Subscription> {
  const unsupported: EventKind[] = [];
  const stops: Stop[] = [];
  const unsubscribe = async (): Promise<void> => {
    await Promise.all(stops.map((stop) => stop()));
  };
  for (const kind of kinds) {
    try {
      stops.push(await sources[kind](connection, listener, options));
    } catch (caught) {
      if (caught instanceof LibvirtError && caught.code === ErrorNumber.noSupport) unsupported.push(kind);
      else {
        await unsubscribe();
        throw caught;
      }
    }
  }
  return { unsupported, unsubscribe };
}

interface Tagged {
  readonly callbackID: number;
}

function domainSource<M extends Tagged>(
  kind: EventKind,
  event: RemoteEvent<M>,
  read: (message: M) => LibvirtEvent,
): Source {
  const { connectDomainEventCallbackRegisterAny: add, connectDomainEventCallbackDeregisterAny: remove } =
    procedures;
  return (connection, emit, options) =>
    listen(connection, event, {
      emit: (message) => {
        emit(read(message));
      },
      register: () => connection.call(add, { eventID: eventNumbers[kind], dom: null }, options),
      deregister: (tag) => connection.call(remove, tag),
    });
}

function nodeDeviceSource<M extends Tagged>(
  kind: EventKind,
  event: RemoteEvent<M>,
  read: (message: M) => LibvirtEvent,
): Source {
  const { connectNodeDeviceEventRegisterAny: add, connectNodeDeviceEventDeregisterAny: remove } = procedures;
  return (connection, emit, options) =>
    listen(connection, event, {
      emit: (message) => {
        emit(read(message));
      },
      register: () => connection.call(add, { eventID: eventNumbers[kind], dev: null }, options),
      deregister: (tag) => connection.call(remove, tag),
    });
}

interface Listening<M> {
  readonly emit: (message: M) => void;
  readonly register: () => Promise<Tagged>;
  readonly deregister: (tag: Tagged) => Promise<undefined>;
}

/** Each registration on a connection gets its own copy of an event, told apart by the number the daemon gave it. */
async function listen<M extends Tagged>(
  connection: Connection,
  event: RemoteEvent<M>,
  { emit, register, deregister }: Listening<M>,
): Promise<Stop> {
  // The first events may overtake the reply that carries the number.
  const early: M[] = [];
  let take = (message: M): void => {
    early.push(message);
  };
  const off = connection.on(event, (message) => {
    take(message);
  });
  try {
    const { callbackID } = await register();
    take = (message) => {
      if (message.callbackID === callbackID) emit(message);
    };
    for (const message of early) take(message);
    return async () => {
      off();
      await deregister({ callbackID }).catch(() => undefined);
    };
  } catch (caught) {
    off();
    throw caught;
  }
}
