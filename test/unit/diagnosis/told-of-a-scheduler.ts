// What is said of the scheduler in front of a host, in all languages, of what vgpud knows of it.
import assert from "node:assert/strict";
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
import type { Condition, HostSubject } from "../../../agent/diagnosis/condition.ts";
import { diagnose } from "../../../agent/diagnosis/diagnose.ts";
import type { SchedulerBooks, SchedulerReading } from "../../../agent/diagnosis/scheduler-reading.ts";
import { messageOf, remedyOf } from "../../../agent/diagnosis/words.ts";
import type { PciAddress } from "../../../agent/core/ids.ts";
import { languages } from "../../../agent/core/language.ts";
import { RootedFiles } from "../../../agent/host/files.ts";

export const gpu = "0000:00:02.0" as PciAddress;
export const named = { name: "placement", policy: "require", isTold: true, booksBy: "allocation" } as const;
export const told = { kind: "told", ...named, untold: undefined, withoutDomains: false, closed: [] } as const;
export const ofJobs = { name: "slurm", booksBy: "job" } as const;
export const agreed: SchedulerBooks = {
  ...{ graceSeconds: 1800, grace: "30m" },
  ...{ withoutDomain: [], withoutBooking: [], overbooked: [], vanished: [] },
  ...{ publishedTwice: [], configured: { beyond: undefined } },
};
const checks = [
  ...[schedulerUnavailable, schedulerUntold, bookingWithoutDomain, claimWithoutBooking],
  ...[bookedBeyondCapacity, bookedGpuVanished, gpuPublishedTwice, configuredBeyondCapacity],
];

export const waiting = (seconds: number, booking = `of-${seconds}`) => ({
  ...{ booking, gpu, seconds },
  amounts: "1 slice, 64 MiB low GM",
  isOurs: false,
});

/** Each with words for everything, and a remedy where it failed. */
export async function conditionsOf(scheduler: SchedulerReading | undefined): Promise<readonly Condition[]> {
  const host: HostSubject = {
    ...{ hypervisor: "kvm", kernel: { major: 6, minor: 1 }, kernelRelease: "6.1.0", gpus: [] },
    ...{ libvirt: { asked: false, why: "a test" }, kernelLog: [] },
    ...{ hostd: undefined, rooms: undefined, settings: undefined },
    ...(scheduler && { scheduler }),
  };
  const { conditions } = await diagnose(new RootedFiles("/nowhere"), host, checks);
  for (const condition of conditions)
    for (const language of languages) {
      const [message, remedy] = [messageOf(condition, language), remedyOf(condition, language)];
      assert.doesNotMatch(message + remedy, /\{\w*\}/);
      assert.ok(condition.finding.status !== "fail" || remedy !== "", message);
    }
  return conditions;
}
