// A connection of a test, and how one that was lost is told.
import assert from "node:assert/strict";
import { Connection, type ConnectionOptions } from "../../../agent/node-libvirt/connection.ts";
import { ConnectionLostError } from "../../../agent/node-libvirt/errors.ts";

export const open = (socket: string, options: Partial<ConnectionOptions> = {}): Promise<Connection> =>
  Connection.open({ socket, uri: "test:///default", keepAlive: false, ...options });

export const lost = (reason: string, outcome: string) => (error: unknown) => {
  assert.ok(error instanceof ConnectionLostError, String(error));
  assert.deepEqual([error.reason, error.outcome], [reason, outcome]);
  return true;
};
