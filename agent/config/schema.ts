// Everything an operator can set. Types, defaults, checks, reference page, example and JSON Schema are made from this.
import path from "node:path";
import * as z from "zod";
import { formatDurationMs } from "../core/duration.ts";
import type { PciAddress } from "../core/ids.ts";
import { limits, limitValuesOf, type Limit, type LimitValues } from "../api/limits.ts";
import { about } from "./about.ts";
import {
  absolutePath,
  address,
  duration,
  durationMs,
  durationWords,
  networkName,
  pciAddress,
  socketPath,
} from "./forms.ts";
import { schedulerKeys } from "./scheduler-keys.ts";
import { tlsKeys, tlsRoleKeys } from "./tls-keys.ts";

/** A limit of the API as a key: a duration, or a number. */
function limitKey({ what, value, range: [min, max], unit }: Limit): z.ZodType<number | string> {
  const meaning = `Limit on ${what}.`;
  if (unit === "milliseconds")
    return duration({ minMs: min, maxMs: max })
      .default(formatDurationMs(value))
      .register(about, { meaning, takes: durationWords(min, max) });
  const takes = `a number of ${unit} from ${min} to ${max}`;
  return z.int().min(min).max(max).default(value).register(about, { meaning, takes });
}

const limitKeys = Object.fromEntries(
  Object.values<Limit>(limits).map((limit) => [limit.key, limitKey(limit)] as const),
);

const [minSeats, maxSeats] = limits.renderSeats.range;

/** Beside the limit that holds for every GPU. */
const seatsByGpu = z
  .record(pciAddress, z.int().min(minSeats).max(maxSeats))
  .default({})
  .register(about, {
    meaning: "What limits.render_seats is for one GPU, where GPUs are unlike, by its PCI address.",
    takes: `a mapping of PCI addresses, small letters and domain included, to numbers from ${minSeats} to ${maxSeats}, as {"0000:03:00.0": 16}`,
  });

const RESYNC = { minMs: 5_000, maxMs: 3_600_000 };

/** Keys that are read once, at the start: a reload that changes one waits for a restart and says so. */
const fixed = {
  version: z.literal(1).default(1).register(about, {
    meaning: "The form of these files, for the day when it changes.",
    takes: "1",
  }),
  socket: socketPath.default("/run/vgpud/vgpud.sock").register(about, {
    meaning:
      "UNIX socket of the gRPC API. Whoever can open it can create domains, which is as much as being root.",
    takes: "an absolute path of at most 107 bytes",
    flag: "--socket",
  }),
  read_socket: socketPath.optional().register(about, {
    meaning: "UNIX socket that serves only the methods that change nothing.",
    takes: "an absolute path of at most 107 bytes",
    flag: "--read-socket",
    example: "/run/vgpud/vgpud-read.sock",
    otherwise: "beside `socket`, with `-read` before its suffix",
  }),
  state_dir: absolutePath.default("/var/lib/vgpud").register(about, {
    meaning: "Holds the ledger. One vgpud at a time.",
    takes: "an absolute path",
    flag: "--state-dir",
  }),
  host_root: absolutePath.default("/").register(about, {
    meaning: "Below which /sys, /proc and /dev are read: a copied or simulated tree instead of this machine.",
    takes: "an absolute path",
    flag: "--host-root",
  }),
  metrics: z
    .strictObject({
      listen: address.default("127.0.0.1:9469").register(about, {
        meaning: "Where /metrics and the status page are served, on loopback only.",
        takes: "HOST:PORT, the host an IP address or localhost; port 0 takes a free one",
        flag: "--metrics",
      }),
    })
    .prefault({}),
  libvirt: z
    .strictObject({
      uri: z
        .enum(["qemu:///system", "xen:///system", "test:///default"])
        .default("qemu:///system")
        .register(about, {
          meaning: "Whose domains vgpud manages.",
          takes: "qemu:///system, xen:///system or test:///default",
          flag: "--libvirt-uri",
        }),
      socket: socketPath.optional().register(about, {
        meaning: "libvirt's UNIX socket.",
        takes: "an absolute path of at most 107 bytes",
        flag: "--libvirt-socket",
        example: "/run/libvirt/virtqemud-sock",
        otherwise: "virtqemud's or virtxend's socket, then libvirtd's, whichever answers",
      }),
    })
    .prefault({}),
  xengt: z
    .strictObject({
      instance_creator: z
        .enum(["device-model", "agent"])
        .default("device-model")
        .register(about, {
          meaning:
            "Who makes the slice of a guest on a Xen host: the device model, which with Intel's patches does so by itself and shows " +
            "it to the guest, or vgpud, which writes the kernel's line for a guest that still waits.",
          takes: "device-model or agent",
        }),
      device_model: absolutePath.default("/usr/lib/xen/bin/qemu-system-i386").register(about, {
        meaning: "QEMU with Intel's patches for XenGT, where it is the one that makes slices.",
        takes: "an absolute path",
      }),
      types: absolutePath.optional().register(about, {
        meaning:
          "A file of vGPU types in the form of XenServer's /etc/gvt-g-whitelist, which is the list of all that may be made; spaces in their names become hyphens. Kernels " +
          "since 2017 tell types by their low GM alone and have 64, 128, 256 and 512 MiB: lines with another one are passed over.",
        takes: "an absolute path",
        example: "/etc/gvt-g-whitelist",
        otherwise: "the types that GVT-g has on KVM",
      }),
    })
    .prefault({}),
  hostd: z
    .strictObject({
      socket: socketPath.default("/run/vgpud/hostd.sock").register(about, {
        meaning: "The socket of vgpud-hostd, which writes the kernel's files.",
        takes: "an absolute path of at most 107 bytes",
        flag: "--hostd-socket",
      }),
    })
    .prefault({}),
  scheduler: schedulerKeys,
  tls: tlsKeys,
  limits: z.strictObject({ ...limitKeys, render_seats_by_gpu: seatsByGpu }).prefault({}),
};

