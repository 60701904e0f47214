// What an operator should know about the host, worst first. Each says what it is about, why, and what helps. Pure.
import { failuresOf, isOfRoom } from "../../diagnosis/checks/room.ts";
import type { Condition } from "../../diagnosis/condition.ts";
import { messageOf, remedyOf, severityOf } from "../../diagnosis/words.ts";
import type { Inventory } from "../../inventory/model.ts";
import type { GpuView } from "../../lifecycle/views.ts";
import type { Notice, SliceView, StatusSource } from "./model.ts";
import type { Drain } from "../../lifecycle/drains.ts";
import { duration, plural, utc } from "./units.ts";

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
    ...aboutXenstore(inventory),
    ...aboutDisk(source),
    ...aboutLedger(source),
    ...aboutConditions(source, inventory),
    ...aboutDrain("HOST_DRAINED", "host", source.view.drains.host),
    ...gpus.flatMap((view) => [
      ...aboutDrain("GPU_DRAINED", view.gpu.address, view.drain),
      ...aboutRoom(view),
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
  if (libvirt.connected && (domains.known || domains.away !== "libvirt")) return [];
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

function aboutXenstore({ domains }: Inventory): Notice[] {
  if (domains.known || domains.away !== "hostd") return [];
  return [
    {
      severity: "error",
      reason: "HOSTD_UNAVAILABLE",
      about: "hostd",
      message: `which guests Xen has is not known: ${domains.why}; changes are refused`,
      remedy:
        "look at vgpud-hostd, which asks xenstore: systemctl status vgpud-hostd.socket vgpud-hostd.service",
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

/** What failed of how the GPUs are used; where a GPU is used in no way, what stands in the way of any. */
function aboutConditions({ diagnosis, view: { gpus } }: StatusSource, inventory: Inventory): Notice[] {
  const failed = (diagnosis?.conditions ?? []).filter(
    (condition) => condition.finding.status === "fail" && !isOfMoment(condition, inventory),
  );
  return failed.flatMap((condition) => {
    const concerned = gpus.filter(({ gpu }) => condition.gpu === undefined || condition.gpu === gpu.address);
    const costs =
      gpus.length === 0
        ? [severityOf(condition)]
        : concerned.map(({ mode }) => (mode === undefined ? severityOf(condition) : condition.costs[mode]));
    const severity = (["error", "warning"] as const).find((each) => costs.includes(each));
    return severity ? [noticeOf(condition, severity)] : [];
  });
}

/** The page tells these as they stand now. */
function isOfMoment(condition: Condition, { domains }: Inventory): boolean {
  const isXenstores = condition.code === "HOSTD_UNAVAILABLE" && !domains.known && domains.away === "hostd";
  return isOfRoom(condition) || condition.code === "LIBVIRT_UNAVAILABLE" || isXenstores;
}

function noticeOf(condition: Condition, severity: Notice["severity"]): Notice {
  const remedy = remedyOf(condition, "en");
  return {
    ...{ severity, reason: condition.code, about: condition.gpu ?? "host" },
    message: messageOf(condition, "en"),
    remedy: remedy === "" ? undefined : remedy,
  };
}

/** As it stands at this moment. */
function aboutRoom(view: GpuView): Notice[] {
  return failuresOf(view, view.gpu.address).map((condition) => noticeOf(condition, "warning"));
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
