// What vgpud makes of each fault of the simulator, for the page of faults. test/e2e/fault-kinds.test.ts holds them to it.
import type { Reason } from "../agent/core/reasons.ts";
import type { FaultKind } from "../agent/simulator/faults/kinds.ts";

interface FaultNote {
  /** What a client sees. */
  readonly answer: string;
  /** The reasons that it is told, in the order of the text. */
  readonly reasons: readonly Reason[];
}

export const faultNotes: Readonly<Record<FaultKind, FaultNote>> = {
  CREATE_FAILS: {
    answer:
      "the create is undone and answers `KERNEL_REFUSED` with the errno; for ENOSPC `GM_FRAGMENTED`, or `KERNEL_REPORTS_NO_ROOM` when the kernel counts none either",
    reasons: ["KERNEL_REFUSED", "GM_FRAGMENTED"],
  },
  CREATE_LATE: {
    answer:
      "the create waits; after 10 s it is undone and answers `KERNEL_TIMEOUT`, and what was made late is removed",
    reasons: ["KERNEL_TIMEOUT"],
  },
  CREATE_SHOWS_NOTHING: {
    answer: "the create is undone and answers `READBACK_MISMATCH`",
    reasons: ["READBACK_MISMATCH"],
  },
  CREATE_PARTIAL: {
    answer:
      "libvirt cannot start the domain: the create is undone and answers `LIBVIRT_REFUSED` with its words",
    reasons: ["LIBVIRT_REFUSED"],
  },
  REMOVE_BLOCKS: {
    answer:
      "the destroy answers after 15 s with `DELETING` and `VGPU_REMOVE_BLOCKED`, and goes on by itself; the room still counts",
    reasons: ["VGPU_REMOVE_BLOCKED"],
  },
  REMOVE_LEAKS: {
    answer:
      "the destroy succeeds; the GPU has the condition `CAPACITY_DISAGREES`, and a create that the kernel has no room for answers `KERNEL_REPORTS_NO_ROOM`",
    reasons: ["CAPACITY_DISAGREES", "KERNEL_REPORTS_NO_ROOM"],
  },
  REMOVE_FAILS: {
    answer: "the destroy answers `KERNEL_REFUSED` with the errno, and is tried again by itself",
    reasons: ["KERNEL_REFUSED"],
  },
  VGPU_VANISHES: {
    answer:
      "the vGPU is listed as not present, its domain as it is with a claim that has failed for `DOMAIN_WITHOUT_VGPU`; it can be stopped and started, which makes the vGPU again, and destroyed",
    reasons: ["DOMAIN_WITHOUT_VGPU"],
  },
  VGPU_HELD: {
    answer:
      "the destroy answers after 15 s with `DELETING`, `VGPU_IN_USE` and the process as holder, and goes on by itself; a start answers `LIBVIRT_REFUSED`",
    reasons: ["VGPU_IN_USE", "LIBVIRT_REFUSED"],
  },
  BIND_FAILS: {
    answer:
      "a change of mode that takes a GPU from the host, or gives it back, answers `KERNEL_REFUSED` with the errno, and the GPU keeps driver and mode",
    reasons: ["KERNEL_REFUSED"],
  },
  BIND_HANGS: {
    answer:
      "a change of mode that takes a GPU from the host, or gives it back, answers `KERNEL_TIMEOUT` after 30 s; the mode is set, and the driver follows when the fault ends",
    reasons: ["KERNEL_TIMEOUT"],
  },
  SET_VIRTUAL_FUNCTIONS_FAILS: {
    answer: "`SetVirtualFunctions` answers `KERNEL_REFUSED` with the errno, and the number is as it was",
    reasons: ["KERNEL_REFUSED"],
  },
  SET_VIRTUAL_FUNCTIONS_BLOCKS: {
    answer:
      "`SetVirtualFunctions` answers `KERNEL_TIMEOUT` after a minute; the number is written down, and the functions are made when the fault ends",
    reasons: ["KERNEL_TIMEOUT"],
  },
  GM_FRAGMENTED: {
    answer:
      "the create of a larger type is undone and answers `GM_FRAGMENTED`; the smallest type can be made",
    reasons: ["GM_FRAGMENTED"],
  },
  AVAILABLE_INSTANCES_WRONG: {
    answer:
      "the GPU has the condition `CAPACITY_DISAGREES`, and the smaller count holds: where the kernel shows none, a create answers `KERNEL_REPORTS_NO_ROOM`",
    reasons: ["CAPACITY_DISAGREES", "KERNEL_REPORTS_NO_ROOM"],
  },
  FILE_FAILS: {
    answer:
      "what the file tells is unknown, all else is served; the log names the file and why, once, and `vgpud_inventory_unread_files` counts it",
    reasons: [],
  },
  GPU_VANISHES: {
    answer: "the GPU is not listed, and a create that names it answers `GPU_NOT_FOUND`",
    reasons: ["GPU_NOT_FOUND"],
  },
  GPU_UNBOUND: {
    answer:
      "the GPU is listed without driver and types, its vGPUs as not present; a create that names it answers `MODE_UNSUPPORTED`",
    reasons: ["MODE_UNSUPPORTED"],
  },
  GPU_PASSED_THROUGH: {
    answer:
      "the GPU is listed with driver vfio-pci and, of types, with the whole GPU alone, which is taken; a create that names it answers `MODE_UNSUPPORTED`",
    reasons: ["MODE_UNSUPPORTED"],
  },
  KVMGT_UNLOADED: {
    answer: "GPUs are listed without types, vGPUs as not present; a create answers `MODE_UNSUPPORTED`",
    reasons: ["MODE_UNSUPPORTED"],
  },
  HOSTD_HANGS: {
    answer: "the create answers `HOSTD_UNAVAILABLE`, and what hostd makes late is removed",
    reasons: ["HOSTD_UNAVAILABLE"],
  },
  HOSTD_GONE: {
    answer: "the create answers `HOSTD_UNAVAILABLE`",
    reasons: ["HOSTD_UNAVAILABLE"],
  },
  LIBVIRT_HANGS: {
    answer: "reads go on without libvirt's part; changes answer `LIBVIRT_TIMEOUT` or `LIBVIRT_UNAVAILABLE`",
    reasons: ["LIBVIRT_UNAVAILABLE"],
  },
  LIBVIRT_GONE: {
    answer: "reads go on without libvirt's part; changes answer `LIBVIRT_UNAVAILABLE`",
    reasons: ["LIBVIRT_UNAVAILABLE"],
  },
  LIBVIRT_ERROR: {
    answer: "the create is undone and answers `LIBVIRT_REFUSED` with `message`",
    reasons: ["LIBVIRT_REFUSED"],
  },
  LIBVIRT_EVENTS_LOST: {
    answer: "what others do to domains is seen at the next look, 60 s later at the latest",
    reasons: [],
  },
  DOMAIN_STARTS_LATE: { answer: "the create waits for it", reasons: [] },
  DOMAIN_CRASHES: {
    answer: "the claim is `STOPPED` and holds its slice; the domain can be started again",
    reasons: [],
  },
  GUEST_IGNORES_SHUTDOWN: {
    answer: "a stop forces the domain off after its grace period; with `no_force` it waits on",
    reasons: [],
  },
  GUEST_SHUTDOWN_LATE: {
    answer: "a stop waits for it, as long as its grace period lasts",
    reasons: [],
  },
};