/** Keys that a reload changes in the running agent. Whoever uses one asks for it each time (`LiveConfig`). */
const live = {
  storage_roots: z
    .array(absolutePath)
    .default(["/var/lib/libvirt/images"])
    .register(about, {
      meaning:
        "Directories below which disk images, kernels and initrds of domains may lie, with links and backing chains " +
        "resolved.",
      takes: "a list of absolute paths",
    }),
  block_devices: z
    .array(absolutePath)
    .default([])
    .register(about, {
      meaning:
        "Block devices that domains may have as disks. Name them as /dev/disk/by-id does: by names that stay true over a " +
        "reboot; any other name of the same device is taken for them.",
      takes: "a list of absolute paths",
    }),
  networks: z.array(networkName).default([]).register(about, {
    meaning: "libvirt networks that domains may be connected to.",
    takes: "a list of names",
  }),
  bridges: z.array(networkName).default([]).register(about, {
    meaning: "Bridges of the host that domains may be connected to.",
    takes: "a list of interface names",
  }),
  allow_raw_xml: z
    .boolean()
    .default(false)
    .register(about, {
      meaning:
        "Whether CreateDomain takes libvirt XML in place of typed fields. Of that only what docs/reference/raw-xml.md lists " +
        "is let through.",
      takes: "true or false",
    }),
  resync: duration(RESYNC)
    .default("60s")
    .register(about, {
      meaning:
        "How often the host is looked at when nothing happens. Events and requests are acted on at once.",
      takes: durationWords(RESYNC.minMs, RESYNC.maxMs),
    }),
  tls_roles: tlsRoleKeys,
  log: z
    .strictObject({
      level: z.enum(["debug", "info", "warn", "error"]).default("info").register(about, {
        meaning: "The least grave messages that are logged.",
        takes: "debug, info, warn or error",
      }),
    })
    .prefault({}),
};

export const schema = z.strictObject({ ...fixed, ...live });

export type Config = z.infer<typeof schema>;
/** The settings that a reload can change while the agent runs. */
export type LiveConfig = Pick<Config, keyof typeof live>;
/** The settings that hold until the agent ends. */
export type FixedConfig = Omit<Config, keyof LiveConfig>;

/** Whether a reload takes a key over; `key` is a dotted path. */
export function isLive(key: string): boolean {
  return (key.split(".")[0] ?? "") in live;
}

/** Where the socket for reading is: as configured, or beside the other one. */
export function readSocketOf({
  socket,
  read_socket: readSocket,
}: Pick<Config, "socket" | "read_socket">): string {
  const { dir, name, ext } = path.parse(socket);
  return readSocket ?? path.join(dir, `${name}-read${ext}`);
}

/** Whose domains are made here: one daemon of libvirt's may have drivers for both. */
export function hypervisorOf({ libvirt }: Pick<Config, "libvirt">): "kvm" | "xen" {
  return libvirt.uri.startsWith("xen") ? "xen" : "kvm";
}

/** The limits of the API as they are configured. */
export function limitsOf({ limits: said }: Pick<Config, "limits">): LimitValues {
  const all = new Map<string, unknown>(Object.entries(said));
  return limitValuesOf(({ key, value }) => {
    const set = all.get(key) ?? value;
    return typeof set === "string" ? durationMs(set) : Number(set);
  });
}

/** GPUs that have a number of seats of their own. */
export function seatsByGpuOf({ limits: said }: Pick<Config, "limits">): ReadonlyMap<string, number> {
  return new Map(Object.entries(said.render_seats_by_gpu));
}

/** How many seats a GPU in mode gvt-s has, as it is configured. */
export function seatLimitOf(config: Pick<Config, "limits">): (gpu: PciAddress) => number {
  const { renderSeats } = limitsOf(config);
  const byGpu = seatsByGpuOf(config);
  return (gpu) => byGpu.get(gpu) ?? renderSeats;
}
