// An attribute of one GPU, in a real file system, that is not answered: as a driver's that waits for a lock which nobody gives
// back. That GPU offers nothing, everything else goes on, and all is well again when the driver is.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { realpath } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { exitCodes } from "../../agent/cli/errors/exit-codes.ts";
import { ConditionStatus, Severity } from "../../proto/gen/vgpud/v1/condition.ts";
import type { Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import { DiagnoseRequest, HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import { AgentProcess } from "../e2e/harness/agent-process.ts";
import { GPU, SECOND_GPU, type, type Draft } from "../e2e/harness/requests.ts";
import { refusal } from "../e2e/harness/rpc.ts";
import { until } from "../e2e/harness/until.ts";
import { World } from "../e2e/harness/world.ts";
import { slowCopy, unmount, whyNoDisks, type FaultyDisk } from "./faulty-disks.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const run = promisify(execFile);
const TWO_GPUS = `gpus: [{ address: "${GPU}" }, { address: "${SECOND_GPU}" }]`;
const HANGS_S = 3600;

describe("a kernel that does not answer", () => {
  before(async function () {
    unlessImpossible(this, await whyNoDisks());
  });

  let disk: FaultyDisk;
  let world: World;
  /** The folder whose files hang, with the disk mounted on it. */
  let folder: string;
  const hanging = (below: string): void => {
    before(async () => {
      world = await World.start(TWO_GPUS);
      folder = await realpath(path.join(world.host.root, below));
      disk = await slowCopy(HANGS_S, folder);
      // First: what is read once is not read again.
      await disk.break();
      await run("mount", ["--bind", disk.at, folder]);
    });
    after(async () => {
      await disk.mend();
      try {
        await unmount(folder);
        await world[Symbol.asyncDispose]();
      } finally {
        await disk[Symbol.asyncDispose]();
      }
    });
  };

  describe("for a sensor of a GPU", () => {
    hanging(`sys/bus/pci/devices/${SECOND_GPU}/drm/card1/gt/gt0`);
    /** Whose figures a scrape has; a scrape that meets the hanging read has nobody's. */
    const measured = async (): Promise<readonly string[]> => {
      const found = (await world.scrape()).matchAll(
        /^vgpud_gpu_frequency_hertz\{pci_address="([^"]+)",.*kind="min"/gm,
      );
      return [...found].map(([, gpu = ""]) => gpu);
    };

    it("leaves out the figures of that GPU alone, and has them again by itself when the kernel answers", async () => {
      await until("the other GPU is measured", async () => (await measured()).join() === GPU);
      assert.match(await world.scrape(), /^vgpud_scrape_collector_success\{collector="gpu_sensors"\} 0$/m);
      await disk.mend();
      await until("both are", async () => (await measured()).join() === [GPU, SECOND_GPU].join());
    });
  });

  describe("for an attribute of a GPU", () => {
    hanging(`sys/class/mdev_bus/${SECOND_GPU}/mdev_supported_types/${type(8)}`);
    const room = (gpu: Gpu | undefined): number | undefined =>
      gpu?.types.find(({ name }) => name === type(8))?.allocatable;
    const rooms = async (): Promise<unknown> => {
      const gpus = await world.gpus();
      return [GPU, SECOND_GPU].map((address) => room(gpus.find((gpu) => gpu.pciAddress === address)));
    };
    const created = async (name: string): Promise<string | undefined> => {
      const ofType = ({ vgpu }: Draft): void => {
        vgpu.want = { $case: "type", value: type(8) };
      };
      return (await world.create(name, ofType)).decision?.gpu;
    };

    it("leaves that GPU without room, and creates go to the other, one after another", async () => {
      assert.deepEqual(await rooms(), [7, 7]);
      for (const name of ["first", "second"]) assert.equal(await created(name), GPU);
      assert.deepEqual(await rooms(), [5, 0]);
    });

    it("is a condition of that GPU, and the reason why nothing is made there", async () => {
      const { conditions } = await world.rpc.call(Hosts.diagnose, DiagnoseRequest.fromPartial({}));
      const failed = conditions.filter(
        ({ gpu, status, severity }) =>
          gpu === SECOND_GPU && status === ConditionStatus.FAIL && severity === Severity.ERROR,
      );
      assert.ok(failed.some(({ reason }) => reason === "VGPU_COUNT_UNREADABLE"));
      assert.ok(failed.every(({ reason }) => reason !== "CAPACITY_DISAGREES"));
      const there = world.create("there", ({ vgpu }) => {
        vgpu.want = { $case: "type", value: type(8) };
        vgpu.gpu = SECOND_GPU;
      });
      assert.equal((await refusal(there)).reason, "VGPU_COUNT_UNREADABLE");
    });

    it("is named, with what is not asked for meanwhile", async () => {
      assert.match(await world.scrape(), /^vgpud_inventory_unread_files [1-9]/m);
      await world.agent.logged(/available_instances","why":"the kernel does not answer; dmesg/);
      const lines = world.agent.log
        .split("\n")
        .filter((line) => line.includes("a fact of the kernel is unknown"));
      // Of the look and of the sensors: what is not answered, and that the rest is not asked for.
      assert.ok(lines.length <= 4, `${lines.length} lines`);
    });

    it("keeps vgpuctl doctor on this machine neither from saying so nor from ending as it found", async () => {
      // In a mount namespace of its own the simulated host's /sys is the machine's.
      const here = 'mount --rbind "$1" /sys && shift && exec "$@"';
      const doctor = [process.execPath, "dist/agent/cli/main.js", "doctor", "--host-root", "/"];
      const sys = path.join(world.host.root, "sys");
      const ran = run("unshare", ["--mount", "sh", "-c", here, "sh", sys, ...doctor, "--gpu", SECOND_GPU]);
      const { code, stdout } = await ran.then(
        ({ stdout }) => ({ code: 0, stdout }),
        (error: unknown) => error as { code: number; stdout: string },
      );
      assert.match(
        stdout,
        /^UNKNOWN +VGPU_COUNT_UNREADABLE +0000:03:00\.0\n.*the kernel does not answer; dmesg/m,
      );
      assert.ok(code === exitCodes.ok || code === exitCodes.unfit, `${code}: as the machine otherwise is`);
    });

    it("takes no thread from the ledger, nor from what is destroyed", async () => {
      await world.destroy("first", { gracePeriod: { seconds: 0n, nanos: 0 } });
      assert.equal((await world.claimed("second")).name, "second");
      assert.deepEqual(await rooms(), [6, 0]);
    });

    it("keeps the agent neither from stopping, also before it is given up, nor from starting", async () => {
      await world.agent.end();
      const starting = new AgentProcess(world.words);
      await starting.logged(/libvirt answers/);
      await starting.end();
      await world.startAgain();
      assert.deepEqual(await rooms(), [6, 0]);
    });

    it("is read again by itself when the kernel answers", async () => {
      await disk.mend();
      await until("the GPU has room again", async () => room((await world.gpus())[1]) === 7);
      assert.match(await world.scrape(), /^vgpud_inventory_unread_files 0$/m);
    });
  });
});
