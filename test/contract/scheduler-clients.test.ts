// The examples that a scheduler's author starts from do what their page says, against a vgpud on a simulated host.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../e2e/harness/until.ts";
import { World } from "../e2e/harness/world.ts";
import { ClientProcess } from "./scheduler-clients/client-process.ts";
import { Python, whyNoPython } from "./scheduler-clients/python.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const GPU = "0000:00:02.0";
const [WHOLE, HALF, SMALL] = ["i915-GVTg_V5_1", "i915-GVTg_V5_2", "i915-GVTg_V5_8"] as const;
const EMPTY = "896 MiB low, 2688 MiB high, 28 fences, 7 instances free";
const typescript = fileURLToPath(import.meta.resolve("../../docs/clients/typescript/scheduler.js"));

/** Longer than any test: it ends when the test says so. */
const START_DELAY_MS = 600_000;

for (const language of ["Python", "TypeScript"] as const)
  describe(`the scheduler's client in ${language}`, () => {
    let world: World;
    let python: Python | undefined;
    before(async function () {
      if (language === "Python") {
        unlessImpossible(this, whyNoPython());
        python = await Python.prepare();
      }
      world = await World.start();
    });
    after(async () => {
      await python?.[Symbol.asyncDispose]();
      // Undefined when skipped.
      await (world as World | undefined)?.[Symbol.asyncDispose]();
    });

    function start(words: readonly string[], socket = world.socket): ClientProcess {
      const program = python?.command("docs/clients/python/scheduler.py") ?? [process.execPath, typescript];
      return new ClientProcess([...program, "--socket", socket, ...words], python?.env);
    }

    async function run(words: readonly string[], socket = world.socket) {
      await using client = start(words, socket);
      const code = await client.ended;
      assert.equal(client.errors, "");
      return { code, lines: client.lines };
    }

    /** The words that ask for a domain with a disk of its own. */
    async function wanted(name: string, type: string = SMALL): Promise<readonly string[]> {
      const disk = path.join(world.images, `${name}.img`);
      await writeFile(disk, "");
      return [`claim-${name}`, name, type, disk];
    }

    it("shows by the socket for reading what each GPU has room for", async () => {
      const { code, lines } = await run(["room"], world.readSocket);
      assert.deepEqual(lines, [
        `gpu ${GPU}: ${EMPTY}`,
        ...[`  ${SMALL}: 7 more`, "  i915-GVTg_V5_4: 5 more", `  ${HALF}: 2 more`, `  ${WHOLE}: 1 more`],
      ]);
      assert.equal(code, 0);
    });

    it("shows where a domain would go, and makes none", async () => {
      const { code, lines } = await run(["check", ...(await wanted("dry"))]);
      assert.deepEqual(lines, [`vgpu ${SMALL} on ${GPU}: fits`, `  ${GPU} taken: ${EMPTY}`]);
      assert.equal(code, 0);
      assert.deepEqual(await world.domains(), []);
    });

    it("makes a domain, gets the same one when it asks again, and destroys it as often as it likes", async () => {
      const words = ["create", ...(await wanted("twice"))];
      const first = await run(words);
      const { uuid, operation } = await world.named("twice");
      assert.deepEqual([first.code, first.lines.at(-1)], [0, `domain ${uuid} twice by ${operation}`]);
      assert.deepEqual(await run(words), first);
      assert.equal((await world.truth()).mdevs.length, 1);
      const [gone, again, never] = await Promise.all(
        ["twice", "twice", "never"].map((name) => run(["destroy", `claim-${name}`])),
      );
      assert.deepEqual(gone, { code: 0, lines: ["gone"] });
      assert.deepEqual(again, gone);
      assert.deepEqual(never, { code: 0, lines: ["there is none"] });
      assert.deepEqual((await world.truth()).mdevs, []);
    });

    it("tells no room with what is free, and what this host forbids, apart", async () => {
      const large = await wanted("large", WHOLE);
      await run(["create", ...large]);
      const larger = await wanted("larger", WHOLE);
      const [full, shared] = await Promise.all([
        run(["create", ...larger]),
        run(["create", "claim-shared", "shared", SMALL, large.at(-1) ?? ""]),
      ]);
      assert.equal(full.lines[0], "refused RESOURCE_EXHAUSTED APERTURE_EXHAUSTED");
      assert.deepEqual(full.lines.slice(2), [
        `  gpus=${GPU}`,
        `  ${GPU} APERTURE_EXHAUSTED: 384 MiB low, 640 MiB high, 24 fences, 6 instances free`,
        "next: no room: ask another host, or for less",
      ]);
      assert.deepEqual(
        [shared.lines[0], shared.lines.at(-1)],
        [
          "refused FAILED_PRECONDITION DISK_IN_USE",
          "next: not on this host as it is: ask another one, or change what the message names",
        ],
      );
      assert.deepEqual([full.code, shared.code], [1, 1]);
      await world.destroy("large");
    });

    it("tells a claim id that stands for another request from one that has ended", async () => {
      const [claimId = "", name = "", , disk = ""] = await wanted("reused");
      await run(["create", claimId, name, SMALL, disk]);
      const { uuid } = await world.named("reused");
      const reused = await run(["create", claimId, name, HALF, disk]);
      assert.deepEqual(reused.lines, [
        "refused ALREADY_EXISTS CLAIM_REUSED",
        "  claim id claim-reused stands for another request, by which domain reused was made",
        ...["  claim_id=claim-reused", `  domain_uuid=${uuid}`],
        "next: this claim id stands for another request: look at its domain, or take a claim id of your own",
      ]);
      await world.destroy("reused");
      const ended = await run(["create", claimId, name, SMALL, disk]);
      assert.deepEqual(
        [ended.lines[0], ended.lines.at(-1)],
        ["refused ALREADY_EXISTS CLAIM_ENDED", "next: this claim id has had its domain: take a new one"],
      );
      assert.deepEqual([reused.code, ended.code], [1, 1]);
    });

    it("names every field at fault", async () => {
      const sizes = ["--vcpus", "0", "--memory-mib", "1"];
      const { code, lines } = await run(["create", ...sizes, "claim-bad", "bad", SMALL, "bad.img"]);
      assert.equal(lines[0], "refused INVALID_ARGUMENT FIELD_INVALID");
      assert.deepEqual(
        lines.flatMap((line) => /^ {2}field (\S+): \S/.exec(line)?.[1] ?? []),
        ["domain.vcpus", "domain.memory_mib", "domain.disks[0].path"],
      );
      assert.equal(code, 1);
    });

    it("ends with 2, and asks nothing, when there are too few words or too many", async () => {
      for (const words of [[], ["make"], ["room", "all"], ["create", "claim-x", "x", SMALL], ["destroy"]]) {
        await using client = start(words, "/nonexistent/vgpud.sock");
        assert.deepEqual([await client.ended, client.lines], [2, []], words.join(" "));
        assert.match(client.errors, /usage: /);
      }
    });

    it("is sent to the other socket when it would change something by the one for reading", async () => {
      const { code, lines } = await run(["check", ...(await wanted("reader"))], world.readSocket);
      assert.equal(lines[0], "refused PERMISSION_DENIED SOCKET_READ_ONLY");
      assert.ok(lines.includes(`  admin_socket=${world.socket}`));
      assert.equal(code, 1);
    });

    it("tries again as long after as vgpud says while libvirt is away", async () => {
      await world.setFaults({ kind: "LIBVIRT_GONE" });
      await using client = start(["create", ...(await wanted("patient"))]);
      await client.says("LIBVIRT_UNAVAILABLE: once more in 2 s");
      await world.clearFaults();
      assert.equal(await client.ended, 0);
      assert.equal(client.lines.at(-1)?.split(" ")[1], (await world.named("patient")).uuid);
      await world.destroy("patient");
    });

    it("follows the operation of a create that outlived its deadline to the domain of its claim id", async () => {
      await world.setFaults({ kind: "DOMAIN_STARTS_LATE", delay_ms: START_DELAY_MS });
      await using client = start(["--deadline", "0.5", "create", ...(await wanted("slow"))]);
      const { operation, uuid } = await until("the create is accepted", () =>
        world.claimed("slow").catch(() => undefined),
      );
      await client.says("no answer within 0.5 s");
      await client.says(`${operation} OPERATION_STATE_RUNNING`);
      await world.host.control({ command: "advance", ms: START_DELAY_MS });
      await world.clearFaults();
      assert.equal(await client.ended, 0);
      assert.ok(client.lines.includes(`${operation} OPERATION_STATE_SUCCEEDED`));
      assert.equal(client.lines.at(-1), `domain ${uuid} slow by ${operation}`);
      assert.equal((await world.truth()).mdevs.length, 1);
      await world.destroy("slow");
    });
  });
