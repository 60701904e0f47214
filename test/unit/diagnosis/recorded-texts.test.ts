// What the recorded hosts together show of the table and of its texts.
import assert from "node:assert/strict";
import { languages, type Language } from "../../../agent/core/language.ts";
import { domainWithoutClaim } from "../../../agent/diagnosis/checks/claims.ts";
import { hostdUnavailable } from "../../../agent/diagnosis/checks/hostd.ts";
import { capacityDisagrees, gmFragmented } from "../../../agent/diagnosis/checks/room.ts";
import {
  bookedBeyondCapacity,
  bookedGpuVanished,
  bookingWithoutDomain,
  claimWithoutBooking,
  configuredBeyondCapacity,
  gpuPublishedTwice,
  schedulerUnavailable,
  schedulerUntold,
} from "../../../agent/diagnosis/checks/scheduler.ts";
import { tlsFileEnds } from "../../../agent/diagnosis/checks/tls.ts";
import { deviceModelMissing } from "../../../agent/diagnosis/checks/xen.ts";
import { modeNotServed } from "../../../agent/diagnosis/checks/served.ts";
import { gpuSettingDiffers } from "../../../agent/diagnosis/checks/setting.ts";
import { table } from "../../../agent/diagnosis/table.ts";
import { texts } from "../../../agent/diagnosis/texts/en.ts";
import type { Text } from "../../../agent/diagnosis/texts/text.ts";
import { ConditionStatus, type Condition } from "../../../proto/gen/vgpud/v1/condition.ts";
import { allDiagnoses } from "./recorded-diagnoses.ts";

const { PASS, FAIL, UNKNOWN, NOT_APPLICABLE } = ConditionStatus;

/** What a check cannot come to: it concerns every host, or says no more than that something is so. */
const never: Readonly<Partial<Record<string, readonly ConditionStatus[]>>> = {
  NO_HYPERVISOR: [NOT_APPLICABLE],
  INSIDE_GUEST: [NOT_APPLICABLE],
  NO_INTEL_GPU: [NOT_APPLICABLE],
  IOMMU_OFF: [NOT_APPLICABLE],
  GVT_TROUBLE_IN_LOG: [NOT_APPLICABLE],
  VIRGL_NOT_ON_XEN: [PASS],
  LIBVIRT_UNAVAILABLE: [NOT_APPLICABLE],
  LIBVIRT_GUESTS_SUSPEND: [NOT_APPLICABLE],
  QEMU_MISSING: [NOT_APPLICABLE],
  GPU_MODEL_UNKNOWN: [NOT_APPLICABLE],
  GPU_WITHOUT_DRIVER: [NOT_APPLICABLE],
  HOST_DISPLAY_ON_GPU: [NOT_APPLICABLE],
};

/** Of what only a running agent knows: room.test.ts, hostd.test.ts, setting.test.ts, device-model.test.ts, scheduler.test.ts, tls.test.ts and claims.test.ts examine them. */
const ofAnAgent: ReadonlySet<string> = new Set([
  ...[capacityDisagrees.code, gmFragmented.code],
  ...[hostdUnavailable.code, gpuSettingDiffers.code, deviceModelMissing.code],
  ...[schedulerUnavailable.code, schedulerUntold.code, bookingWithoutDomain.code, claimWithoutBooking.code],
  ...[bookedBeyondCapacity.code, bookedGpuVanished.code, gpuPublishedTwice.code],
  ...[configuredBeyondCapacity.code],
  ...[tlsFileEnds.code, domainWithoutClaim.code],
]);
/** What it says of a host changes with the release: served.test.ts examines it. */
const ofTheRelease = modeNotServed.code;
const ofAnyTree = table.filter(({ code }) => !ofAnAgent.has(code) && code !== ofTheRelease);

