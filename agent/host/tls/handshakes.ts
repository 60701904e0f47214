// Connections that are not known yet: few at a time and each for a short time, so that nobody without a certificate takes the place
// of those with one.
import type { Socket } from "node:net";
import { addressOf } from "./peer.ts";
import { networkOf } from "./network-of.ts";
import { full, type Fault } from "./refusal.ts";

export interface HandshakeLimits {
  /** At a time. */
  readonly most: number;
  /** Of one address, at a time; of IPv6, of one network of 64 bits, as a machine has all of it to itself. */
  readonly mostOfOne: number;
  /** Milliseconds until one that is not over is ended. */
  readonly ms: number;
}

interface UnderWay {
  readonly connection: Socket;
  /** Its address or network. */
  readonly host: string;
  readonly cas: string;
}

export class Handshakes {
  readonly #limits: HandshakeLimits;
  /** By address and port: the socket of a TLS connection is another object than the one it began with. */
  readonly #underWay = new Map<string, UnderWay>();

  constructor(limits: HandshakeLimits) {
    this.#limits = limits;
  }

  /** Counts a connection until `end` or until it closes; says why where there is no room for it. `cas` are those that judge it. */
  begin(connection: Socket, cas: string): Fault | undefined {
    const { most, mostOfOne } = this.#limits;
    const host = networkOf(connection.remoteAddress ?? "");
    if (this.#underWay.size >= most) return full(`${most} handshakes are under way`);
    const ofOne = [...this.#underWay.values()].filter((other) => other.host === host);
    if (ofOne.length >= mostOfOne) return full(`${mostOfOne} handshakes of its address are under way`);
    const name = addressOf(connection);
    this.#underWay.set(name, { connection, host, cas });
    connection.once("close", () => {
      if (this.#underWay.get(name)?.connection === connection) this.#underWay.delete(name);
    });
    return undefined;
  }

  /** Its handshake is over; gives the CAs it began with, undefined where it has closed meanwhile. */
  end(connection: Pick<Socket, "remoteAddress" | "remotePort">): string | undefined {
    const name = addressOf(connection);
    const cas = this.#underWay.get(name)?.cas;
    this.#underWay.delete(name);
    return cas;
  }

  endAll(): void {
    for (const { connection } of this.#underWay.values()) connection.destroy();
  }
}
