// What callers may ask to be changed, as the verbs of domains, vGPUs and reservations.
import { randomUUID } from "node:crypto";
import { systemClock as clock } from "../core/clock.ts";
import type { LibvirtHost } from "../host/libvirt.ts";
import type { Admission } from "../lifecycle/admission.ts";
import { Adoption } from "../lifecycle/adoption.ts";
import type { OnPoint } from "../lifecycle/crash-points.ts";
import { DomainService } from "../lifecycle/domain-service.ts";
import { Expiry } from "../lifecycle/expiry.ts";
import { Intents, type IntentsOptions } from "../lifecycle/intents.ts";
import type { GpuModes } from "../lifecycle/gpu-modes.ts";
import { ReservationService } from "../lifecycle/reservation-service.ts";
import { ReturnedDomains } from "../lifecycle/returned-domains.ts";
import { toldMarks } from "../lifecycle/told-marks.ts";
import { VgpuService } from "../lifecycle/vgpu-service.ts";

export interface Services {
  readonly domains: DomainService;
  readonly vgpus: VgpuService;
  readonly reservations: ReservationService;
  readonly adoption: Adoption;
  readonly expiry: Expiry;
}

export function composeServices(
  parts: Pick<IntentsOptions, "ledger" | "lookout" | "driver" | "operations"> & {
    readonly modes: GpuModes;
    readonly admission: Admission;
    readonly libvirt: LibvirtHost;
    /** Whether Xen's guests have their slices from a device model, and not from vgpud. */
    readonly byDeviceModel: boolean;
    readonly onPoint: OnPoint;
    readonly cut: AbortSignal;
  },
): Services {
  const { ledger, lookout, driver, operations, modes, admission, libvirt, byDeviceModel, onPoint, cut } =
    parts;
  const intents = new Intents({
    ...{ ledger, lookout, driver, operations, clock },
    newOperationId: randomUUID,
  });
  return {
    domains: new DomainService({
      ...{ ledger, admission, lookout, intents, clock, byDeviceModel },
      returned: new ReturnedDomains({ ledger, lookout, driver }),
    }),
    vgpus: new VgpuService({ ledger, modes, admission, lookout, intents, clock }),
    reservations: new ReservationService({ ledger, admission, lookout, clock }),
    adoption: new Adoption({
      ...{ ledger, modes, lookout, clock, marks: toldMarks(libvirt, onPoint), stop: cut },
      newOperationId: randomUUID,
    }),
    expiry: new Expiry({ ledger, driver, clock, stop: cut }),
  };
}