/** What no recorded host shows: a cause always says it first, or a description has no way to leave the file out. */
const unseen: readonly string[] = [
  // Of a device without a host.
  ...["GPU_MODEL_UNKNOWN no-gpu-known", "SRIOV_DRIVER_UNFIT from-outside"],
  ...["SRIOV_DRIVER_UNFIT none-known", "SRIOV_DRIVER_UNFIT to-be-told", "SRIOV_DRIVER_UNFIT xe-alone"],
  // Of this machine; a tree has its log or has it not.
  "GVT_TROUBLE_IN_LOG not-readable",
  "APERTURE_NOT_BEST not-assigned",
  // Of a GPU whose driver shows virtual functions the driver knows better; the others have another cause.
  "SRIOV_UNSUPPORTED_PLATFORM kernel-unknown",
  // Only an agent has hostd ask perf: sriov-use.test.ts.
  ...["SRIOV_USE_UNCOUNTED counted", "SRIOV_USE_UNCOUNTED failed"],
  ...["SRIOV_USE_UNCOUNTED no-permission", "SRIOV_USE_UNCOUNTED paranoid"],
  // Recorded hosts have no framebuffers: cli/doctor.test.ts.
  "HOST_DISPLAY_ON_GPU console",
  "INSIDE_GUEST nameless-guest",
  "LIBVIRT_DRIVER_UNFIT not-known",
  "LIBVIRT_TOO_OLD not-known",
  "LIBVIRT_WITHOUT_OVERRIDE not-known",
  "LIBVIRT_WITHOUT_RAMFB not-known",
  "LIBVIRT_WITHOUT_RENDERNODE not-known",
  "MSRS_NOT_IGNORED absent",
  // Of a running agent: vfio-pci.test.ts, setting.test.ts and vgt-counts.test.ts.
  "VFIO_PCI_MISSING not-loaded",
  ...["GPU_WITHOUT_DRIVER as-set", "GPU_WITHOUT_DRIVER parked"],
  ...["VGPU_COUNT_UNREADABLE before", "VGPU_COUNT_UNREADABLE xengt"],
];

interface Said {
  readonly host: string;
  readonly condition: Condition;
}

describe("the recorded hosts together", () => {
  const said = new Map<Language, Said[]>();

  before(async () => {
    const all = await allDiagnoses();
    for (const language of languages) {
      const of = all.flatMap(({ name, ...diagnosis }) =>
        diagnosis[language].conditions.map((condition) => ({ host: name, condition })),
      );
      said.set(language, of);
    }
  });

  it("show every check as passed, as failed, and as not applicable where it can be", () => {
    const seen = new Set(
      (said.get("en") ?? []).map(({ condition }) => key(condition.reason, condition.status)),
    );
    const missing = ofAnyTree.flatMap(({ code }) =>
      [PASS, FAIL, NOT_APPLICABLE]
        .filter((status) => seen.has(key(code, status)) === (never[code]?.includes(status) ?? false))
        .map((status) => key(code, status)),
    );
    assert.deepEqual(missing, []);
  });

  it("show every message, but for those that are listed", () => {
    const english = said.get("en") ?? [];
    const missing = ofAnyTree.flatMap(({ code }) => {
      const text: Text = texts[code];
      const shown = english.filter(({ condition }) => condition.reason === code);
      return Object.keys(text.messages)
        .filter((says) => !shown.some(({ condition }) => isSaid(text, { says, condition })))
        .map((says) => `${code} ${says}`);
    });
    assert.deepEqual(missing.sort(), unseen.toSorted());
  });

  for (const language of languages) {
    it(`leave no place of a text unfilled (${language})`, () => {
      const open = (said.get(language) ?? []).filter(
        ({ condition: { message, remedy } }) => message === "" || /\{\w*\}/.test(message + remedy),
      );
      assert.deepEqual(open.map(tell), []);
    });

    it(`have a remedy for everything that failed and for nothing that is well (${language})`, () => {
      const wrong = (said.get(language) ?? []).filter(
        ({ condition: { status, remedy } }) => status !== UNKNOWN && (status === FAIL) !== (remedy !== ""),
      );
      assert.deepEqual(wrong.map(tell), []);
    });

    it(`are told on one line of bearable length, whatever stands in their files (${language})`, () => {
      const long = (said.get(language) ?? []).filter(
        ({ condition: { message, remedy } }) => /\p{Cc}/u.test(message + remedy) || message.length > 1000,
      );
      assert.deepEqual(long.map(tell), []);
    });
  }
});

/** Told apart by the remedy where two messages are the same. */
function isSaid(
  { messages, remedies }: Text,
  { says, condition }: { readonly says: string; readonly condition: Condition },
): boolean {
  const isFilled = (template: string, text: string): boolean =>
    new RegExp(
      `^${template
        .split(/\{\w+\}/)
        .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"))
        .join(".*")}$`,
    ).test(text);
  return (
    isFilled(messages[says] ?? "", condition.message) && isFilled(remedies[says] ?? "", condition.remedy)
  );
}

function key(code: string, status: ConditionStatus): string {
  return `${code} ${status}`;
}

function tell({ host, condition: { reason, status, message } }: Said): string {
  return `${host}: ${reason} ${status}: ${message}`;
}
