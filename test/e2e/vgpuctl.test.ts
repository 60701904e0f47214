// vgpuctl with the example files of the documentation, against the simulated daemon.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { DomainServiceService as Domains } from "../../proto/gen/vgpud/v1/domain_service.ts";
import { vgpuctl, type Ran } from "../unit/cli/vgpuctl.ts";
import { GPU } from "./harness/requests.ts";
import { until } from "./harness/until.ts";
import { World } from "./harness/world.ts";

const DOCS = new URL("../../../docs/", import.meta.url);
const IMAGES = "/var/lib/libvirt/images";

describe("vgpuctl", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start();
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  /** Runs it with a file whose images lie below the storage root of this world. */
  const withFile = (text: string, ...argv: readonly string[]): Promise<Ran> =>
    vgpuctl(world.socket, argv, {
      readText: () => Promise.resolve(text.replaceAll(IMAGES, world.images)),
      newUuid: randomUUID,
    });

  async function makeImages(text: string): Promise<void> {
    for (const [, name = ""] of text.matchAll(/path: \/var\/lib\/libvirt\/images\/(\S+)/g))
      await writeFile(path.join(world.images, name), "");
  }

  it("creates what the example files ask for, and again what it shows of it", async () => {
    const folder = new URL("examples/", DOCS);
    const files = (await readdir(folder)).filter((name) => name.endsWith(".yaml"));
    assert.ok(files.length >= 3);
    for (const file of files) {
      const text = await readFile(new URL(file, folder), "utf8");
      await makeImages(text);
      const made = await withFile(text, "create", "-f", file, "-o", "name");
      assert.equal(made.exitCode, 0, `${file}: ${made.stderr}`);
      const name = made.stdout.trim();
      const shown = await vgpuctl(world.socket, ["domains", name, "-o", "request"]);
      const before = await world.named(name);
      assert.equal((await vgpuctl(world.socket, ["destroy", name, "--now"])).exitCode, 0);
      const again = await withFile(shown.stdout, "create", "-f", "-");
      assert.equal(again.exitCode, 0, `${file}: ${again.stderr}`);
      const after = await world.named(name);
      assert.deepEqual({ ...after.spec, uuid: "" }, { ...before.spec, uuid: "" });
      assert.equal((await vgpuctl(world.socket, ["destroy", name, "--now"])).exitCode, 0);
    }
  });

  it("names the GPUs that are still drained when the host is drained no more", async () => {
    const run = (...argv: readonly string[]): Promise<Ran> => vgpuctl(world.socket, argv);
    assert.equal((await run("drain", GPU, "--note", "fan")).exitCode, 0);
    assert.equal((await run("drain", "--note", "kernel update")).exitCode, 0);
    assert.match((await run("gpus")).stdout, /gvt-g \(drained\)/);
    const undrained = await run("undrain");
    assert.match(
      undrained.stderr,
      new RegExp(`GPU ${GPU} is still drained \\(fan\\): vgpuctl --socket \\S+ undrain ${GPU}`),
    );
    assert.equal((await run("undrain", GPU)).exitCode, 0);
    await run("drain");
    assert.match((await run("gpus")).stdout, /gvt-g \(host drained\)/);
    assert.equal((await run("undrain")).stderr, "");
  });

  it("takes the address of a GPU as lspci shows it, without its domain", async () => {
    const short = GPU.replace("0000:", "");
    const reserved = ["reserve", "--mode", "gvt-g", "--claim-id", "short", "--ttl", "10m"];
    for (const argv of [
      ["gpus", short],
      ["drain", short],
      ["undrain", short],
      ["doctor", "--gpu", short],
      ["plan", "gvt-g", "--gpu", short, "--aperture", `${short}=512`],
      ["create-vgpu", "--mode", "gvt-g", "--gpu", short, "--dry-run"],
      [...reserved, "--gpu", short],
    ]) {
      const { stdout, stderr } = await vgpuctl(world.socket, argv);
      assert.ok(stdout.includes(GPU), `${argv.join(" ")}: ${stderr}`);
    }
    await vgpuctl(world.socket, ["release", "short"]);
    assert.equal((await vgpuctl(world.socket, ["gpus", short, "-o", "name"])).stdout, `${GPU}\n`);
  });

  it("is told what running domains use, and only where it asks for it", async () => {
    await world.create("desk-1");
    await world.create("desk-2");
    await world.stop("desk-2");
    const { domains } = await world.rpc.call(Domains.listDomains, {
      pageSize: 0,
      pageToken: "",
      withUsage: true,
    });
    const usages = new Map(domains.map(({ name, usage }) => [name, usage]));
    const usage = usages.get("desk-1");
    assert.ok(usage?.cpuTime && usage.sampleTime);
    assert.ok((usage.residentMib ?? 0n) > 0n);
    assert.equal(usages.get("desk-2"), undefined);
    assert.deepEqual(
      (await world.domains()).map((domain) => domain.usage),
      [undefined, undefined],
    );
  });

  it("goes on watching over a restart of vgpud, and says so", async () => {
    const notes: string[] = [];
    const written: string[] = [];
    const interrupt = new AbortController();
    const watching = vgpuctl(world.socket, ["domains", "-w", "--interval", "100ms", "-o", "json"], {
      signal: interrupt.signal,
      note: (line) => notes.push(line),
      write: (text) => written.push(text),
    });
    const told = (pattern: RegExp) => () => Promise.resolve(notes.some((note) => pattern.test(note)));
    await until("it has shown the list", () => Promise.resolve(written.length > 0));
    await world.kill();
    await until("it says that vgpud is away", told(/trying again every 100ms$/));
    await world.startAgain();
    await until("it says that vgpud is back", told(/^vgpud answers again$/));
    await world.create("desk-1");
    await until("it shows the new domain", () => Promise.resolve(written.at(-1)?.includes('"desk-1"')));
    interrupt.abort();
    assert.equal((await watching).exitCode, 130);
  });

  it("reads the large example of docs/domains.md", async () => {
    const page = await readFile(new URL("domains.md", DOCS), "utf8");
    const text = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? "";
    await makeImages(text);
    // Block devices are listed by the configuration, which this world's does not.
    const listed = text.replace(/ +- path: \/dev\/[^]*?RAW\n/, "");
    const ran = await withFile(listed, "create", "-f", "-", "--dry-run");
    assert.equal(ran.exitCode, 0, ran.stderr);
  });
});
