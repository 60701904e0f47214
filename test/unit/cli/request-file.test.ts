// The file of `create -f`: every field of the contract by its name, and every mistake with its line.
import { status } from "@grpc/grpc-js";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { CreateDomainRequest } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { DiskFormat, FirmwareType } from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import { readContract } from "../../../agent/cli/package-files.ts";
import { readRequestFile, requestText } from "../../../agent/cli/request/request-file.ts";
import { fakeVgpud } from "./fake-vgpud.ts";
import { fullTrees } from "./full-trees.ts";
import { FRESH_ID, matchesGolden, vgpuctl } from "./vgpuctl.ts";

const contract = await readContract();
const type = contract.getMessage("vgpud.v1.CreateDomainRequest");
assert.ok(type);

const fileOf = (text: string) => ({
  readText: () => Promise.resolve(text),
  contract: () => Promise.resolve(contract),
});
const read = async (text: string): Promise<CreateDomainRequest> =>
  (await readRequestFile("vm.yaml", fileOf(text))).request;

const GUEST = `
vgpu: { type: i915-GVTg_V5_4 }
domain:
  name: web-9
  vcpus: 2
  memory_mib: 512
  disks: [{ path: /d.img, format: raw }, { path: /e.img, format: qcow2 }]
  boot: { kernel: { kernel_path: /k } }
`;

describe("a request that is written as YAML", () => {
  for (const [index, tree] of fullTrees(type).entries())
    it(`is read back with every field (${index})`, async () => {
      const request = CreateDomainRequest.fromJSON(tree);
      assert.deepEqual(await read(await requestText(request, contract)), request);
    });

  it("says nothing of what is at its default", async () => {
    const request = CreateDomainRequest.fromPartial({ domain: { name: "a", vcpus: 1 } });
    assert.equal(await requestText(request, contract), "domain:\n  name: a\n  vcpus: 1\n");
  });

  it("takes the values of enums by their names and by their short words", async () => {
    const disk = (format: string): string => `domain: { disks: [{ format: ${format} }] }`;
    for (const format of ["qcow2", "DISK_FORMAT_QCOW2", "QCOW2"])
      assert.equal((await read(disk(format))).domain?.disks[0]?.format, DiskFormat.QCOW2);
  });

  it("is told the field that was meant of the message that it stands in, before one elsewhere", async () => {
    const text = "domain: { boot: { kernel: { path: /srv/vm/vmlinuz } } }";
    const ran = await vgpuctl("/nonexistent/vgpud.sock", ["create", "-f", "vm.yaml"], fileOf(text));
    assert.match(ran.stderr, /did you mean domain\.boot\.kernel\.kernel_path\?/);
  });

  it("may use anchors", async () => {
    const { domain } = await read(
      "domain:\n  labels: &l { a: b }\n  firmware: { type: uefi }\n  name: &n x\n  uuid: *n",
    );
    assert.deepEqual([domain?.uuid, domain?.firmware?.type], ["x", FirmwareType.UEFI]);
  });

  it("is told everything that is wrong with it, each with its line", async () => {
    const wrong = await readFile(
      new URL("../../../../test/golden/cli/wrong-request.yaml", import.meta.url),
      "utf8",
    );
    const ran = await vgpuctl("/nonexistent/vgpud.sock", ["create", "-f", "vm.yaml"], fileOf(wrong));
    assert.deepEqual([ran.exitCode, ran.stdout], [2, ""]);
    await matchesGolden("wrong-request.stderr.txt", ran.stderr);
  });

  for (const [name, text, says] of [
    ["is no YAML", "a: [", /^error: vm\.yaml:1:\d+: /],
    ["is empty", "# nothing", /^error: vm\.yaml:1:1: the file is empty; it takes a mapping/],
    ["has a key twice", "vgpu: {}\nvgpu: {}", /^error: vm\.yaml:2:1: vgpu: stands twice \(also at line 1\)/],
  ] as const)
    it(`is refused when it ${name}`, async () => {
      const ran = await vgpuctl("/nonexistent/vgpud.sock", ["create", "-f", "vm.yaml"], fileOf(text));
      assert.match(ran.stderr, says);
      assert.equal(ran.exitCode, 2);
    });

  it("is refused when it cannot be read", async () => {
    const ran = await vgpuctl("/nonexistent/vgpud.sock", ["create", "-f", "/nonexistent/vm.yaml"]);
    assert.match(ran.stderr, /^error: cannot read \/nonexistent\/vm\.yaml: no such file\n/);
  });
});

