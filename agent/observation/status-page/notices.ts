// What an operator should know about the host, worst first. Each says what it is about, why, and what helps. Pure.
import type { Budget } from "../../capacity/budget.ts";
import { failuresOf } from "../../diagnosis/checks/room.ts";
import { messageOf, remedyOf } from "../../diagnosis/words.ts";
import type { Gpu, Inventory } from "../../inventory/model.ts";
import type { GpuView } from "../../lifecycle/views.ts";
import type { Notice, Resource, SliceView, StatusSource } from "./model.ts";
import type { Drain } from "../../lifecycle/drains.ts";
import { count, duration, plural, utc } from "./units.ts";

/** The agent looks at least once a minute; two looks that failed in a row are worth a word. */
const STALE_MS = 150_000;

const rank = { error: 0, warning: 1, information: 2 } as const satisfies Record<Notice["severity"], number>;

/** `slicesOn` are the slices that the page draws, by the address of their GPU. */
export function noticesOf(
  source: StatusSource,
  inventory: Inventory,
  slicesOn: ReadonlyMap<string, readonly SliceView[]>,
): Notice[] {
  const { gpus } = source.view;
  const notices = [
    ...aboutLook(source, inventory),
    ...aboutLibvirt(source, inventory),
    ...aboutDisk(source),
    ...aboutLedger(source),
    ...aboutHost(inventory),
    ...aboutDrain("HOST_DRAINED", "host", source.view.drains.host),
    ...gpus.flatMap((view) => [
      ...aboutGpu(view),
      ...aboutDrain("GPU_DRAINED", view.gpu.address, view.drain),
      ...aboutRoom(view),
      ...aboutOvercommitment(view),
      ...aboutSlices(slicesOn.get(view.gpu.address) ?? []),
    ]),
  ];
  return notices.sort((a, b) => rank[a.severity] - rank[b.severity]);
}

function aboutLook({ now }: StatusSource, { observedAt }: Inventory): Notice[] {
  if (now - observedAt < STALE_MS) return [];
  return [
    {
      severity: "error",
      reason: undefined,
      about: "host",
      message: `the last complete look at the host began ${duration(now - observedAt)} ago; everything here is as old`,
      remedy: "the log of vgpud says why the host cannot be looked at",
    },
  ];
}

function aboutLibvirt({ libvirt, now }: StatusSource, { domains }: Inventory): Notice[] {
  if (libvirt.connected && domains.known) return [];
  const why = libvirt.error ?? (domains.known ? "the connection was lost" : domains.why);
  const since = libvirt.connected ? "" : ` for ${duration(now - libvirt.since)}`;
  return [
    {
      severity: "error",
      reason: "LIBVIRT_UNAVAILABLE",
      about: "libvirt",
      message: `${libvirt.uri} has not answered${since}: ${why}; domains are unknown and changes are refused`,
      remedy: "vgpud connects again by itself; look at the libvirt daemon and at vgpud's right to its socket",
    },
  ];
}

function aboutDisk({ ledgerTrouble }: StatusSource): Notice[] {
  if (ledgerTrouble === undefined) return [];
  return [
    {
      severity: "error",
      reason: "LEDGER_UNAVAILABLE",
      about: "ledger",
      message: `the ledger cannot be written: ${ledgerTrouble}; nothing new is promised, and what is destroyed is given back and acknowledged later`,
      remedy: "make room on the disk below the state directory or mend it; vgpud tries again by itself",
    },
  ];
}

function aboutLedger({ agent: { unreadableRecords } }: StatusSource): Notice[] {
  if (unreadableRecords === 0) return [];
  return [
    {
      severity: "warning",
      reason: "LEDGER_UNAVAILABLE",
      about: "ledger",
      message: `${plural(unreadableRecords, "record")} could not be read at the start and ${unreadableRecords === 1 ? "was" : "were"} set aside`,
      remedy: "the log of vgpud names the files; claims are rebuilt from the marks of their domains",
    },
  ];
}

