// Whose the root is that a host finds under its name: two machines never write over each other, and one that is the same is known again.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseRecord, renderRecord } from "../../../agent/host/record-file.ts";
import type { KnownRoot } from "../../../agent/schedulers/placement/root-record.ts";
import { BookedWorld, type BookedSetting, type Published } from "../../schedulers/booked-world.ts";
import { placementSuite } from "../../schedulers/placement-suite.ts";
import { refusal } from "../harness/rpc.ts";
import { until } from "../harness/until.ts";
import { present } from "../harness/world.ts";

/** The first word of scheduler.json. */
const KIND = "vgpud-scheduler";
const OFTEN = "  heal_every: 1s";
const ANOTHER_MACHINE = "of another machine made";
const HEALS = { method: "GET", path: /in_tree=/ };

describe("the root that a vgpud makes in Placement", function () {
  this.timeout(180_000);
  const suite = placementSuite();
  const folders: string[] = [];
  afterEach(async () => {
    for (const each of folders.splice(0)) await rm(each, { recursive: true });
  });

  const begin = (setting: BookedSetting = {}): Promise<BookedWorld> => suite.begin(setting);
  const onAnother = (setting: BookedSetting): Promise<BookedWorld> =>
    begin({ ...setting, yaml: `machine_id: "${randomUUID().replaceAll("-", "")}"` });
  const told = (host: BookedWorld, words: string): Promise<unknown> =>
    until(`it is told: ${words}`, () => Promise.resolve(host.world.agent.log.includes(words)));
  const rootOf = async (host: BookedWorld): Promise<Published> =>
    present((await host.books.tree(host.name)).get(host.name));
  const marksOf = ({ traits }: Published): readonly string[] =>
    traits.filter((trait) => trait.startsWith("CUSTOM_VGPUD_MACHINE_"));

  it("keeps another machine of its name out, which is told whose it is and what to do", async () => {
    const here = await begin();
    await here.published("the GPU");
    const before = await here.books.tree(here.name);
    const other = await onAnother({ name: here.name });
    await told(other, ANOTHER_MACHINE);
    const { reason, message } = await refusal(other.create("desk-1", randomUUID()));
    assert.equal(reason, "SCHEDULER_UNAVAILABLE");
    const [mark = ""] = marksOf(await rootOf(here));
    for (const said of [here.name, mark, "scheduler.placement.host"]) assert.ok(message.includes(said), said);
    assert.deepEqual(other.faulty.writes, []);
    assert.deepEqual(await here.books.tree(here.name), before);
  });

  it("is that of one of two machines that begin at once under one name", async () => {
    const name = `both-${randomUUID()}`;
    const both = await Promise.all([onAnother({ name }), onAnother({ name })]);
    const [one] = both;
    await one.published("the GPU of one");
    const refused = await until("the other is told", () =>
      Promise.resolve(both.find(({ world }) => world.agent.log.includes(ANOTHER_MACHINE))),
    );
    assert.equal(marksOf(await rootOf(one)).length, 1);
    const about = refused.faulty.writes.filter(({ path: where }) => where.includes("/inventories"));
    assert.deepEqual(about, [], "who came second has told of no GPU");
  });

  it("is known again by the machine that has lost its record and was renamed before", async () => {
    const here = await begin();
    const consumer = await here.createBooked("desk-1");
    const { uuid } = await rootOf(here);
    const renamed = `renamed-${randomUUID()}`;
    await here.world.agent.end();
    await here.reconfigure(`host: ${here.name}`, `host: ${renamed}`);
    await here.world.startAgain();
    await until("it has the new name", async () => (await here.books.tree(renamed)).size === 2);
    await here.world.agent.end();
    await rm(path.join(here.world.stateDir, "scheduler.json"));
    here.faulty.forget();
    await here.world.startAgain();
    await here.faulty.saw({ path: /\/allocations$/ });
    const tree = await here.books.tree(renamed);
    assert.equal(tree.get(renamed)?.uuid, uuid);
    const gpu = present(tree.get(`${renamed}_vgpud_0000_00_02_0`));
    assert.deepEqual(await here.books.holders(gpu.uuid), [consumer]);
  });

  it("goes over to a machine that was installed anew once that one's mark is given to it, with what is booked", async () => {
    const here = await begin({ scheduler: OFTEN });
    const gpu = await here.published("the GPU");
    const consumer = randomUUID();
    assert.equal(await here.books.claim(consumer, gpu.uuid), 204);
    await here.world.agent.end();
    await rm(path.join(here.world.stateDir, "scheduler.json"));
    await here.onAnotherMachine();
    here.faulty.forget();
    await here.world.startAgain();
    await told(here, ANOTHER_MACHINE);
    assert.deepEqual(here.faulty.writes, []);
    const [, mark = ""] = /this one's mark is (CUSTOM_VGPUD_MACHINE_\w+)/.exec(here.world.agent.log) ?? [];
    await suite.placement.ask("PUT", `/traits/${mark}`);
    await here.books.setTraits(await rootOf(here), [mark]);
    await until("it is told again", () =>
      Promise.resolve(here.world.agent.log.includes("the scheduler is told again")),
    );
    const root = await rootOf(here);
    assert.deepEqual(new Set(root.traits), new Set([mark, "CUSTOM_INTEL_VGPU_HYPERVISOR_KVM"]));
    assert.deepEqual(await here.books.holders((await here.published("the GPU")).uuid), [consumer]);
  });

  it("gets the mark that a vgpud of before gave none", async () => {
    const here = await begin({ scheduler: OFTEN });
    await here.published("the GPU");
    const root = await rootOf(here);
    await here.books.setTraits(root, []);
    const again = await until("it has its mark", async () => {
      const found = await rootOf(here);
      return marksOf(found).length === 1 && found;
    });
    assert.deepEqual(again, root);
  });

  it("is left to a machine that gives it its mark in between", async () => {
    const here = await begin({ scheduler: OFTEN });
    await here.published("the GPU");
    const root = await rootOf(here);
    const theirs = `CUSTOM_VGPUD_MACHINE_${"0".repeat(32)}`;
    await suite.placement.ask("PUT", `/traits/${theirs}`);
    here.faulty.misbehave(
      { method: "PUT", path: new RegExp(`${root.uuid}/traits`) },
      { kind: "overtaken", by: () => here.books.setTraits(root, [theirs]) },
      1,
    );
    await here.books.setTraits(root, []);
    await told(here, `its mark is ${theirs}`);
    assert.deepEqual((await rootOf(here)).traits, [theirs]);
  });

  it("is another one where a host that was called so before has kept the first, and is known again", async () => {
    const former = await begin();
    const consumer = await former.createBooked("desk-1");
    const name = `renamed-${randomUUID()}`;
    const kept = (await rootOf(former)).uuid;
    await former.world.agent.end();
    await former.reconfigure(`host: ${former.name}`, `host: ${name}`);
    await former.world.startAgain();
    await until("it has the new name", async () => (await former.books.tree(name)).size === 2);
    const here = await onAnother({ name: former.name });
    const gpu = await here.published("the GPU of the host that has the name now");
    const root = await rootOf(here);
    assert.notEqual(root.uuid, kept);
    assert.deepEqual(await here.books.holders(gpu.uuid), []);
    const theirs = present((await former.books.tree(name)).get(`${name}_vgpud_0000_00_02_0`));
    assert.deepEqual(await former.books.holders(theirs.uuid), [consumer]);
    await here.world.agent.end();
    await rm(path.join(here.world.stateDir, "scheduler.json"));
    // As if it had been ended before it gave its mark.
    await here.books.setTraits(root, []);
    await here.world.startAgain();
    await until("it is known", async () => marksOf(await rootOf(here)).length === 1);
    assert.equal((await rootOf(here)).uuid, root.uuid);
  });

  it("is gone around by a GPU whose provider's UUID another host below another root has", async () => {
    const [first, second] = [`nova-${randomUUID()}`, `nova-${randomUUID()}`];
    for (const name of [first, second]) await suite.placement.ask("POST", "/resource_providers", { name });
    const former = await begin({ name: first, placement: `    root: nova\n    host: ${first}` });
    const moved = await former.published("the GPU");
    await former.world.agent.end();
    await former.reconfigure(`host: ${first}`, `host: ${second}`);
    await former.world.startAgain();
    await until("it is moved", async () => (await former.books.tree(second)).size === 2);
    const here = await onAnother({ name: first, placement: `    root: nova\n    host: ${first}` });
    const gpu = await here.published("the GPU of the host that has the name now");
    assert.notEqual(gpu.uuid, moved.uuid);
  });

  it("stays that of the machine whose state directory was copied to another", async () => {
    const here = await begin();
    await here.published("the GPU");
    const before = await here.books.tree(here.name);
    const other = await onAnother({ stateDir: await copyOf(here) });
    await other.published("its own GPU");
    assert.deepEqual(await here.books.tree(here.name), before);
  });

  it("is not fought for with a copy of the whole machine under another name: the one whose it was tells of it", async () => {
    const here = await begin({ scheduler: OFTEN });
    await here.published("the GPU");
    const { uuid } = await rootOf(here);
    const copy = await begin({ stateDir: await copyOf(here) });
    await copy.published("the GPU under the copy's name");
    await told(here, `is called ${copy.name} now`);
    here.faulty.forget();
    await here.faulty.saw(HEALS, 3);
    assert.deepEqual(here.faulty.writes, []);
    assert.equal((await rootOf(copy)).uuid, uuid);
  });

  it("stays that of the machine whose state directory, of a vgpud that wrote no mark down, was copied to another", async () => {
    const here = await begin();
    const consumer = await here.createBooked("desk-1");
    const before = await here.books.tree(here.name);
    const other = await onAnother({ stateDir: await copyOf(here, { unmarked: true }) });
    const theirs = await other.published("its own GPU");
    assert.deepEqual(await here.books.tree(here.name), before);
    assert.deepEqual(await here.books.holders(theirs.uuid), []);
    assert.deepEqual(await here.books.holders((await here.published("the GPU")).uuid), [consumer]);
  });

  it("stays that of that machine where neither it nor its root has a mark yet", async () => {
    const here = await begin();
    await here.published("the GPU");
    await here.world.agent.end();
    await here.books.setTraits(await rootOf(here), []);
    const before = await here.books.tree(here.name);
    const other = await onAnother({ stateDir: await copyOf(here, { unmarked: true }) });
    await other.published("its own GPU");
    assert.deepEqual(await here.books.tree(here.name), before);
  });

  it("is known by its mark to a machine that was renamed and wrote no mark down yet", async () => {
    const here = await begin();
    const { uuid } = await here.published("the GPU");
    await here.world.agent.end();
    await unmark(path.join(here.world.stateDir, "scheduler.json"));
    const renamed = await renameOf(here);
    await here.world.startAgain();
    await movedTo(here, renamed, uuid);
  });

  it("is neither machine's while it bears the marks of two, which is told, and that one's again whose mark is left", async () => {
    const here = await begin({ scheduler: OFTEN });
    await here.published("the GPU");
    const root = await rootOf(here);
    const theirs = `CUSTOM_VGPUD_MACHINE_${"0".repeat(32)}`;
    await suite.placement.ask("PUT", `/traits/${theirs}`);
    await here.books.addTrait(root, theirs);
    await told(here, `the mark of another machine, ${theirs}, beside this one's`);
    here.faulty.forget();
    await here.faulty.saw(HEALS, 2);
    assert.deepEqual(here.faulty.writes, []);
    await here.books.setTraits(root, root.traits);
    await told(here, "the scheduler is told again");
  });

  it("takes its GPUs' providers along to one of Nova's, also those whose record was lost before", async () => {
    const here = await begin();
    const consumer = await here.createBooked("desk-1");
    const { uuid } = await here.published("the GPU");
    await here.world.agent.end();
    await rm(path.join(here.world.stateDir, "scheduler.json"));
    await here.world.startAgain();
    await until("it is known again", async () => (await recordOf(here)).includes(uuid));
    await here.world.agent.end();
    const nova = await renameOf(here);
    await suite.placement.ask("POST", "/resource_providers", { name: nova });
    await here.reconfigure("root: own", "root: nova");
    await here.world.startAgain();
    await movedTo(here, nova, uuid);
    assert.deepEqual(await here.books.holders(uuid), [consumer]);
  });

  for (const next of ["back", "on"])
    it(`is known to a host that was ended while it was renamed, and is called ${next} again`, async () => {
      const here = await begin();
      const { uuid } = await here.published("the GPU");
      const root = await rootOf(here);
      await here.world.agent.end();
      const renamed = await renameOf(here);
      const ended = here.faulty.saw({ method: "PUT", path: new RegExp(`/resource_providers/${root.uuid}$`) });
      here.faulty.misbehave(
        { method: "PUT", path: new RegExp(`/resource_providers/${root.uuid}$`) },
        { kind: "overtaken", by: () => here.world.agent.end("SIGKILL") },
        1,
      );
      await here.world.startAgain();
      await ended;
      await until("Placement has the new name", async () => (await here.books.tree(renamed)).size === 2);
      const name = next === "back" ? here.name : `third-${randomUUID()}`;
      await here.reconfigure(`host: ${renamed}`, `host: ${name}`);
      await here.world.startAgain();
      await movedTo(here, name, uuid);
      assert.equal((await here.books.tree(name)).get(name)?.uuid, root.uuid);
    });

  it("is known by the word that is configured for a machine whose id is another one after each boot", async () => {
    const here = await begin({ placement: "    root: own\n    machine: asset-0017" });
    const consumer = await here.createBooked("desk-1");
    const before = await here.books.tree(here.name);
    await here.world.agent.end();
    await rm(path.join(here.world.stateDir, "scheduler.json"));
    await here.onAnotherMachine();
    here.faulty.forget();
    await here.world.startAgain();
    await here.faulty.saw({ path: /\/allocations$/ });
    assert.deepEqual(await here.books.tree(here.name), before);
    assert.deepEqual(await here.books.holders((await here.published("the GPU")).uuid), [consumer]);
  });

  it("gets no mark of a machine that has no id yet, which is told with what to do", async () => {
    const here = await begin();
    await here.published("the GPU");
    await here.world.agent.end();
    await writeFile(path.join(here.world.host.root, "etc/machine-id"), "uninitialized\n");
    await here.world.startAgain();
    await told(here, "systemd-machine-id-setup");
  });

  /** The host's configuration has another name from now on. */
  async function renameOf(here: BookedWorld): Promise<string> {
    const renamed = `renamed-${randomUUID()}`;
    await here.reconfigure(`host: ${here.name}`, `host: ${renamed}`);
    return renamed;
  }

  async function movedTo(here: BookedWorld, host: string, uuid: string): Promise<void> {
    await until(
      `its GPU is below ${host}`,
      async () => (await here.books.tree(host)).get(`${host}_vgpud_0000_00_02_0`)?.uuid === uuid,
    );
  }

  async function recordOf({ world }: BookedWorld): Promise<string> {
    return await readFile(path.join(world.stateDir, "scheduler.json"), "utf8").catch(() => "");
  }

  /** As a vgpud wrote it that knew no marks. */
  async function unmark(file: string): Promise<void> {
    const read = parseRecord(KIND, await readFile(file));
    assert.ok("value" in read, file);
    const { mark, ...without } = read.value as KnownRoot;
    assert.ok(mark !== undefined);
    await writeFile(file, renderRecord(KIND, read.format, without));
  }

  /** A state directory with what this host knows of its root. */
  async function copyOf(host: BookedWorld, { unmarked = false } = {}): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), "copied-state-"));
    folders.push(folder);
    const copy = path.join(folder, "scheduler.json");
    await copyFile(path.join(host.world.stateDir, "scheduler.json"), copy);
    if (unmarked) await unmark(copy);
    return folder;
  }
});
