// Who of a server's clients wants to hear what: the bookkeeping of event callbacks, and the sending.
import { type DomainRef, toWire } from "./domain-ref.ts";
import {
  type DomainLifecycle,
  type EventKind,
  type NodeDeviceLifecycle,
  domainLifecycles,
  eventNumbers,
  nodeDeviceLifecycles,
} from "./events.ts";
import { type Domain, remoteEvents } from "./remote.gen.ts";
import type { Handlers } from "./server.ts";
import type { ServerSession } from "./server-session.ts";

interface Registration {
  readonly session: ServerSession;
  readonly callbackID: number;
  readonly scope: "domain" | "node-device";
  readonly eventID: number;
  /** The domain's UUID in hex, or the device's name; undefined for all. */
  readonly only: string | undefined;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Merge `handlers` into the server's table, then tell of changes: every client that asked gets its copy. */
export class EventBroadcast {
  readonly #registrations = new Set<Registration>();
  readonly #isLost: () => boolean;
  #lastCallbackID = 0;

  /** An event for which `isLost` says true is sent to nobody. */
  constructor({ isLost = () => false }: { readonly isLost?: () => boolean } = {}) {
    this.#isLost = isLost;
  }

  readonly handlers: Handlers = {
    connectDomainEventCallbackRegisterAny: ({ eventID, dom }, session) =>
      this.#add({ session, scope: "domain", eventID, only: dom ? hex(dom.uuid) : undefined }),
    connectDomainEventCallbackDeregisterAny: ({ callbackID }, session) => {
      this.#remove(session, callbackID);
    },
    connectNodeDeviceEventRegisterAny: ({ eventID, dev }, session) =>
      this.#add({ session, scope: "node-device", eventID, only: dev?.name }),
    connectNodeDeviceEventDeregisterAny: ({ callbackID }, session) => {
      this.#remove(session, callbackID);
    },
  };

  /** `detail` is the number of why (virDomainEvent*DetailType), default 0. */
  domainLifecycle(domain: DomainRef, change: DomainLifecycle, detail = 0): void {
    const msg = { dom: toWire(domain), event: domainLifecycles.indexOf(change), detail };
    this.#toDomain("domain-lifecycle", msg.dom, ({ session, callbackID }) => {
      session.send(remoteEvents.domainEventCallbackLifecycle, { callbackID, msg });
    });
  }

  domainReboot(domain: DomainRef): void {
    const dom = toWire(domain);
    this.#toDomain("domain-reboot", dom, ({ session, callbackID }) => {
      session.send(remoteEvents.domainEventCallbackReboot, { callbackID, msg: { dom } });
    });
  }

  deviceAdded(domain: DomainRef, alias: string): void {
    const dom = toWire(domain);
    this.#toDomain("device-added", dom, ({ session, callbackID }) => {
      session.send(remoteEvents.domainEventCallbackDeviceAdded, { callbackID, dom, devAlias: alias });
    });
  }

  deviceRemoved(domain: DomainRef, alias: string): void {
    const dom = toWire(domain);
    this.#toDomain("device-removed", dom, ({ session, callbackID }) => {
      session.send(remoteEvents.domainEventCallbackDeviceRemoved, {
        callbackID,
        msg: { dom, devAlias: alias },
      });
    });
  }

  deviceRemovalFailed(domain: DomainRef, alias: string): void {
    const dom = toWire(domain);
    this.#toDomain("device-removal-failed", dom, ({ session, callbackID }) => {
      session.send(remoteEvents.domainEventCallbackDeviceRemovalFailed, { callbackID, dom, devAlias: alias });
    });
  }

  nodeDeviceLifecycle(device: string, change: NodeDeviceLifecycle): void {
    const message = { dev: { name: device }, event: nodeDeviceLifecycles.indexOf(change), detail: 0 };
    this.#to("node-device", "node-device-lifecycle", device, ({ session, callbackID }) => {
      session.send(remoteEvents.nodeDeviceEventLifecycle, { callbackID, ...message });
    });
  }

  nodeDeviceUpdate(device: string): void {
    this.#to("node-device", "node-device-update", device, ({ session, callbackID }) => {
      session.send(remoteEvents.nodeDeviceEventUpdate, { callbackID, dev: { name: device } });
    });
  }

  #toDomain(kind: EventKind, dom: Domain, send: (registration: Registration) => void): void {
    this.#to("domain", kind, hex(dom.uuid), send);
  }

  #to(
    scope: Registration["scope"],
    kind: EventKind,
    object: string,
    send: (registration: Registration) => void,
  ): void {
    if (this.#isLost()) return;
    for (const registration of this.#registrations) {
      if (registration.scope !== scope || registration.eventID !== eventNumbers[kind]) continue;
      if (registration.only === undefined || registration.only === object) send(registration);
    }
  }

  #add(wanted: Omit<Registration, "callbackID">): { callbackID: number } {
    this.#lastCallbackID += 1;
    const registration = { ...wanted, callbackID: this.#lastCallbackID };
    this.#registrations.add(registration);
    void wanted.session.closed.then(() => this.#registrations.delete(registration));
    return { callbackID: registration.callbackID };
  }

  #remove(session: ServerSession, callbackID: number): void {
    for (const registration of this.#registrations) {
      if (registration.session === session && registration.callbackID === callbackID) {
        this.#registrations.delete(registration);
      }
    }
  }
}
