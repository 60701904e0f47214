// A backend of PCI functions on a host of Xen: all is as under KVM, but for the driver that guests get functions by, and for guests.
import { Mode } from "../../../../proto/gen/vgpud/v1/gpu.ts";
import { fullDraft, type Draft } from "../../harness/requests.ts";
import type { HostTruth } from "../host-truth.ts";
import type { Subject } from "../subject.ts";

export function onXen(subject: Subject, backend: Subject["backend"]): Subject {
  return {
    ...subject,
    backend,
    host: `${subject.host}hypervisor: xen\n`,
    libvirtUri: "xen:///system",
    otherMode: Mode.UNSPECIFIED,
    adapt: bootsKernel,
    made: (truth) => subject.made(asUnderKvm(truth)),
  };
}

/** Several have a disk only read-only, and drives of an HVM guest cannot be that. */
export function bootsKernel({ spec }: Draft, images: string): void {
  spec.disks = [];
  spec.boot = fullDraft(images, spec.name).spec.boot;
}

function asUnderKvm(truth: HostTruth): HostTruth {
  const functions = truth.functions.map((each) =>
    each.driver === "pciback" ? { ...each, driver: "vfio-pci" } : each,
  );
  return { ...truth, functions };
}
