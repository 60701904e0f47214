// Messages to systemd, through a program that writes down what it was told.
import assert from "node:assert/strict";
import { Messenger } from "../../../agent/host/systemd/messages.ts";
import { FakeSystemdNotify } from "../../fakes/systemd-notify.ts";

describe("the messages to systemd", () => {
  let notify: FakeSystemdNotify;
  let errors: string[];
  let messenger: Messenger;
  const connect = (program: string): Messenger =>
    new Messenger({ socket: notify.socket, program, onError: (why) => errors.push(why) });
  beforeEach(async () => {
    notify = await FakeSystemdNotify.install();
    errors = [];
    messenger = connect(notify.program);
  });
  afterEach(async () => {
    await notify[Symbol.asyncDispose]();
  });

  it("arrive in order, each change of state by itself, what lies between them together", async () => {
    messenger.send({ READY: "1", STATUS: "1 GPU" });
    messenger.send({ STATUS: "old" });
    messenger.send({ WATCHDOG: "1" });
    messenger.send({ STATUS: "2 GPUs" });
    messenger.send({ RELOADING: "1", MONOTONIC_USEC: "5" });
    messenger.send({ READY: "1" });
    await messenger.flushed();
    assert.deepEqual(await notify.messages(), [
      ["READY=1", "STATUS=1 GPU"],
      ["STATUS=2 GPUs", "WATCHDOG=1"],
      ["RELOADING=1", "MONOTONIC_USEC=5"],
      ["READY=1"],
    ]);
  });

  it("go to the socket that systemd named, and take no other variable along", async () => {
    messenger.send({ READY: "1" });
    await messenger.flushed();
    assert.deepEqual(await notify.environment(), ["NOTIFY_SOCKET", "PATH"]);
  });

  it("keep to one line each", async () => {
    messenger.send({ STATUS: "first\nREADY=1" });
    await messenger.flushed();
    assert.deepEqual(await notify.messages(), [["STATUS=first READY=1"]]);
  });

  it("are missed in silence when nobody listens", async () => {
    const deaf = new Messenger({ socket: undefined, onError: (why) => errors.push(why) });
    deaf.send({ READY: "1" });
    await deaf.flushed();
    assert.deepEqual([deaf.heard, errors], [false, []]);
  });

  it("complain once when they cannot be sent", async () => {
    const broken = connect("/nonexistent/systemd-notify");
    broken.send({ READY: "1" });
    broken.send({ STOPPING: "1" });
    await broken.flushed();
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? "", /ENOENT/);
  });
});
