// What a refusal of vgpud looks like: its exit code, with the lines that say what would work.
import { status } from "@grpc/grpc-js";
import assert from "node:assert/strict";
import { PlacementDecision } from "../../../proto/gen/vgpud/v1/placement.ts";
import { CREATE } from "./create-line.ts";
import { fakeVgpud } from "./fake-vgpud.ts";
import type { Refusal } from "./fake-refusal.ts";
import { refusedDecision } from "./facts.ts";
import { FRESH_ID, matchesGolden, vgpuctl } from "./vgpuctl.ts";

interface RefusedCase {
  readonly refusal: Refusal;
  readonly exitCode: number;
  readonly says: RegExp;
}

const refused: Readonly<Record<string, RefusedCase>> = {
  "names the flag of a field": {
    refusal: { code: status.INVALID_ARGUMENT, message: "m", reason: "FIELD_INVALID", field: "domain.vcpus" },
    exitCode: 2,
    says: /set by --vcpus \(domain\.vcpus\)\nhint: vgpuctl create --help/,
  },
  "names the flag of a field inside its message": {
    refusal: {
      code: status.INVALID_ARGUMENT,
      message: "m",
      reason: "FIELD_INVALID",
      field: "vgpu.sizes.vgt_low_gm_sz",
    },
    exitCode: 2,
    says: /set by --sizes \(vgpu\.sizes\.vgt_low_gm_sz\)/,
  },
  "names a field that no flag sets": {
    refusal: { code: status.INVALID_ARGUMENT, message: "m", reason: "FIELD_INVALID", field: "request_id" },
    exitCode: 2,
    says: /^error: m \[FIELD_INVALID\]\n {2}at request_id\n/,
  },
  "says of a field that vgpuctl made up which flag gives it": {
    refusal: { code: status.INVALID_ARGUMENT, message: "m", reason: "FIELD_INVALID", field: "claim_id" },
    exitCode: 2,
    says: /made up, since no --claim-id was given \(claim_id\)/,
  },
  "names the operand of a field": {
    refusal: { code: status.INVALID_ARGUMENT, message: "m", reason: "FIELD_INVALID", field: "domain.name" },
    exitCode: 2,
    says: /set by NAME \(domain\.name\)/,
  },
  "points to the GPUs for an unknown type": {
    refusal: { code: status.NOT_FOUND, message: "no such type", reason: "TYPE_UNKNOWN" },
    exitCode: 1,
    says: /^error: no such type \[TYPE_UNKNOWN\]\nhint: vgpuctl --socket \S+ gpus\n$/,
  },
  "repeats a change on the socket that allows it": {
    refusal: {
      code: status.PERMISSION_DENIED,
      message: "read-only socket",
      reason: "SOCKET_READ_ONLY",
      about: { admin_socket: "/run/a.sock" },
    },
    exitCode: 4,
    says: /hint: on the socket for changes: vgpuctl create web-2 .* --socket \/run\/a\.sock --claim-id \S+\nhint: or with its rights: sudo vgpuctl create/,
  },
  "tells a refusal by the agent's rights": {
    refusal: { code: status.PERMISSION_DENIED, message: "read-only socket" },
    exitCode: 4,
    says: /hint: sudo vgpuctl --socket \S+ create web-2 /,
  },
  "ends as schedule does where the scheduler in front of the host does not answer": {
    refusal: { code: status.UNAVAILABLE, message: "no answer", reason: "SCHEDULER_UNAVAILABLE" },
    exitCode: 8,
    says: /^error: no answer \[SCHEDULER_UNAVAILABLE\]\n/,
  },
  "tells a mode that this host cannot do": {
    refusal: { code: status.FAILED_PRECONDITION, message: "m", reason: "MODE_UNSUPPORTED" },
    exitCode: 5,
    says: /hint: vgpuctl --socket \S+ doctor/,
  },
  "tells a field that this host cannot have": {
    refusal: {
      code: status.FAILED_PRECONDITION,
      message: "m",
      reason: "FIELD_NOT_SUPPORTED_HERE",
      field: "domain.xen_guest_type",
    },
    exitCode: 5,
    says: /at domain\.xen_guest_type\n/,
  },
  "tells a field that this release does not serve": {
    refusal: { code: status.INVALID_ARGUMENT, message: "m", reason: "FIELD_NOT_SERVED", field: "request_id" },
    exitCode: 5,
    says: /at request_id\n/,
  },
  "tells a host without the device model that is configured": {
    refusal: { code: status.FAILED_PRECONDITION, message: "m", reason: "DEVICE_MODEL_MISSING" },
    exitCode: 5,
    says: /\[DEVICE_MODEL_MISSING\]\nhint: vgpuctl --socket \S+ doctor/,
  },
  "leads to xenstored where hostd asked it in vain": {
    refusal: {
      code: status.UNAVAILABLE,
      message: "m",
      reason: "HOSTD_UNAVAILABLE",
      about: { xenstore: "/local/domain" },
    },
    exitCode: 1,
    says: /hint: pgrep -a xenstored\n/,
  },
  "leads who has booked nothing to what books and makes": {
    refusal: { code: status.FAILED_PRECONDITION, message: "m", reason: "CLAIM_NOT_BOOKED" },
    exitCode: 1,
    says: /\[CLAIM_NOT_BOOKED\]\nhint: without Nova, .*: vgpuctl schedule create --flavor /,
  },
  "does not lead a job of Slurm's to Placement": {
    refusal: {
      ...{ code: status.FAILED_PRECONDITION, message: "m", reason: "CLAIM_NOT_BOOKED" },
      about: { claim_id: "slurm:c:1" },
    },
    exitCode: 1,
    says: /^error: m \[CLAIM_NOT_BOOKED\]\n$/,
  },
  "tells a domain that has its vGPU already": {
    refusal: { code: status.FAILED_PRECONDITION, message: "m", reason: "DOMAIN_HAS_VGPU" },
    exitCode: 7,
    says: /\[DOMAIN_HAS_VGPU\]/,
  },
  "tells a method that is not served": {
    refusal: { code: status.UNIMPLEMENTED, message: "m", reason: "NOT_IMPLEMENTED" },
    exitCode: 5,
    says: /\[NOT_IMPLEMENTED\]/,
  },
  "shows what each GPU lacks": {
    refusal: {
      code: status.RESOURCE_EXHAUSTED,
      message: "no room",
      reason: "APERTURE_EXHAUSTED",
      decision: refusedDecision,
    },
    exitCode: 6,
    says: / {2}0000:00:02\.0 .* APERTURE_EXHAUSTED {2}128 MiB of aperture needed, 64 MiB free\nhint: \S+ --socket \S+ gpus/,
  },
  "tells once why no GPU is fit, where the message has said it of each": {
    refusal: {
      code: status.FAILED_PRECONDITION,
      message: "no GPU gives it: 0000:03:00.0 has no SR-IOV",
      reason: "MODE_UNSUPPORTED",
      decision: PlacementDecision.fromPartial({
        candidates: [{ gpu: "0000:03:00.0", reason: "MODE_UNSUPPORTED", message: "has no SR-IOV" }],
      }),
    },
    exitCode: 5,
    says: /^error: [^\n]*has no SR-IOV \[MODE_UNSUPPORTED\]\nhint: /,
  },
  "does not take a message above the limit for a lack of room": {
    refusal: { code: status.RESOURCE_EXHAUSTED, message: "too large" },
    exitCode: 1,
    says: /^error: too large\n$/,
  },
  "tells a claim id that stands for something else": {
    refusal: { code: status.ALREADY_EXISTS, message: "m", reason: "CLAIM_REUSED" },
    exitCode: 7,
    says: new RegExp(`hint: vgpuctl --socket \\S+ domains claim:${FRESH_ID}`),
  },
  "tells a vGPU in use": {
    refusal: { code: status.FAILED_PRECONDITION, message: "m", reason: "VGPU_IN_USE" },
    exitCode: 7,
    says: /\[VGPU_IN_USE\]/,
  },
  "leads from a GPU that is in use to who has it, and from functions that nobody need have to making it whole":
    {
      refusal: {
        code: status.FAILED_PRECONDITION,
        message: "m",
        reason: "VGPU_IN_USE",
        about: { gpu: "0000:3d:00.0", virtual_functions: "3" },
      },
      exitCode: 7,
      says: /\nhint: vgpuctl --socket \S+ gpus 0000:3d:00\.0\nhint: vgpuctl --socket \S+ vgpus\nhint: to make it whole: vgpuctl --socket \S+ set-functions 0000:3d:00\.0 0\nhint: then: /,
    },
  "leads from a device model that is missing to what the doctor says of it": {
    refusal: { code: status.FAILED_PRECONDITION, message: "m", reason: "DEVICE_MODEL_MISSING" },
    exitCode: 5,
    says: /\nhint: vgpuctl --socket \S+ doctor --mode gvt-g\nhint: once the configuration names it: systemctl restart vgpud\n$/,
  },
  "leads from a domain that has a vGPU to the vGPUs": {
    refusal: { code: status.FAILED_PRECONDITION, message: "m", reason: "DOMAIN_HAS_VGPU" },
    exitCode: 7,
    says: /\nhint: vgpuctl --socket \S+ vgpus\n$/,
  },
  "leads from what libvirt refuses to the doctor and to its log": {
    refusal: { code: status.FAILED_PRECONDITION, message: "m", reason: "LIBVIRT_REFUSED" },
    exitCode: 1,
    says: /\nhint: vgpuctl --socket \S+ doctor\nhint: what libvirt says of it: journalctl/,
  },
  "tells a disk that another domain has, with the domains to look at": {
    refusal: {
      code: status.FAILED_PRECONDITION,
      message: "m",
      reason: "DISK_IN_USE",
      field: "domain.disks[0].path",
    },
    exitCode: 7,
    says: /set by --disk .*\nhint: vgpuctl --socket \S+ domains\n$/,
  },
  "leads to the configuration for a network that it does not list": {
    refusal: {
      code: status.INVALID_ARGUMENT,
      message: "m",
      reason: "NETWORK_NOT_ALLOWED",
      field: "domain.nics[0].network",
    },
    exitCode: 1,
    says: /\nhint: once the configuration lists it: systemctl reload vgpud\n$/,
  },
  "leads from a path that is not allowed to no flag": {
    refusal: { code: status.INVALID_ARGUMENT, message: "m", reason: "PATH_NOT_ALLOWED", field: "request_id" },
    exitCode: 1,
    says: /^error: m \[PATH_NOT_ALLOWED\]\n {2}at request_id\n$/,
  },
  "tells a change that another one took over": {
    refusal: { code: status.ABORTED, message: "m", reason: "SUPERSEDED" },
    exitCode: 7,
    says: /\[SUPERSEDED\]/,
  },
  "repeats the claim id in the line that tries again": {
    refusal: { code: status.UNAVAILABLE, message: "m", reason: "LIBVIRT_UNAVAILABLE", retrySeconds: 2 },
    exitCode: 1,
    says: new RegExp(`hint: wait 2s, then: vgpuctl .*--kernel /k --claim-id ${FRESH_ID}\n`),
  },
  "escapes what a message brings": {
    refusal: { code: status.INTERNAL, message: "bad \u001b[31m", reason: "INTERNAL" },
    exitCode: 1,
    says: /^error: bad \\x1b\[31m \[INTERNAL\]\n$/,
  },
};

describe("a refused call", () => {
  for (const [name, { refusal, exitCode, says }] of Object.entries(refused))
    it(name, async () => {
      await using vgpud = await fakeVgpud();
      vgpud.refuse(refusal);
      const ran = await vgpuctl(vgpud.socketPath, CREATE);
      assert.equal(ran.stdout, "");
      assert.match(ran.stderr, says);
      assert.equal(ran.exitCode, exitCode);
    });

  it("names who holds a vGPU that cannot be removed yet", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.hold();
    const ran = await vgpuctl(vgpud.socketPath, ["destroy", "web-1"]);
    assert.equal(ran.exitCode, 7);
    await matchesGolden("destroy-held.txt", ran.stdout);
    await matchesGolden("destroy-held.stderr.txt", ran.stderr.replace(vgpud.socketPath, "/SOCKET"));
  });

  it("leads from a foreign domain to its adoption", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.refuse({ code: status.FAILED_PRECONDITION, message: "m", reason: "DOMAIN_FOREIGN" });
    const ran = await vgpuctl(vgpud.socketPath, ["destroy", "desk-7"]);
    assert.equal(ran.exitCode, 7);
    assert.match(ran.stderr, /domains desk-7\nhint: .* adopt VGPU_ID --with-domain\n$/);
  });

  it("leads from a vGPU that others made to its adoption, before it is deleted", async () => {
    await using vgpud = await fakeVgpud();
    const id = "f00df00d-0000-4000-8000-000000000001";
    vgpud.refuse({
      ...{ code: status.FAILED_PRECONDITION, message: "m", reason: "CLAIM_STATE", about: { vgpu_id: id } },
    });
    const ran = await vgpuctl(vgpud.socketPath, ["delete-vgpu", id]);
    assert.equal(ran.exitCode, 7);
    const [adopt, again] = ran.stderr.split("\n").slice(1);
    assert.equal(adopt, `hint: to take it over first: vgpuctl --socket ${vgpud.socketPath} adopt ${id}`);
    assert.equal(again, `hint: then: vgpuctl --socket ${vgpud.socketPath} delete-vgpu ${id}`);
  });

  it("leads from an unknown claim to the domains as well as the vGPUs", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.refuse({ code: status.NOT_FOUND, message: "m", reason: "VGPU_NOT_FOUND" });
    const ran = await vgpuctl(vgpud.socketPath, ["reconcile", "nope"]);
    assert.match(ran.stderr, / vgpus\nhint: .* domains\n$/);
  });

  it("ends a reconciliation with what kept its first step that failed", async () => {
    await using vgpud = await fakeVgpud();
    vgpud.hold();
    const ran = await vgpuctl(vgpud.socketPath, ["reconcile"]);
    assert.equal(ran.exitCode, 7);
    assert.match(ran.stdout, /remove-vgpu +failed .*the vGPU is still open \[VGPU_IN_USE\]/);
    assert.match(ran.stderr, /^error: 1 of 2 steps failed; .* by themselves \[VGPU_IN_USE\]\n/);
  });
});