function aboutHost({ host, gpus }: Inventory): Notice[] {
  const notices: Notice[] = [];
  if (gpus.size === 0)
    notices.push({
      severity: "warning",
      reason: "MODE_UNSUPPORTED",
      about: "host",
      message: "there is no Intel display adapter on the PCI bus, so this host cannot make vGPUs",
      remedy: "where there should be one, look at the firmware's settings for the integrated graphics",
    });
  if (host.hypervisor === "none" || host.hypervisor === "xen-guest")
    notices.push({
      severity: "warning",
      reason: "MODE_UNSUPPORTED",
      about: "host",
      message:
        host.hypervisor === "none"
          ? "the kernel offers no hypervisor here, so no domain can hold a vGPU"
          : "this is itself a Xen guest, whose GPU is shared elsewhere",
      remedy: host.hypervisor === "none" ? "load kvm_intel, and switch VT-x on in the firmware" : undefined,
    });
  return notices;
}

function aboutDrain(
  reason: "HOST_DRAINED" | "GPU_DRAINED",
  about: string,
  drain: Drain | undefined,
): Notice[] {
  if (!drain) return [];
  const why = drain.note === "" ? "" : `: ${drain.note}`;
  return [
    {
      ...{ severity: "information", reason, about },
      message: `drained since ${utc(drain.since)}, so that no new vGPUs are made${why}; what exists goes on`,
      remedy: `vgpuctl undrain${reason === "GPU_DRAINED" ? ` ${about}` : ""} ends it`,
    },
  ];
}

function aboutGpu({ gpu }: GpuView): Notice[] {
  if (gpu.types.length > 0) return [];
  const { message, remedy } = whyNoTypes(gpu);
  return [{ severity: "warning", reason: "MODE_UNSUPPORTED", about: gpu.address, message, remedy }];
}

function whyNoTypes({ driver, mdevParent }: Gpu): Pick<Notice, "message" | "remedy"> {
  const none = "offers no vGPU types";
  if (driver === undefined)
    return { message: `${none}: no kernel driver is bound`, remedy: "bind i915 to share it by GVT-g" };
  if (driver !== "i915")
    return {
      message: `${none}: its driver is ${driver}, and only i915 has GVT-g`,
      remedy: driver === "vfio-pci" ? "it may be meant for passthrough; otherwise bind i915" : undefined,
    };
  if (mdevParent)
    return { message: `${none}, though the kernel registered it for mediated devices`, remedy: undefined };
  return {
    message: `${none}: i915 did not register it for mediated devices`,
    remedy:
      "GVT-g needs a 5th to 10th generation Core, i915.enable_gvt=1 at boot and the module kvmgt; " +
      "the kernel's log says which of them is missing",
  };
}

function aboutRoom(view: GpuView): Notice[] {
  const { address: about } = view.gpu;
  return failuresOf(view, about).map((condition) => ({
    ...{ severity: "warning", reason: condition.code, about },
    message: messageOf(condition, "en"),
    remedy: remedyOf(condition, "en"),
  }));
}

const words = {
  lowGmMib: "MiB of low GM",
  highGmMib: "MiB of high GM",
  fences: "fences",
} as const satisfies Record<Resource, string>;

function aboutOvercommitment({ gpu, budget }: GpuView): Notice[] {
  if (!budget) return [];
  const over = (["lowGmMib", "highGmMib", "fences"] as const).flatMap((resource) => {
    const excess = excessOf(budget, resource);
    return excess > 0 ? [`${count(excess)} ${words[resource]}`] : [];
  });
  if (over.length === 0) return [];
  return [
    {
      severity: "error",
      reason: "CAPACITY_DISAGREES",
      about: gpu.address,
      message: `its slices take ${over.join(" and ")} more than there are by our budget; their bars show what was given away`,
      remedy: "the firmware's setting of the aperture may have changed since the slices were promised",
    },
  ];
}

function excessOf({ total, host, used }: Budget, resource: Resource): number {
  return host[resource] + used[resource] - total[resource];
}

function aboutSlices(slices: readonly SliceView[]): Notice[] {
  return slices.flatMap((slice): Notice[] => {
    const about = slice.domain ?? slice.id;
    if (slice.troubled) {
      const { reason, message } = slice.troubled;
      return [{ severity: "error", reason, about, message, remedy: undefined }];
    }
    return slice.ownership === "orphan" ? [{ ...orphaned, about }] : [];
  });
}

const orphaned = {
  severity: "warning",
  reason: undefined,
  message: "this slice bears vgpud's mark and no claim stands for it; it is counted and left alone",
  remedy: "take it over (vgpuctl adopt), or remove it by hand when nothing needs it",
} as const satisfies Omit<Notice, "about">;
