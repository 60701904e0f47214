// `vgpuctl schedule …` as it is typed: what it refuses before anything is asked, and what it tells.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { exitCodes } from "../../../../agent/cli/errors/exit-codes.ts";
import { connect, type VgpudOptions } from "../../../../agent/cli/client/vgpud.ts";
import type { Environment } from "../../../../agent/cli/environment.ts";
import { systemClock } from "../../../../agent/core/clock.ts";
import type { SchedulePlacement } from "../../../../agent/cli/schedule/placement-port.ts";
import { MemoryPlacement } from "../../../fakes/memory-placement.ts";
import { FILES, reading, scheduling, TOTALS } from "../scheduling.ts";
import { FRESH_ID, vgpuctl, type Ran } from "../vgpuctl.ts";

const EXAMPLES = new URL("../../../../../docs/examples/schedule/", import.meta.url);
const CLAIM = "0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e";
const CREATE = ["create", "--flavor", "m1.gvt", "--name", "web-1", "-f", "web.yaml"];

function schedule(argv: readonly string[], environment: Partial<Environment> = {}): Promise<Ran> {
  return vgpuctl(undefined, ["schedule", ...argv], { ...scheduling(CLAIM), ...environment });
}

/** With what vgpuctl connects with, call by call. */
async function connections(argv: readonly string[]): Promise<readonly VgpudOptions[]> {
  const made: VgpudOptions[] = [];
  await schedule(argv, {
    connect: (options) => {
      made.push(options);
      return connect(options);
    },
  });
  return made;
}

