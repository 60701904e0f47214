import assert from "node:assert/strict";
import { takeSystemdEnvironment } from "../../../agent/host/systemd/environment.ts";

const PID = 4711;
const take = (env: NodeJS.ProcessEnv): ReturnType<typeof takeSystemdEnvironment> =>
  takeSystemdEnvironment(env, PID);

describe("what systemd tells by environment variables", () => {
  it("is nothing where nobody says anything", () => {
    assert.deepEqual(take({ PATH: "/bin" }), {
      sockets: [],
      notifySocket: undefined,
      watchdogMs: undefined,
    });
  });

  it("names the sockets from descriptor 3 on", () => {
    const env = { LISTEN_PID: "4711", LISTEN_FDS: "3", LISTEN_FDNAMES: "read:admin" };
    assert.deepEqual(take(env).sockets, [
      { fd: 3, name: "read" },
      { fd: 4, name: "admin" },
      { fd: 5, name: "unknown" },
    ]);
  });

  it("is not for us when it names another process", () => {
    const env = { LISTEN_PID: "1", LISTEN_FDS: "2", WATCHDOG_PID: "1", WATCHDOG_USEC: "1000" };
    const { sockets, watchdogMs } = take(env);
    assert.deepEqual([sockets, watchdogMs], [[], undefined]);
  });

  it("gives the watchdog's period in milliseconds, with or without a process named", () => {
    assert.equal(take({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "4711" }).watchdogMs, 30_000);
    assert.equal(take({ WATCHDOG_USEC: "500000" }).watchdogMs, 500);
    for (const nonsense of ["", "0", "-1", "soon", "1e6"])
      assert.equal(take({ WATCHDOG_USEC: nonsense }).watchdogMs, undefined, nonsense);
  });

  it("is taken away from the environment, so that no child believes that it is meant", () => {
    const env = { PATH: "/bin", LISTEN_PID: "1", LISTEN_FDS: "1", LISTEN_FDNAMES: "x", NOTIFY_SOCKET: "@a" };
    assert.equal(take(env).notifySocket, "@a");
    assert.deepEqual(env, { PATH: "/bin" });
  });
});