describe("vgpuctl create -f", () => {
  it("asks for what the file says, under a fresh claim id", async () => {
    await using vgpud = await fakeVgpud();
    const ran = await vgpuctl(vgpud.socketPath, ["create", "-f", "vm.yaml"], fileOf(GUEST));
    assert.equal(ran.exitCode, 0, ran.stderr);
    assert.deepEqual(vgpud.requests, [{ ...(await read(GUEST)), claimId: FRESH_ID }]);
    assert.deepEqual(ran.notes, [`claim id: ${FRESH_ID}`]);
  });

  it("takes the file's claim id, and makes none up", async () => {
    await using vgpud = await fakeVgpud();
    const ran = await vgpuctl(vgpud.socketPath, ["create", "-f", "-"], fileOf(`claim_id: job-9${GUEST}`));
    assert.deepEqual(ran.notes, []);
    assert.equal(vgpud.domains.get("job-9")?.name, "web-9");
  });

  it("does nothing when the file says so", async () => {
    await using vgpud = await fakeVgpud();
    const ran = await vgpuctl(vgpud.socketPath, ["create", "-f", "-"], fileOf(`validate_only: true${GUEST}`));
    assert.match(ran.stdout, /^dry run: nothing was made/);
    assert.deepEqual(ran.notes, []);
  });

  it("lets the name and the flags win, and leaves the rest of the file as it is", async () => {
    await using vgpud = await fakeVgpud();
    const flags = ["--mode", "gvt-g", "--memory", "64", "--disk", "/x", "--disk-format", "qcow2", "--vnc"];
    const argv = ["create", "web-8", "-f", "vm.yaml", ...flags, "--claim-id", "c"];
    const ran = await vgpuctl(vgpud.socketPath, argv, fileOf(GUEST));
    assert.equal(ran.exitCode, 0, ran.stderr);
    await matchesGolden("request-create-over-file.json", `${JSON.stringify(vgpud.requests, undefined, 2)}\n`);
  });

  it("names the line of a field that vgpud refuses, or the flag that won over it", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.refuse({
      code: status.INVALID_ARGUMENT,
      message: "m",
      reason: "FIELD_INVALID",
      field: "domain.disks[1].path",
    });
    const byFile = await vgpuctl(vgpud.socketPath, ["create", "-f", "vm.yaml"], fileOf(GUEST));
    assert.match(byFile.stderr, /set by vm\.yaml:7:\d+ \(domain\.disks\[1\]\.path\)/);
    vgpud.refuse({
      code: status.INVALID_ARGUMENT,
      message: "m",
      reason: "FIELD_INVALID",
      field: "domain.vcpus",
    });
    const argv = ["create", "-f", "vm.yaml", "--vcpus", "999"];
    assert.match(
      (await vgpuctl(vgpud.socketPath, argv, fileOf(GUEST))).stderr,
      /set by --vcpus \(domain\.vcpus\)/,
    );
  });

  it("shows with -o request what was asked, so that it can be asked again", async () => {
    await using vgpud = await fakeVgpud();
    const argv = ["create", "-f", "vm.yaml", "--dry-run", "-o", "request"];
    const ran = await vgpuctl(vgpud.socketPath, argv, fileOf(GUEST));
    assert.deepEqual(await read(ran.stdout), await read(GUEST));
  });

  it("refuses -o request for a create that is none", async () => {
    const argv = ["create", "-f", "vm.yaml", "-o", "request"];
    const ran = await vgpuctl("/nonexistent/vgpud.sock", argv, fileOf(GUEST));
    assert.match(ran.stderr, /-o request needs --dry-run/);
  });

  it("wants a name from somewhere", async () => {
    const nameless = GUEST.replace("name: web-9", "uuid: u");
    const ran = await vgpuctl("/nonexistent/vgpud.sock", ["create", "-f", "vm.yaml"], fileOf(nameless));
    assert.match(ran.stderr, /^error: NAME is missing/);
  });
});

describe("vgpuctl domains REF -o request", () => {
  it("refuses a list, and a domain whose making nobody knows", async () => {
    await using vgpud = await fakeVgpud();
    const list = await vgpuctl(vgpud.socketPath, ["domains", "-o", "request"]);
    assert.deepEqual([list.exitCode, list.stdout], [2, ""]);
    const unknown = await vgpuctl(vgpud.socketPath, ["domains", "web-1", "-o", "request"]);
    assert.equal(unknown.exitCode, 5);
    assert.match(unknown.stderr, /does not know what domain web-1 was made from/);
  });
});
