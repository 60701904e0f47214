// Tells the events of the simulated kernel to whoever connects, in the lines that `udevadm monitor` prints.
import net from "node:net";
import { listenOn } from "../hostd/protocol/listen.ts";
import type { SimulatedClock } from "./clock.ts";
import type { Entries } from "./entries.ts";
import { ueventsBetween, type Uevent } from "./uevents.ts";

const MAX_UNREAD_BYTES = 1_048_576;

export class UeventFeed implements AsyncDisposable {
  readonly #clock: SimulatedClock;
  readonly #server: net.Server;
  readonly #listeners = new Set<net.Socket>();
  /** What was there when the host booted is no event. */
  #shown: Entries | undefined;

  private constructor(clock: SimulatedClock) {
    this.#clock = clock;
    this.#server = net.createServer((socket) => {
      this.#listeners.add(socket);
      socket.once("close", () => this.#listeners.delete(socket)).on("error", () => undefined);
      socket.resume();
    });
  }

  static async serve(socketPath: string, clock: SimulatedClock): Promise<UeventFeed> {
    const feed = new UeventFeed(clock);
    await listenOn(feed.#server, { path: socketPath });
    return feed;
  }

  /** The tree has become this. */
  show(tree: Entries): void {
    const events = this.#shown === undefined ? [] : ueventsBetween(this.#shown, tree);
    this.#shown = tree;
    const text = events.map((event) => this.#line(event)).join("");
    if (text === "") return;
    for (const socket of this.#listeners) {
      socket.write(text);
      // One that does not read would keep all of it here; it may connect again, as after a loss of udev's own queue.
      if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#listeners) socket.destroy();
    await closed;
  }

  #line({ action, device, subsystem }: Uevent): string {
    const seconds = (this.#clock.now() / 1000).toFixed(6);
    return `UDEV  [${seconds}] ${action.padEnd(8)} ${device} (${subsystem})\n`;
  }
}
