// Daemons of others that tests start end with the test, and what is missing for them is told.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { processesThat } from "../../fakes/processes.ts";
import { StartedProcess } from "../../fakes/process.ts";
import { Daemon, demand } from "../../schedulers/daemon.ts";
import { until } from "../harness/until.ts";

const daemonModule = fileURLToPath(import.meta.resolve("../../schedulers/daemon.js"));

describe("a daemon of others", () => {
  it("is ended with the process that started it, even when that is killed", async () => {
    // Ours alone: nobody else sleeps exactly so long.
    const words = ["sleep", `1000000.${process.pid}`];
    const script = `import { Daemon } from ${JSON.stringify(daemonModule)};
      new Daemon(${JSON.stringify(words)});
      console.log("ready");`;
    const starter = await StartedProcess.start([process.execPath, "--input-type=module", "--eval", script]);
    const sleeping = () => processesThat((seen) => seen[0] === words[0] && seen[1] === words[1]);
    await until("it runs", async () => (await sleeping()).length === 1);
    await starter.end("SIGKILL");
    await until("it is gone", async () => (await sleeping()).length === 0);
  });

  it("tells what it wrote when it ends before it answers", async () => {
    await using daemon = new Daemon(["sh", "-c", "echo no such table >&2; exit 3"]);
    const answer = daemon.answers(() => Promise.resolve(false as const));
    await assert.rejects(answer, { message: "sh ended with 3:\nno such table\n" });
  });

  it("is told to be missing with the package that has it", () => {
    const missing = { program: "/nowhere/placement-api", package: "python3-placement" };
    assert.throws(
      () => {
        demand({ program: process.execPath, package: "nodejs" }, missing);
      },
      {
        message:
          "not installed: /nowhere/placement-api (package python3-placement); run scripts/install-test-packages as root",
      },
    );
  });
});
