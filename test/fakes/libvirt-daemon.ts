// Daemons on a UNIX socket for tests: one that serves a table of handlers, one that sends whatever bytes it is told.
import { mkdtemp, rm } from "node:fs/promises";
import { type Socket, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  Framing,
  type MessageHeader,
  decodeHeader,
  encodeMessage,
} from "../../agent/node-libvirt/message.ts";
import { REMOTE_PROGRAM, procedures } from "../../agent/node-libvirt/remote.gen.ts";
import { type Handlers, LibvirtServer } from "../../agent/node-libvirt/server.ts";
import { XdrDecoder, type XdrEncoder } from "../../agent/node-libvirt/xdr.ts";

export interface ServedDaemon extends AsyncDisposable {
  readonly socket: string;
  readonly server: LibvirtServer;
}

/** A daemon that is right: our own server half. */
export async function servedDaemon(handlers: Handlers): Promise<ServedDaemon> {
  const folder = await mkdtemp(join(tmpdir(), "lv-"));
  const socket = join(folder, "sock");
  const server = new LibvirtServer({ handlers });
  await server.listen(socket);
  return {
    socket,
    server,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** What a scripted daemon does with a call; undefined leaves it unanswered. */
export type Script = (header: MessageHeader, socket: Socket) => Buffer | undefined;

export interface ScriptedDaemon extends AsyncDisposable {
  readonly socket: string;
}

/** The bytes of a right reply to that call. */
export function reply(header: MessageHeader, body?: (encoder: XdrEncoder) => void): Buffer {
  return encodeMessage({ ...header, type: 1, status: 0 }, body);
}

/** Answers a client's first questions as a daemon without authentication does; undefined for any later call, and for pings. */
export function handshake(header: MessageHeader): Buffer | undefined {
  if (header.program !== REMOTE_PROGRAM) return undefined;
  switch (header.procedure) {
    case procedures.authList.number:
      return reply(header, (e) => {
        procedures.authList.ret.encode(e, { types: [0] });
      });
    case procedures.connectSupportsFeature.number:
      return reply(header, (e) => {
        procedures.connectSupportsFeature.ret.encode(e, { supported: 1 });
      });
    case procedures.connectOpen.number:
    case procedures.connectClose.number:
      return reply(header);
    default:
      return undefined;
  }
}

/** A daemon that may be wrong: every message it gets is answered by `script`. */
export async function scriptedDaemon(script: Script): Promise<ScriptedDaemon> {
  const folder = await mkdtemp(join(tmpdir(), "lv-"));
  const path = join(folder, "sock");
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const framing = new Framing();
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      for (const message of framing.push(chunk)) {
        const answer = script(decodeHeader(new XdrDecoder(message)), socket);
        if (answer) socket.write(answer);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen({ path }, resolve));
  return {
    socket: path,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}
