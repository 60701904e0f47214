// The formats beside table and JSON, and what a table may leave out.
import assert from "node:assert/strict";
import { parse } from "yaml";
import { fakeVgpud } from "./fake-vgpud.ts";
import { matchesGolden, vgpuctl } from "./vgpuctl.ts";

const DRY = [
  "create",
  "web-2",
  "--mode",
  "gvt-g",
  "--vcpus",
  "2",
  "--memory",
  "64",
  "--kernel",
  "/k",
  "--dry-run",
];

describe("-o yaml", () => {
  for (const argv of [
    ["host"],
    ["gpus"],
    ["vgpus"],
    ["domains", "web-1"],
    ["stop", "web-1"],
    DRY,
    ["version"],
  ])
    it(`says what -o json says: ${argv.slice(0, 2).join(" ")}`, async () => {
      await using vgpud = await fakeVgpud();
      const yaml = await vgpuctl(vgpud.socketPath, [...argv, "-o", "yaml"]);
      const json = await vgpuctl(vgpud.socketPath, [...argv, "-o", "json"]);
      assert.deepEqual(parse(yaml.stdout), JSON.parse(json.stdout));
      assert.equal(yaml.stderr, "");
    });

  it("is for errors, too", async () => {
    const ran = await vgpuctl("/nonexistent/vgpud.sock", ["gpus", "-o", "yaml"]);
    const json = await vgpuctl("/nonexistent/vgpud.sock", ["gpus", "-o", "json"]);
    assert.deepEqual([parse(ran.stderr), ran.exitCode], [JSON.parse(json.stderr), 8]);
  });

  it("quotes what older readers would take for something else than a text", async () => {
    await using vgpud = await fakeVgpud();
    const { stdout } = await vgpuctl(vgpud.socketPath, ["vgpus", "-o", "yaml"]);
    assert.match(stdout, /^observe_time: "2026-/m);
  });
});

describe("-o name", () => {
  const names: Readonly<Record<string, string>> = {
    host: "node-7\n",
    gpus: "0000:00:02.0\n0000:03:00.0\n",
    "gpus 0000:00:02.0": "0000:00:02.0\n",
    vgpus: "76677075-1111-8222-8333-444455556666\nf00df00d-0000-4000-8000-000000000001\n",
    domains: "old\\x1b[2Jbox\nweb-1\n",
    "operation 9d8c0f5a-2b1e-4f7d-8a6c-3e5b7f901234": "operations/9d8c0f5a-2b1e-4f7d-8a6c-3e5b7f901234\n",
    "start web-1": "web-1\n",
    "destroy claim:job-17": "web-1\n",
  };
  for (const [line, expected] of Object.entries(names))
    it(`prints one name a line: ${line}`, async () => {
      await using vgpud = await fakeVgpud();
      const ran = await vgpuctl(vgpud.socketPath, [...line.split(" "), "-o", "name"]);
      assert.deepEqual([ran.stdout, ran.exitCode], [expected, 0]);
    });

  it("is refused where nothing has a name", async () => {
    const ran = await vgpuctl("/nonexistent/vgpud.sock", ["version", "-o", "name"]);
    assert.match(ran.stderr, /^error: version has no output 'name': it has table, wide, json, yaml\n/);
    assert.equal(ran.exitCode, 2);
  });
});

describe("a table", () => {
  for (const command of ["gpus", "vgpus", "domains"])
    it(`shows more with -o wide: ${command}`, async () => {
      await using vgpud = await fakeVgpud();
      await matchesGolden(
        `${command}-wide.txt`,
        (await vgpuctl(vgpud.socketPath, [command, "-o", "wide"])).stdout,
      );
    });

  it("has no head with --no-headers", async () => {
    await using vgpud = await fakeVgpud();
    const { stdout } = await vgpuctl(vgpud.socketPath, ["domains", "--no-headers"]);
    const whole = await vgpuctl(vgpud.socketPath, ["domains"]);
    assert.equal(stdout, whole.stdout.replace(/^.*\n/, ""));
  });
});
