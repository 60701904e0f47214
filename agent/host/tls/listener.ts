// The TLS listener: opens the port, judges each connection's certificate, and hands over those that have a role.
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import tls, { type TLSSocket } from "node:tls";
import { AgentError, messageOf } from "../../core/errors.ts";
import { urisOf } from "./alternative-names.ts";
import {
  CERTIFICATE_UNREADABLE,
  full,
  handshakeFault,
  NO_CERTIFICATE,
  NO_HTTP2,
  NO_ROLE,
  OTHER_CAS,
  unauthorized,
  type Fault,
  type Refusal,
} from "./refusal.ts";
import { Handshakes, type HandshakeLimits } from "./handshakes.ts";
import type { Material } from "./material.ts";
import { addressOf, chainOf, peerOf, presentedBy, underneath, type Peer } from "./peer.ts";
import { revokedBy } from "./revocation-list.ts";

/** What the certificate of a connection lets it do. */
interface Admission<Role> {
  readonly role: Role;
  /** The one of its URIs by which it has the role. */
  readonly uri: string;
}

export interface TlsListenerOptions<Role extends string> {
  /** An IP address, or `localhost`. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly material: Material;
  /** Asked again of each standing connection by `judgeAgain`. Undefined: none of the URIs has a role. */
  readonly admit: (uris: readonly string[]) => Admission<Role> | undefined;
  /** How many connections of a role are open at a time. */
  readonly connectionsOf: (role: Role) => number;
  readonly handshakes: HandshakeLimits;
  /** Milliseconds since the epoch, for certificates that end while they are used. */
  readonly wall: () => number;
  readonly onConnection: (connection: TLSSocket, admission: Admission<Role>, peer: Peer) => void;
  readonly onRefusal: (refusal: Refusal) => void;
}

interface Standing<Role> {
  readonly peer: Peer;
  readonly admission: Admission<Role>;
}

export class TlsListener<Role extends string> implements AsyncDisposable {
  readonly #options: TlsListenerOptions<Role>;
  readonly #server: net.Server;
  readonly #tls: tls.Server;
  readonly #handshakes: Handshakes;
  readonly #standing = new Map<TLSSocket, Standing<Role>>();
  #material: Material;

