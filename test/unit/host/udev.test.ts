import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { monitorAt, udevadm, watchUdev, type Uevent } from "../../../agent/host/udev.ts";
import { FakeClock } from "../../fakes/clock.ts";

describe("the watch on udev", () => {
  let dir: string;
  const searched = process.env["PATH"];
  before(async () => {
    dir = await mkdtemp(path.join(tmpdir(), "udev-"));
    // As udevadm(8) prints: two lines that explain, then one for each event.
    const script = [
      "#!/bin/sh",
      "echo 'monitor will print the received events for:'",
      "echo 'UDEV - the event which udev sends out after rule processing'",
      "echo 'UDEV  [12.34] add      /devices/pci0000:00/0000:00:02.0/x (mdev)'",
      "echo 'UDEV  [12.35] remove   /devices/pci0000:00/0000:00:02.0/x (mdev)'",
    ];
    await writeFile(path.join(dir, "udevadm"), `${script.join("\n")}\n`);
    await chmod(path.join(dir, "udevadm"), 0o755);
    process.env["PATH"] = `${dir}:${searched ?? ""}`;
  });
  after(async () => {
    process.env["PATH"] = searched;
    await rm(dir, { recursive: true });
  });

  it("counts events and not what explains them, and tells when it is over", async () => {
    const stop = new AbortController();
    const events: Uevent[] = [];
    let lost = "";
    await new Promise<void>((resolve) => {
      // The end of the process may be told before its last lines.
      const over = (): void => {
        if (lost !== "" && events.length >= 2) resolve();
      };
      const onLost = (why: string): void => {
        stop.abort();
        lost = why;
        over();
      };
      const onEvent = (event: Uevent): void => {
        events.push(event);
        over();
      };
      void watchUdev({ monitor: udevadm, onEvent, onLost, clock: new FakeClock() }, stop.signal);
    });
    assert.match(lost, /exit code 0/);
    assert.deepEqual(events, [
      { subsystem: "mdev", action: "add" },
      { subsystem: "mdev", action: "remove" },
    ]);
  });

  it("leaves nothing on the signal of whoever stops it, however often it cannot begin", async () => {
    const stop = new AbortController();
    for (let tries = 0; tries < 3; tries += 1)
      assert.match(await monitorAt(path.join(dir, "nobody.sock"))(() => undefined, stop.signal), /ENOENT/);
    process.env["PATH"] = "/nowhere";
    for (let tries = 0; tries < 3; tries += 1)
      assert.match(await udevadm(() => undefined, stop.signal), /ENOENT/);
    process.env["PATH"] = `${dir}:${searched ?? ""}`;
    assert.deepEqual(getEventListeners(stop.signal, "abort"), []);
  });
});
