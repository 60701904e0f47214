// libvirt's keepalive: pings in both directions that tell a slow daemon from a dead one (src/rpc/virkeepalive.c).
import { type MessageHeader, MessageType, encodeMessage } from "./message.ts";

export const KEEPALIVE_PROGRAM = 0x6b656570;
const VERSION = 1;
const PING = 1;
const PONG = 2;

export interface KeepAliveOptions {
  /** Milliseconds of silence after which a ping is sent. libvirt's default is 5000. */
  readonly intervalMs: number;
  /** Pings without any answer after which the peer counts as dead. libvirt's default is 5. */
  readonly count: number;
}

const heartbeat = (procedure: number): Buffer => {
  const header = {
    program: KEEPALIVE_PROGRAM,
    version: VERSION,
    type: MessageType.event,
    serial: 0,
    status: 0,
  };
  return encodeMessage({ ...header, procedure });
};

export const pingMessage = (): Buffer => heartbeat(PING);

/** The answer that a keepalive message asks for; undefined when it asks for none. */
export function keepAliveAnswer(header: MessageHeader): Buffer | undefined {
  return header.version === VERSION && header.procedure === PING ? heartbeat(PONG) : undefined;
}

/** Pings a silent peer and reports it dead; anything received, not only a pong, shows that it lives. */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  readonly #timer: NodeJS.Timeout;
  #heard = true;
  #unanswered = 0;

  constructor(options: KeepAliveOptions, actions: { ping: () => void; dead: () => void }) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.#tick(actions);
    }, options.intervalMs);
    // What keeps the process alive is the socket, not its heartbeat.
    this.#timer.unref();
  }

  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick({ ping, dead }: { ping: () => void; dead: () => void }): void {
    if (this.#heard) {
      this.#heard = false;
      this.#unanswered = 0;
      return;
    }
    if (this.#unanswered >= this.#options.count) {
      this.stop();
      dead();
      return;
    }
    this.#unanswered += 1;
    ping();
  }
}
