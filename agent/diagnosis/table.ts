// Every condition there is: causes before what depends on them. docs/reference/diagnosis.md is made from this.
import type { Check } from "./condition.ts";
import { domainWithoutClaim } from "./checks/claims.ts";
import {
  gpuModelUnknown,
  gpuWithoutDriver,
  hostDisplayOnGpu,
  noIntelGpu,
  renderNodeMissing,
} from "./checks/gpu.ts";
import {
  apertureNotBest,
  apertureTooLarge,
  apertureTooSmall,
  gvtDriverUnfit,
  gvtUnsupportedPlatform,
  vgpuCountUnreadable,
  vgpuTypesMissing,
} from "./checks/gvt-gpu.ts";
import {
  gvtDisabled,
  gvtGucConflict,
  gvtNotBuilt,
  gvtTroubleInLog,
  kvmgtNotLoaded,
  mdevNotLoaded,
  vfioNotLoaded,
} from "./checks/gvt-kernel.ts";
import { libvirtGuestsSuspend } from "./checks/guests-at-shutdown.ts";
import { hostdUnavailable } from "./checks/hostd.ts";
import { insideGuest, iommuOff, lockdown, msrsNotIgnored, noHypervisor } from "./checks/machine.ts";
import { iommuGroupMissing, iommuGroupShared, vfioPciMissing } from "./checks/passthrough.ts";
import { capacityDisagrees, gmFragmented } from "./checks/room.ts";
import {
  bookedBeyondCapacity,
  bookedGpuVanished,
  bookingWithoutDomain,
  claimWithoutBooking,
  configuredBeyondCapacity,
  gpuPublishedTwice,
  schedulerUnavailable,
  schedulerUntold,
} from "./checks/scheduler.ts";
import { modeNotServed } from "./checks/served.ts";
import { gpuSettingDiffers } from "./checks/setting.ts";
import {
  sriovAdminMissing,
  sriovAutoprobe,
  sriovDriverUnfit,
  sriovLimitZero,
  sriovNotOffered,
  sriovUnsupportedPlatform,
  sriovUseUncounted,
} from "./checks/sriov.ts";
import { tlsFileEnds } from "./checks/tls.ts";
import {
  libvirtDriverUnfit,
  libvirtTooOld,
  libvirtUnavailable,
  libvirtWithoutOverride,
  libvirtWithoutRamfb,
  libvirtWithoutRendernode,
  macDeniesVfio,
  memlockTooLow,
  qemuMissing,
  qemuWithoutOpengl,
} from "./checks/virtualization.ts";
import { deviceModelMissing, virglNotOnXen, xengtMissing, xenPcibackMissing } from "./checks/xen.ts";

export const table: readonly Check[] = [
  ...[noHypervisor, insideGuest, noIntelGpu, iommuOff, lockdown, msrsNotIgnored],
  ...[
    gvtNotBuilt,
    gvtDisabled,
    gvtGucConflict,
    kvmgtNotLoaded,
    mdevNotLoaded,
    vfioNotLoaded,
    vfioPciMissing,
    gvtTroubleInLog,
  ],
  ...[xengtMissing, deviceModelMissing, xenPcibackMissing, virglNotOnXen],
  ...[libvirtUnavailable, libvirtTooOld, libvirtWithoutRamfb, libvirtWithoutRendernode],
  ...[libvirtWithoutOverride, libvirtDriverUnfit, libvirtGuestsSuspend],
  ...[qemuMissing, qemuWithoutOpengl, memlockTooLow, macDeniesVfio, hostdUnavailable, modeNotServed],
  ...[schedulerUnavailable, schedulerUntold, bookingWithoutDomain, claimWithoutBooking],
  ...[bookedBeyondCapacity, bookedGpuVanished, gpuPublishedTwice, configuredBeyondCapacity],
  ...[tlsFileEnds, domainWithoutClaim],
  ...[gpuModelUnknown, gpuWithoutDriver, hostDisplayOnGpu, gpuSettingDiffers],
  ...[
    gvtUnsupportedPlatform,
    gvtDriverUnfit,
    apertureTooSmall,
    apertureTooLarge,
    apertureNotBest,
    vgpuTypesMissing,
    vgpuCountUnreadable,
    capacityDisagrees,
    gmFragmented,
  ],
  ...[iommuGroupMissing, iommuGroupShared, renderNodeMissing],
  ...[
    sriovUnsupportedPlatform,
    sriovDriverUnfit,
    sriovLimitZero,
    sriovNotOffered,
    sriovAutoprobe,
    sriovAdminMissing,
    sriovUseUncounted,
  ],
];