describe("vgpuctl schedule", () => {
  const wrong: Readonly<Record<string, readonly [argv: readonly string[], says: RegExp]>> = {
    "names its commands": [
      [],
      /schedule takes one of create, destroy, status, list, check\nhint: vgpuctl help/,
    ],
    "suggests the nearest of them": [["crate"], /no command 'schedule crate'\nhint: did you mean create\?/],
    "refuses the socket of one vgpud": [["list", "--socket", "/s"], /--socket is not for schedule/],
    "wants a flavor": [["create", "--name", "a", "-f", "web.yaml"], /--flavor is required/],
    "suggests the nearest flavor": [
      ["create", "--flavor", "m1.gtv", "-f", "web.yaml"],
      /has no flavor m1\.gtv\n.*\nhint: did you mean m1\.gvt\?/,
    ],
    "wants the domain's file": [["create", "--flavor", "m1.gvt", "--name", "a"], /--file is required/],
    "wants the domain's name": [["create", "--flavor", "m1.gvt", "-f", "web.yaml"], /--name is missing/],
    "wants a name that a domain can have": [
      ["create", "--flavor", "m1.gvt", "--name", "web 1", "-f", "web.yaml"],
      /--name: 'web 1' is no name for a domain: it takes 1 to 64 letters/,
    ],
    "wants a claim id that Placement can have": [
      [...CREATE, "--claim-id", "job-17"],
      /--claim-id takes a UUID, which Placement knows the claim by, not 'job-17'/,
    ],
    "names every fault of the flavors": [
      [...CREATE, "--flavors", "flavors.yaml"],
      /flavors\.yaml:2:1: m2: vcpus is missing\nerror: flavors\.yaml:2:1: m2: memory is missing\n/,
    ],
    "names a file that is not there": [
      ["list", "--schedule-file", "/x"],
      /cannot read \/x: there is no such.*\nhint: it says where Placement is, and how hosts are reached: begin with /,
    ],
  };
  for (const [what, [argv, says]] of Object.entries(wrong))
    it(what, async () => {
      const ran = await schedule(argv);
      assert.match(ran.stderr, says);
      assert.deepEqual([ran.exitCode, ran.notes], [exitCodes.usage, []]);
    });

  it("refuses a name of the domain's file that no domain can have by its place, unless another is given", async () => {
    const files = reading({ ...FILES, "web.yaml": "domain:\n  name: web 1\n" });
    const line = ["create", "--flavor", "m1.gvt", "-f", "web.yaml"];
    const ran = await schedule(line, files);
    assert.equal(ran.exitCode, exitCodes.usage);
    assert.match(
      ran.stderr,
      /^error: web\.yaml:2:3: domain\.name: 'web 1' is no name for a domain: it takes 1 to 64 letters/,
    );
    assert.doesNotMatch(ran.stderr, /vgpuctl help/);
    assert.doesNotMatch((await schedule([...line, "--name", "web-1"], files)).stderr, /domain\.name/);
  });

  it("refuses what the domain's file says beside the flavor, by its place", async () => {
    const text = "claim_id: a\nvgpu: { mode: gvt-g }\ndomain: { name: a, vcpus: 4, memory_mib: 64 }";
    const ran = await schedule(CREATE, reading({ ...FILES, "web.yaml": text }));
    for (const says of [
      /web\.yaml:2:1: vgpu has no place beside flavor m1\.gvt: the flavor says it/,
      /web\.yaml:3:20: domain\.vcpus has no place/,
      /web\.yaml:1:1: claim_id has no place .*: --claim-id says it/,
    ])
      assert.match(ran.stderr, says);
    assert.equal(ran.exitCode, exitCodes.usage);
  });

  it("says the claim before anything is asked, and in a document with the candidates", async () => {
    const ran = await schedule(CREATE);
    assert.equal(ran.notes[0], `claim id: ${FRESH_ID}`);
    assert.match(ran.notes[1] ?? "", /rounds to/);
    // Nobody serves the host's socket.
    assert.equal(ran.exitCode, exitCodes.unreachable);
    assert.match(
      ran.stdout,
      /^CANDIDATE +GPU +RESULT +WHY\nkvm-1 +0000:00:02\.0 +passed over +vgpud does not answer/,
    );
    const document = await schedule([...CREATE, "-o", "json"]);
    assert.deepEqual(document.notes, []);
    const json = JSON.parse(document.stdout) as Record<string, unknown>;
    assert.deepEqual([json["claim_id"], json["booking"], json["host"]], [FRESH_ID, "none", null]);
  });

  it("leads to the schedule file, and not to how it is typed, where candidates have no address", async () => {
    const text = 'placement: { endpoint: "http://127.0.0.1:1" }\nagents: { addresses: { kvm-2: "unix:/s" } }';
    const files = reading({ ...FILES, "/etc/vgpud/schedule.yaml": text });
    for (const argv of [CREATE, [...CREATE, "--claim-id", CLAIM]]) {
      const ran = await schedule(argv, files);
      assert.equal(ran.exitCode, exitCodes.usage);
      assert.match(ran.stdout + ran.stderr, /schedule\.yaml says no address of host kvm-1\n/);
      assert.doesNotMatch(ran.stderr, /Usage:|--help/);
    }
    const { stderr } = await schedule(CREATE, files);
    assert.match(stderr, /hint: agents\.addresses of \S+schedule\.yaml takes the address of each host, /);
  });

  it("takes the files of the documentation", async () => {
    const names = ["schedule.yaml", "flavors.yaml", "web.yaml"] as const;
    const texts = await Promise.all(names.map((name) => readFile(new URL(name, EXAMPLES), "utf8")));
    const [at = "", flavors = "", domain = ""] = texts;
    const files = { "/etc/vgpud/schedule.yaml": at, "/etc/vgpud/flavors.yaml": flavors, "web.yaml": domain };
    // All but the certificates, which are everybody's own.
    const listed = await schedule(["list"], reading(files));
    assert.match(
      listed.stderr,
      /yaml: cannot read agents\.tls\.ca \/etc\/vgpud\/tls\/hosts-ca\.pem: there is no/,
    );
    assert.equal(listed.exitCode, exitCodes.usage);
    const without = { ...files, "/etc/vgpud/schedule.yaml": at.replace(/^ {2}tls:[^]*?(?=^\S)/m, "") };
    const ran = await schedule(CREATE, reading(without));
    assert.match(ran.notes[0] ?? "", /^claim id: /, ran.stderr);
    assert.match(ran.stderr, /hint: agents\.tls of \S+ takes ca, certificate and key/);
  });

  it("waits no longer than 10 s for a host to be reached, and less where that is asked", async () => {
    for (const [flags, most] of [
      [[], 10_000],
      [["--timeout", "2s"], 2000],
    ] as const) {
      const made = await connections(["destroy", CLAIM, ...flags]);
      assert.deepEqual(
        made.map(({ connectTimeout }) => connectTimeout?.ms),
        [most],
      );
    }
  });

  it("waits less for a host that is one of many, to be reached and to answer, unless it is told how long", async () => {
    for (const [argv, most] of [
      [CREATE, 3000],
      [[...CREATE, "--timeout", "60s"], 3000],
      [[...CREATE, "--timeout", "1s"], 1000],
      // Whether a domain of a booked claim is there is not asked in a hurry.
      [[...CREATE, "--claim-id", CLAIM, "--timeout", "1s"], 3000],
      [["list"], 3000],
      [["list", "--timeout", "60s"], 60_000],
    ] as const) {
      const [first] = await connections(argv);
      assert.deepEqual([argv, first?.timeout.ms], [argv, most]);
    }
  });

  it("waits for a host that is only asked no longer than for one that is read", async () => {
    // Nothing is booked for it: whether the host has a domain of it is asked before anything is made.
    const made = await connections([...CREATE, "--claim-id", FRESH_ID]);
    assert.deepEqual(
      made.map(({ timeout }) => timeout.ms),
      [10_000],
    );
  });

  it("lists what is booked though the host does not answer, and says so", async () => {
    const ran = await schedule(["list"]);
    assert.match(
      ran.stdout,
      new RegExp(`^CLAIM +HOST +GPU +DOMAIN +STATE\\n${CLAIM} +kvm-1 +0000:00:02\\.0 +\\? +-$`, "m"),
    );
    assert.match(ran.stderr, /^warning: domains of kvm-1 are not known: vgpud does not answer/);
    assert.equal(ran.exitCode, 0);
  });

  it("gives nothing back while the host does not say that the domain is gone", async () => {
    const around = scheduling(CLAIM);
    const ran = await schedule(["destroy", CLAIM], around);
    assert.equal(ran.exitCode, exitCodes.unreachable);
    const after = await schedule(["list", "-o", "name"], around);
    assert.equal(after.stdout, `${CLAIM}\n`);
  });

  it("refuses a Placement that does not tell whose a booking is, and touches none", async () => {
    for (const argv of [["list"], ["status", CLAIM], ["destroy", CLAIM], ["destroy", "web-1"], CREATE]) {
      const ran = await schedule(argv, scheduling(CLAIM, { isOld: true }));
      assert.equal(ran.exitCode, exitCodes.failure, ran.stderr);
      assert.match(
        ran.stderr,
        /Placement is too old for vgpuctl schedule: .*\n(.*\n)*hint: it takes microversion 1\.38/,
      );
    }
  });

  it("asks a person before it destroys", async () => {
    const asked: string[] = [];
    const ask = (question: string): Promise<string> => {
      asked.push(question);
      return Promise.resolve("n");
    };
    const argv = ["destroy", CLAIM, "--host", "kvm-1", "--no-force", "--grace", "10m"];
    const { stderr } = await schedule(argv, { ask });
    assert.deepEqual(asked, [`destroy the domain of claim ${CLAIM} on kvm-1? its disks stay [y/N] `]);
    const again = `vgpuctl schedule ${argv.join(" ")} --yes`;
    assert.equal(stderr, `error: nothing was done: it was not confirmed\nhint: ${again}\n`);
  });

  it("does not say that there is nothing to do while a host does not answer", async () => {
    const ran = await schedule(["destroy", FRESH_ID]);
    assert.deepEqual([ran.exitCode, ran.stdout], [exitCodes.unreachable, ""]);
    assert.match(ran.stderr, /whether kvm-1 has a domain of it is not known\n {2}kvm-1 could not be asked: /);
    assert.match(
      ran.stderr,
      new RegExp(`hint: a host that is no more: .*\\nhint: .* destroy ${FRESH_ID} --host NAME\\n$`),
    );
  });

  it("touches no host that is booked while another is named, and leads to what that may have", async () => {
    const around = scheduling(CLAIM);
    const connecting: Environment["connect"] = () => assert.fail("a host was asked");
    for (const [command, ...stop] of [["destroy"], ["destroy", "--now"], ["status"]]) {
      const argv = [command ?? "", CLAIM, "--host", "kvm-2", ...stop];
      const ran = await schedule(argv, { ...around, connect: connecting });
      assert.deepEqual([ran.exitCode, ran.stdout], [exitCodes.conflict, ""]);
      assert.match(
        ran.stderr,
        new RegExp(`^error: claim ${CLAIM} is booked on kvm-1, and --host names kvm-2\n`),
      );
      assert.match(ran.stderr, /hint: for what is booked on kvm-1: the same line without --host\n/);
      const there = ["vgpuctl --socket /run/kvm-2.sock destroy", `claim:${CLAIM}`, ...stop].join(" ");
      assert.ok(ran.stderr.endsWith(`hint: and ended by: ${there}\n`), ran.stderr);
    }
    assert.equal((await schedule(["list", "-o", "name"], around)).stdout, `${CLAIM}\n`);
  });

  it("has in a document all that the text of an error leads to", async () => {
    for (const argv of [
      ["destroy", FRESH_ID],
      ["destroy", CLAIM, "--host", "kvm-2"],
      [...CREATE, "--claim-id", FRESH_ID],
    ]) {
      const text = (await schedule(argv)).stderr.split("\n");
      const { error } = JSON.parse((await schedule([...argv, "-o", "json"])).stderr) as {
        readonly error: { readonly details: readonly string[]; readonly hints: readonly string[] };
      };
      const hints = text.filter((each) => each.startsWith("hint: ")).map((each) => each.slice(6));
      const details = text.filter((each) => each.startsWith("  ")).map((each) => each.trim());
      assert.ok(hints.length > 0 && details.length + hints.length > 2, text.join("\n"));
      assert.deepEqual([error.hints, error.details], [hints, details]);
    }
  });

  it("waits for what may be why there is no candidate no longer than --timeout", async () => {
    const api: SchedulePlacement = new MemoryPlacement();
    let isOver = (): void => undefined;
    const over = new Promise<void>((resolve) => (isOver = resolve));
    const said = new AbortController();
    api.bearing = (_, _memberOf, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          said.abort();
          reject(new Error("aborted"));
        });
        isOver();
      });
    const placement = () => Promise.resolve({ api, close: () => undefined });
    const slept: number[] = [];
    const sleep = (ms: number): Promise<void> => {
      slept.push(ms);
      return over;
    };
    const clock = { ...systemClock, now: () => 0, sleep };
    const ran = await schedule([...CREATE, "--timeout", "20s"], { placement, clock });
    assert.deepEqual(slept, [20_000]);
    assert.equal(ran.exitCode, exitCodes["no-room"], ran.stderr);
    assert.match(ran.stderr, /Placement has no candidate for flavor m1\.gvt/);
    assert.equal(said.signal.aborted, true);
  });

  it("leads from a name that nothing is booked for to the claim id", async () => {
    const placement = () => Promise.resolve({ api: new MemoryPlacement(), close: () => undefined });
    const ran = await schedule(["destroy", "web-1"], { placement });
    assert.equal(ran.exitCode, exitCodes.failure);
    assert.match(
      ran.stderr,
      /no claim of vgpuctl's has a domain web-1\n.*\nhint: one whose booking was lost is found by its claim id .*: vgpuctl domains web-1\n$/,
    );
  });

  it("does not say that there is nothing to do where no host can be asked", async () => {
    const api = new MemoryPlacement();
    const placement = () => Promise.resolve({ api, close: () => undefined });
    const nobody = await schedule(["destroy", FRESH_ID], { placement });
    assert.deepEqual([nobody.exitCode, nobody.stdout], [exitCodes.unreachable, ""]);
    assert.match(
      nobody.stderr,
      /whether any host has a domain .*\n {2}Placement has no GPU of vgpud's, and agents\.addresses .* names no host\nhint: /,
    );
    api.addHost("kvm-1", TOTALS);
    const agents =
      'placement: { endpoint: "http://127.0.0.1:1" }\nagents: { addresses: { kvm-2: "unix:/s" } }';
    const reads = reading({ ...FILES, "/etc/vgpud/schedule.yaml": agents });
    const unreached = await schedule(["destroy", FRESH_ID], { placement, ...reads });
    assert.deepEqual([unreached.exitCode, unreached.stdout], [exitCodes.unreachable, ""]);
    assert.match(unreached.stderr, /whether kvm-1 or kvm-2 has a domain of it is not known\n/);
    assert.match(unreached.stderr, /\n {2}kvm-1 could not be asked: \S+ says no address of host kvm-1\n/);
  });

  it("says what does not fit in a file of flavors, and shows the others", async () => {
    const ran = await schedule(["check", "flavors.yaml"]);
    assert.equal(ran.exitCode, exitCodes.usage);
    assert.match(ran.stdout, /^m1\.gvt +2 +2048 +gvt-g +128 MiB low GM, 384 .* 128 MiB low GM, 512 /m);
    assert.match(ran.stderr, /^warning: m1\.gvt: .* rounds to .*\nerror: flavors\.yaml:2:1: m2: /);
  });

  it("shows what is booked where high GM is shared, for flavors that may be made there alone", async () => {
    const of = (traits: string) =>
      schedule(
        ["check", "f", "-o", "json"],
        reading({ f: `m: { vcpus: 1, memory: 1G, vgt_low_gm_sz: 64${traits} }` }),
      );
    const shared = async (traits: string): Promise<unknown> => {
      const { flavors } = JSON.parse((await of(traits)).stdout) as {
        flavors: readonly Record<string, unknown>[];
      };
      return flavors[0]?.["resources_where_high_gm_is_shared"];
    };
    const booked = { CUSTOM_INTEL_VGPU: 1, CUSTOM_VGT_LOW_GM_MB: 64, CUSTOM_VGT_FENCE: 4 };
    assert.deepEqual(await shared(""), booked);
    assert.equal(await shared(", trait_GPU:CUSTOM_INTEL_VGPU_HYPERVISOR_XEN: forbidden"), null);
    assert.equal(await shared(", trait_GPU:CUSTOM_INTEL_VGPU_HYPERVISOR_NONE: required"), null);
  });

  it("warns of traits that look like vgpud's and are none, with what was meant", async () => {
    const flavor = (...traits: readonly string[]) =>
      `m: { vcpus: 1, memory: 1G, mode: sriov, ${traits.map((trait) => `"trait_GPU:${trait}": required`).join(", ")} }`;
    const warned = async (...traits: readonly string[]) => {
      const { stderr, exitCode } = await schedule(["check", "f"], reading({ f: flavor(...traits) }));
      assert.equal(exitCode, 0, stderr);
      return stderr;
    };
    const of = "CUSTOM_INTEL_VGPU_";
    assert.equal(
      await warned(`${of}PLATFORM_SKYLAK`),
      `warning: m: no vgpud has trait ${of}PLATFORM_SKYLAK; did you mean ${of}PLATFORM_SKYLAKE?\n`,
    );
    assert.match(await warned(`${of}TYPE_I915_GVTG_V5_44`), /did you mean \w+_TYPE_I915_GVTG_V5_4\?/);
    assert.match(await warned(`${of}PLATFROM_SKYLAKE`), /did you mean \w+_PLATFORM_SKYLAKE\?/);
    assert.match(await warned(`${of}COLOUR_RED`), /its traits begin with its kind: DRAINED, MODE_, TYPE_, /);
    const known = [`${of}MODE_SRIOV`, `${of}PLATFORM_ALDER_LAKE_S`, `${of}TYPE_I915_GVTG_V4_1`];
    assert.equal(await warned(...known, `${of}TYPE_GENGT_2G`, "CUSTOM_RACK_7"), "");
  });

  it("warns of traits by which no GPU is ever a candidate", async () => {
    const of = "CUSTOM_INTEL_VGPU_";
    const warned = async (...traits: readonly string[]) => {
      const f = `m: { vcpus: 1, memory: 1G, mode: sriov, ${traits.map((each) => `"trait_GPU:${of}${each}`).join(", ")} }`;
      const { stderr, exitCode } = await schedule(["check", "f"], reading({ f }));
      assert.equal(exitCode, 0, stderr);
      return stderr;
    };
    const never = "warning: m: no GPU is ever a candidate: it";
    assert.equal(
      await warned('DRAINED": required', 'MODE_GVT_G": required', 'MODE_SRIOV": forbidden'),
      [
        `${never} requires ${of}DRAINED, and of a GPU that is drained nothing is given out\n`,
        `${never} requires ${of}MODE_GVT_G, and what gives a vGPU of sriov has ${of}MODE_SRIOV\n`,
        `${never} forbids ${of}MODE_SRIOV, which all have that give a vGPU of sriov\n`,
      ].join(""),
    );
    assert.equal(
      await warned('HYPERVISOR_XEN_GUEST": required'),
      `${never} requires ${of}HYPERVISOR_XEN_GUEST, and on a guest of Xen nothing is given out\n`,
    );
    assert.equal(await warned('DRAINED": forbidden', 'MODE_GVT_G": forbidden', 'MODE_SRIOV": required'), "");
  });

  it("explains the commands of a group, and each", async () => {
    assert.match((await vgpuctl(undefined, ["help", "schedule"])).stdout, /^Usage: vgpuctl schedule COMMAND/);
    assert.match(
      (await vgpuctl(undefined, ["help", "schedule", "crate"])).stderr,
      /did you mean schedule create/,
    );
  });
});