  private constructor(options: TlsListenerOptions<Role>) {
    this.#options = options;
    this.#material = options.material;
    this.#handshakes = new Handshakes(options.handshakes);
    this.#tls = tls.createServer({
      ...options.material.context,
      requestCert: true,
      // Judged here, before a byte is taken or sent: Node.js would drop the connection as well, and the reason with it.
      rejectUnauthorized: false,
      ALPNProtocols: ["h2"],
      handshakeTimeout: options.handshakes.ms,
    });
    this.#tls.on("secureConnection", (connection) => {
      this.#judge(connection);
    });
    this.#tls.on("tlsClientError", (error, connection) => {
      this.#failed(error, connection);
    });
    this.#server = net.createServer({ noDelay: true }, (connection) => {
      this.#begin(connection);
    });
  }

  /** Resolves when the port is open. Rejects with KERNEL_REFUSED when it cannot be. */
  static async open<Role extends string>(options: TlsListenerOptions<Role>): Promise<TlsListener<Role>> {
    const { host, port } = options;
    const listener = new TlsListener(options);
    try {
      listener.#server.listen({ host, port });
      await once(listener.#server, "listening");
    } catch (error) {
      throw new AgentError(
        "KERNEL_REFUSED",
        `cannot listen for TLS on ${host} port ${port}: ${messageOf(error)}; set tls.listen to another address or port`,
        { details: { host, port }, cause: error },
      );
    }
    return listener;
  }

  /** `192.0.2.1:9470`, with the port that was taken. */
  get at(): string {
    const bound = this.#server.address();
    if (bound === null || typeof bound === "string")
      throw new TypeError(`not a TCP address: ${String(bound)}`);
    return addressOf({ remoteAddress: bound.address, remotePort: bound.port });
  }

  /** Takes no more connections. */
  stopListening(): void {
    this.#server.close();
  }

  /** From now on these files hold: for new connections at once, for standing ones as far as they must end. */
  renew(material: Material): void {
    const sameCas = material.clientCa === this.#material.clientCa;
    this.#material = material;
    this.#tls.setSecureContext(material.context);
    // Whether another set of CAs would have let a connection in only a handshake tells.
    if (!sameCas) this.#endAll(OTHER_CAS);
    this.judgeAgain();
  }

  /** Ends each connection whose certificate has lost its rights since, or whose role is another. */
  judgeAgain(): void {
    for (const [connection, standing] of this.#standing) {
      const fault = this.#faultSince(standing);
      if (fault) this.#end(connection, standing, { ...fault, kind: "ended" });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, "close") : Promise.resolve();
    this.#server.close();
    for (const connection of this.#standing.keys()) connection.destroy();
    this.#handshakes.endAll();
    await closed;
  }

  #begin(connection: net.Socket): void {
    const full = this.#handshakes.begin(connection, this.#material.clientCa);
    if (full === undefined) {
      this.#tls.emit("connection", connection);
      return;
    }
    this.#options.onRefusal({ address: addressOf(connection), ...full, certificate: undefined });
    connection.destroy();
  }

  /** Also when the handshake took too long, which Node.js tells and leaves at that. */
  #failed(error: Error, connection: TLSSocket): void {
    const address = addressOf(underneath(connection));
    connection.destroy();
    this.#options.onRefusal({ address, ...handshakeFault(error), certificate: undefined });
  }

  #judge(connection: TLSSocket): void {
    // A connection that breaks ends by itself; unheard, its error would end vgpud.
    connection.on("error", () => undefined);
    const begun = underneath(connection);
    const cas = this.#handshakes.end(begun);
    const address = addressOf(begun);
    const judged = this.#judged(connection, address, cas);
    if ("check" in judged) {
      // Asked before the end: then it is gone.
      const certificate = presentedBy(connection);
      connection.destroy();
      this.#options.onRefusal({ address, ...judged, certificate });
      return;
    }
    this.#standing.set(connection, judged);
    connection.once("close", () => {
      this.#standing.delete(connection);
    });
    this.#options.onConnection(connection, judged.admission, judged.peer);
  }

  #judged(connection: TLSSocket, address: string, cas: string | undefined): Standing<Role> | Fault {
    try {
      const standing = this.#standingOf(connection, address, cas);
      // OpenSSL judged by the files that held when the connection began, however long ago its handshake was put off.
      return "check" in standing ? standing : (this.#faultSince(standing) ?? standing);
    } catch {
      // Certificates are made by others: unheard, what one of them causes would end vgpud.
      return CERTIFICATE_UNREADABLE;
    }
  }

  /** Reads the certificate itself last: by then it is known to be from a CA of the host's. */
  #standingOf(connection: TLSSocket, address: string, cas: string | undefined): Standing<Role> | Fault {
    const chain = chainOf(connection);
    const [leaf] = chain;
    if (!leaf) return NO_CERTIFICATE;
    if (cas !== this.#material.clientCa) return { ...OTHER_CAS, kind: "certificate" };
    if (!connection.authorized) return unauthorized(String(connection.authorizationError));
    if (connection.alpnProtocol !== "h2") return NO_HTTP2;
    const certificate = new X509Certificate(leaf.raw);
    const admission = this.#options.admit(urisOf(certificate.subjectAltName));
    if (!admission) return NO_ROLE;
    const most = this.#options.connectionsOf(admission.role);
    const open = [...this.#standing.values()].filter(({ admission: { role } }) => role === admission.role);
    if (open.length >= most) return full(`${most} connections of role ${admission.role} are open`);
    return { peer: peerOf(certificate, chain, address), admission };
  }

  #faultSince({ peer, admission }: Standing<Role>): Fault | undefined {
    if (revokedBy(this.#material.revocationLists, peer.chain)) return unauthorized("CERT_REVOKED");
    if (this.#options.wall() >= peer.expiresAt) return unauthorized("CERT_HAS_EXPIRED");
    const now = this.#options.admit(peer.uris);
    if (!now) return NO_ROLE;
    if (now.role === admission.role) return undefined;
    return { kind: "ended", check: "OTHER_ROLE", why: `its role is ${now.role} now; it may connect again` };
  }

  #endAll(fault: Fault): void {
    for (const [connection, standing] of this.#standing) this.#end(connection, standing, fault);
  }

  #end(connection: TLSSocket, { peer }: Standing<Role>, fault: Fault): void {
    this.#standing.delete(connection);
    const { address, subject, issuer, serial, uris } = peer;
    connection.destroy();
    this.#options.onRefusal({ address, ...fault, certificate: { subject, issuer, serial, uris } });
  }
}
