// Every command against a real gRPC server on a UNIX socket; what it writes is compared with golden files.
import assert from "node:assert/strict";
import { ClaimState } from "../../../proto/gen/vgpud/v1/claim.ts";
import { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { run } from "../../../agent/cli/run.ts";
import { commands } from "../../../agent/cli/commands.ts";
import { present } from "../../e2e/harness/agent-calls.ts";
import { fakeVgpud } from "./fake-vgpud.ts";
import { FRESH_ID, matchesGolden, surroundings, vgpuctl } from "./vgpuctl.ts";

const CREATE = ["create", "web-2", "--type", "i915-GVTg_V5_4", "--vcpus", "2", "--memory", "2048"].concat(
  "--kernel",
  "/srv/vmlinuz",
);

const shown = {
  host: ["host"],
  gpus: ["gpus"],
  gpu: ["gpus", "0000:00:02.0"],
  vgpus: ["vgpus"],
  vgpu: ["vgpus", "76677075-1111-8222-8333-444455556666"],
  domains: ["domains"],
  domain: ["domains", "web-1"],
  plan: ["plan", "i915-GVTg_V5_8:2", "i915-GVTg_V5_4"],
  operation: ["operation", "9d8c0f5a-2b1e-4f7d-8a6c-3e5b7f901234"],
  create: CREATE,
  "create-dry-run": [...CREATE, "--dry-run"],
  start: ["start", "web-1"],
  stop: ["stop", "claim:job-17"],
  destroy: ["destroy", "web-1"],
  "create-vgpu": ["create-vgpu", "--type", "i915-GVTg_V5_8", "--claim-id", "lent-1", "--label", "job=7"],
  "snippet-libvirt": ["snippet", "libvirt", "claim:lent-1", "--ramfb", "--size", "1024x768"],
  "snippet-qemu": ["snippet", "qemu", "claim:lent-1"],
  "delete-vgpu": ["delete-vgpu", "claim:lent-1"],
  reserve: ["reserve", "--type", "i915-GVTg_V5_8", "--ttl", "5m", "--claim-id", "job-18"],
  reservations: ["reservations"],
  reservation: ["reservations", "job-18"],
  renew: ["renew", "job-18", "--ttl", "10m"],
  release: ["release", "job-18"],
  adopt: ["adopt", "f00df00d-0000-4000-8000-000000000001", "--claim-id", "desk-7"],
  "adopt-dry-run": ["adopt", "f00df00d-0000-4000-8000-000000000001", "--dry-run"],
  "release-vgpu": ["release-vgpu", "claim:desk-7"],
  "drain-host": ["drain", "--note", "kernel update"],
  "drain-gpu": ["drain", "0000:00:02.0", "--note", "fan is loud"],
  "undrain-host": ["undrain"],
  reconcile: ["reconcile"],
  "reconcile-dry-run": ["reconcile", "--dry-run"],
  version: ["version"],
} as const;

describe("the output of vgpuctl", () => {
  for (const [name, argv] of Object.entries(shown)) {
    it(`shows ${name} as a table and as JSON`, async () => {
      await using vgpud = await fakeVgpud();
      const table = await vgpuctl(vgpud.socketPath, argv);
      assert.equal(table.exitCode, 0, table.stderr);
      await matchesGolden(`${name}.txt`, table.stdout);
      const json = await vgpuctl(vgpud.socketPath, [...argv, "-o", "json"]);
      assert.equal(json.exitCode, 0, json.stderr);
      await matchesGolden(`${name}.json`, json.stdout);
    });
  }

  it("explains all commands and each of them", async () => {
    await matchesGolden("help.txt", (await vgpuctl("/nowhere", ["help"])).stdout);
    for (const { name } of commands) {
      const words = name.split(" ");
      const asked = await vgpuctl("/nowhere", ["help", ...words]);
      await matchesGolden(`help-${words.join("-")}.txt`, asked.stdout);
      assert.equal((await vgpuctl("/nowhere", [...words, "--help"])).stdout, asked.stdout);
    }
  });

  it("answers without a command with the help, and --version with the version", async () => {
    assert.deepEqual(await run([], surroundings), await run(["help"], surroundings));
    assert.equal((await run(["--version"], surroundings)).stdout, "vgpuctl 0.1.0\n");
  });

  it("keeps zeros, and the user's own keys as they are, in JSON", async () => {
    await using vgpud = await fakeVgpud();
    const gpus = await vgpuctl(vgpud.socketPath, ["gpus", "-o", "json"]);
    assert.match(gpus.stdout, /"allocatable": 0/);
    assert.match(gpus.stdout, /^\{\n {2}"schema_version": 1,/);
    const domain = await vgpuctl(vgpud.socketPath, ["domains", "web-1", "-o", "json"]);
    assert.match(domain.stdout, /"Team\.Of": "render"/);
  });

  it("says what was looked for where no GPU is", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.bare();
    const ran = await vgpuctl(vgpud.socketPath, ["gpus"]);
    assert.equal(ran.exitCode, 0);
    assert.equal(ran.stdout, "");
    assert.match(ran.stderr, /^this host has no Intel GPU: .* \(class 0300 or 0380\) of vendor 8086 /);
    assert.match((await vgpuctl(vgpud.socketPath, ["gpus", "-o", "json"])).stdout, /"gpus": \[\]/);
  });

  it("colours states only where colours are shown", async () => {
    await using vgpud = await fakeVgpud();
    const argv = ["domains"];
    const shownWith = await vgpuctl(vgpud.socketPath, argv, { colour: true });
    assert.ok(shownWith.stdout.includes("\u001b[32mrunning"));
    const refused = await vgpuctl(vgpud.socketPath, [...argv, "--no-color"], { colour: true });
    assert.ok(!refused.stdout.includes("\u001b"));
  });
});

describe("the requests of vgpuctl", () => {
  it("creates under a fresh claim id and says it before it waits", async () => {
    await using vgpud = await fakeVgpud();
    const ran = await vgpuctl(vgpud.socketPath, CREATE);
    assert.deepEqual(ran.notes, [`claim id: ${FRESH_ID}`]);
    assert.equal(vgpud.domains.get(FRESH_ID)?.name, "web-2");
    assert.equal(ran.stderr, "warning: high GM asked 400 MiB, given 512 MiB\n");
  });

  it("puts every flag of create into its field", async () => {
    await using vgpud = await fakeVgpud();
    const argv = ["create", "a", "--sizes=128,512,4", "--gpu", "0000:00:02.0", "--policy", "spread"];
    argv.push(
      "--vcpus",
      "1",
      "--memory",
      "512",
      "--disk",
      "/d",
      "--disk-format",
      "raw",
      "--disk-bus",
      "SATA",
    );
    argv.push("--disk-readonly", "--kernel", "/k", "--initrd", "/i", "--cmdline", "ro quiet", "--vnc");
    argv.push("[::1]:5901", "--uuid", "u", "--on-stop", "release", "--claim-id", "c", "--dry-run");
    const ran = await vgpuctl(vgpud.socketPath, argv);
    assert.equal(ran.exitCode, 0, ran.stderr);
    await matchesGolden("request-create.json", `${JSON.stringify(vgpud.requests, undefined, 2)}\n`);
  });

  it("says no claim id where nothing is sent", async () => {
    const ran = await vgpuctl("/nonexistent/vgpud.sock", CREATE);
    assert.deepEqual(ran.notes, []);
    await using vgpud = await fakeVgpud();
    assert.deepEqual((await vgpuctl(vgpud.socketPath, [...CREATE, "--disk", "/d"])).notes, []);
    assert.deepEqual((await vgpuctl(vgpud.socketPath, [...CREATE, "--dry-run"])).notes, []);
  });

  it("asks for an operation by its name or its UUID, in either case", async () => {
    await using vgpud = await fakeVgpud();
    const uuid = "9D8C0F5A-2b1e-4f7d-8a6c-3e5b7f901234";
    for (const name of [uuid, `operations/${uuid}`]) {
      const ran = await vgpuctl(vgpud.socketPath, ["operation", name]);
      assert.match(ran.stdout, /^operation: +operations\/9d8c0f5a-2b1e-4f7d-8a6c-3e5b7f901234$/m);
    }
  });

  it("takes --vnc without an address", async () => {
    await using vgpud = await fakeVgpud();
    await vgpuctl(vgpud.socketPath, ["create", "--vnc", ...CREATE.slice(1)]);
    const [request] = vgpud.requests;
    assert.ok(JSON.stringify(request).includes('"vnc":{"listen":""}'));
  });

  const stops: readonly (readonly [flags: readonly string[], grace: number | undefined, noForce: boolean])[] =
    [
      [[], undefined, false],
      [["--now"], 0, false],
      [["--grace", "2m"], 120, false],
      [["--no-force"], undefined, true],
    ];
  for (const [flags, seconds, noForce] of stops)
    it(`stops a domain with ${flags.join(" ") || "no flag"}`, async () => {
      await using vgpud = await fakeVgpud();
      await vgpuctl(vgpud.socketPath, ["stop", "5F0C3C52-6d1c-4b57-8b52-9d1d2d0a7c11", ...flags]);
      const domain = { ref: { $case: "uuid", value: "5f0c3c52-6d1c-4b57-8b52-9d1d2d0a7c11" } };
      const gracePeriod = seconds === undefined ? undefined : { seconds: BigInt(seconds), nanos: 0 };
      assert.deepEqual(vgpud.requests, [{ domain, requestId: "", gracePeriod, noForce }]);
    });

  it("adopts a vGPU under a claim id, with its domain if asked, and gives one up by either name", async () => {
    await using vgpud = await fakeVgpud();
    const vgpuId = "f00df00d-0000-4000-8000-000000000001";
    const lines = [
      ["adopt", vgpuId, "--with-domain"],
      ["release-vgpu", "claim:desk-7"],
      ["release-vgpu", vgpuId],
    ];
    for (const argv of lines) assert.equal((await vgpuctl(vgpud.socketPath, argv)).exitCode, 0);
    const adopted = { vgpuId, claimId: FRESH_ID, requestId: "", validateOnly: false, withDomain: true };
    const refs = [
      { $case: "claimId", value: "desk-7" },
      { $case: "vgpuId", value: vgpuId },
    ];
    assert.deepEqual(vgpud.requests, [adopted, ...refs.map((ref) => ({ vgpu: { ref }, requestId: "" }))]);
  });

  it("drains the host or one GPU, and back", async () => {
    await using vgpud = await fakeVgpud();
    const gpu = "0000:00:02.0";
    for (const argv of [["drain"], ["drain", gpu, "--note", "fan"], ["undrain"], ["undrain", gpu]])
      assert.equal((await vgpuctl(vgpud.socketPath, argv)).exitCode, 0);
    assert.deepEqual(vgpud.requests, [{ note: "" }, { gpu, note: "fan" }, {}, { gpu }]);
  });

  it("gives a GPU another mode, or only checks whether it could", async () => {
    await using vgpud = await fakeVgpud();
    const gpu = "0000:00:02.0";
    for (const more of [[], ["--dry-run"]]) {
      const ran = await vgpuctl(vgpud.socketPath, ["set-mode", gpu, "gvt-s", ...more]);
      assert.equal(ran.exitCode, 0);
      assert.equal(/^dry run: nothing was changed; the GPU as it is\n/.test(ran.stdout), more.length > 0);
    }
    assert.deepEqual(vgpud.requests, [
      { gpu, mode: Mode.GVT_S, validateOnly: false },
      { gpu, mode: Mode.GVT_S, validateOnly: true },
    ]);
    const wrong = await vgpuctl(vgpud.socketPath, ["set-mode", gpu, "gvts"]);
    assert.match(wrong.stderr, /MODE is one of gvt-g, gvt-d, gvt-s, sriov, auto, not 'gvts'/);
  });

  it("cuts a GPU into virtual functions, or only checks whether it could", async () => {
    await using vgpud = await fakeVgpud();
    for (const words of [
      ["00:02.0", "7"],
      ["0000:00:02.0", "0", "--dry-run"],
      ["00:02.0", "2", "--exec-quantum-ms", "20", "--preempt-timeout-us", "1500", "--vram", "1024"],
    ])
      assert.equal((await vgpuctl(vgpud.socketPath, ["set-functions", ...words])).exitCode, 0);
    const gpu = "0000:00:02.0";
    assert.deepEqual(vgpud.requests, [
      { gpu, count: 7, profile: undefined, validateOnly: false },
      { gpu, count: 0, profile: undefined, validateOnly: true },
      {
        ...{ gpu, count: 2, validateOnly: false },
        profile: {
          execQuantum: { seconds: 0n, nanos: 20_000_000 },
          preemptTimeout: { seconds: 0n, nanos: 1_500_000 },
          schedPriority: "",
          vramQuotaMib: 1024n,
          ggttQuotaMib: undefined,
        },
      },
    ]);
    const [most, more] = ["4294967295", "4294967296"];
    const longest = await vgpuctl(vgpud.socketPath, ["set-functions", gpu, "2", "--exec-quantum-ms", most]);
    assert.equal(longest.exitCode, 0);
    const longer = await vgpuctl(vgpud.socketPath, ["set-functions", gpu, "2", "--exec-quantum-ms", more]);
    assert.match(longer.stderr, /takes a whole number of milliseconds, 4294967295 at most, not '4294967296'/);
    const wrong = await vgpuctl(vgpud.socketPath, ["set-functions", gpu, "-1"]);
    assert.equal(wrong.exitCode, 2);
    assert.match(wrong.stderr, /no number here is below 0, as -1 is/);
    const some = await vgpuctl(vgpud.socketPath, ["set-functions", gpu, "some"]);
    assert.match(some.stderr, /COUNT is a number of virtual functions, not 'some'/);
  });

  it("does not take the domain of a claim that has failed for one that was made", async () => {
    await using vgpud = await fakeVgpud();
    await vgpuctl(vgpud.socketPath, CREATE);
    const failure = { reason: "DOMAIN_VANISHED", message: "domain web-2 was undefined", metadata: {} };
    const made = present(vgpud.domains.get(FRESH_ID));
    vgpud.domains.set(FRESH_ID, { ...made, claimState: ClaimState.FAILED, failure });
    const ran = await vgpuctl(vgpud.socketPath, [...CREATE, "--claim-id", FRESH_ID]);
    assert.equal(ran.exitCode, 1);
    assert.match(ran.stderr, /^error: the claim of web-2 has failed: domain web-2 was undefined \[DOMAIN_V/m);
    assert.match(ran.stderr, new RegExp(`^hint: vgpuctl .* domains claim:${FRESH_ID}$`, "m"));
  });

  it("finds nothing to do when a missing domain is allowed", async () => {
    await using vgpud = await fakeVgpud();
    const ran = await vgpuctl(vgpud.socketPath, ["destroy", "gone", "--allow-missing"]);
    assert.equal(ran.exitCode, 0);
    assert.equal(ran.stdout, "there is no such domain: nothing to do\n");
  });
});
