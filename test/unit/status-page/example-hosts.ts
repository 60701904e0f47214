// Hosts in every state that the status page is designed for, joined by the agent's own functions.
import { AgentError } from "../../../agent/core/errors.ts";
import {
  parseClaimId,
  parseDomainId,
  parsePciAddress,
  parseVgpuId,
  type DomainId,
  type PciAddress,
} from "../../../agent/core/ids.ts";
import { fail, type Check } from "../../../agent/diagnosis/condition.ts";
import { noIntelGpu } from "../../../agent/diagnosis/checks/gpu.ts";
import { gvtDisabled } from "../../../agent/diagnosis/checks/gvt-kernel.ts";
import { noHypervisor } from "../../../agent/diagnosis/checks/machine.ts";
import type { Diagnosis } from "../../../agent/diagnosis/diagnose.ts";
import type { Domain, Gpu, Inventory, KernelVgpu, VgpuType } from "../../../agent/inventory/model.ts";
import type { SliceSizes } from "../../../agent/inventory/share.ts";
import type { DomainClaim } from "../../../agent/lifecycle/claim.ts";
import { nothingDrained } from "../../../agent/lifecycle/drains.ts";
import { Ledger } from "../../../agent/lifecycle/ledger.ts";
import { domainViews, gpuViews, vgpuViews } from "../../../agent/lifecycle/views.ts";
import type { Activity, History, StatusSource } from "../../../agent/observation/status-page/model.ts";
import { plainTerms } from "../../fakes/stock.ts";

/** 2026-05-01T12:00:00Z */
export const NOON = Date.UTC(2026, 4, 1, 12);
const SPAN_MS = 600_000;
const STEP_MS = 15_000;

function parsed<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("the example has an id that is none");
  return value;
}

/** V5_8, V5_4, V5_2 and V5_1: the kernel's four sizes (i915 gvt/vgpu.c). */
const sizesOf: Readonly<Record<1 | 2 | 4 | 8, SliceSizes>> = {
  8: { lowGmMib: 64, highGmMib: 384, fences: 4 },
  4: { lowGmMib: 128, highGmMib: 512, fences: 4 },
  2: { lowGmMib: 256, highGmMib: 1024, fences: 4 },
  1: { lowGmMib: 512, highGmMib: 2048, fences: 4 },
};

type Size = keyof typeof sizesOf;

const typeName = (size: Size): string => `i915-GVTg_V5_${size}`;

export interface Guest {
  readonly name: string;
  readonly size?: Size;
  /** Of the host's GPUs; default 0. */
  readonly gpu?: number;
  readonly ownership?: "own" | "foreign" | "orphan";
  /** Of its claim; default active. */
  readonly claim?: DomainClaim["state"];
  /** Of its domain; undefined: not defined. Default running. */
  readonly domain?: Domain["state"] | undefined;
  /** Whether the kernel has the slice; default true. */
  readonly made?: boolean;
  readonly stalledBy?: AgentError;
  /** Default hold. */
  readonly onStop?: "hold" | "release";
}

export interface HostPlan {
  readonly apertures?: readonly number[];
  readonly guests?: readonly Guest[];
  readonly plain?: number;
  readonly gpuChange?: Partial<Gpu>;
  readonly change?: Partial<Omit<StatusSource, "view">>;
  readonly libvirtAway?: string;
  readonly hypervisor?: Inventory["host"]["hypervisor"];
}

const addresses = ["0000:00:02.0", "0000:03:00.0", "0000:82:00.0", "0000:c1:00.0"].map((text) =>
  parsed(parsePciAddress(text)),
);

const idOf = (kind: string, n: number): string =>
  `${kind}-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;
export const domainId = (n: number): DomainId => parsed(parseDomainId(idOf("d0000000", n)));

function gpuOf(address: PciAddress, aperture: number, index: number): Gpu {
  return {
    address,
    vendorId: "8086",
    deviceId: "3e92",
    pciClass: index === 0 ? "030000" : "038000",
    driver: "i915",
    numaNode: index === 0 ? undefined : index % 2,
    iommuGroup: index + 1,
    drmCard: `card${index}`,
    drmRender: `renderD${128 + index}`,
    bootVga: index === 0,
    apertureMib: aperture,
    screens: [],
    sriov: undefined,
    mdevParent: true,
    types: [],
  };
}

interface Made {
  readonly guest: Guest;
  readonly vgpu: KernelVgpu;
  readonly domain: Domain | undefined;
  readonly claim: DomainClaim | undefined;
}

/** A host as planned, at noon. */
export function host(plan: HostPlan = {}): StatusSource {
  const { apertures = [1024], guests = [], plain = 0, gpuChange = {}, change = {}, libvirtAway } = plan;
  const bare = apertures.map((aperture, index) => gpuOf(parsed(addresses[index]), aperture, index));
  const made = guests.map((guest, index) => guestOf(guest, index + 1, bare));
  const gpus = bare.map((gpu) => ({ ...gpu, types: typesOf(gpu, made), ...gpuChange }));
  const others = Array.from({ length: plain }, (_, index) => plainDomain(index));
  const domains = [...made.flatMap(({ domain }) => domain ?? []), ...others];
  const inventory: Inventory = {
    revision: 7,
    observedAt: NOON - 4_000,
    host: {
      hostname: "gvt-7",
      bootId: "boot",
      kernelRelease: "6.12.107",
      hypervisor: plan.hypervisor ?? "kvm",
    },
    gpus: new Map(gpus.map((gpu) => [gpu.address, gpu])),
    vgpus: new Map(made.flatMap(({ guest, vgpu }) => ((guest.made ?? true) ? [[vgpu.id, vgpu]] : []))),
    domains:
      libvirtAway === undefined
        ? { known: true, value: new Map(domains.map((domain) => [domain.id, domain])) }
        : { known: false, why: libvirtAway, away: "libvirt" },
    unread: [],
  };
  const stalls = new Map(made.map(({ guest, vgpu }) => [vgpu.id, guest.stalledBy]));
  return {
    view: viewOf(
      inventory,
      made.flatMap(({ claim }) => claim ?? []),
    ),
    ledgerTrouble: undefined,
    agent: { version: "0.1.0", startedAt: NOON - 3 * 86_400_000, simulated: false, unreadableRecords: 0 },
    libvirt: {
      uri: "qemu:///system",
      connected: libvirtAway === undefined,
      since: NOON - 86_400_000,
      version: libvirtAway === undefined ? "9.0.0" : undefined,
      error: libvirtAway,
    },
    diagnosis: undefined,
    stalledBy: ({ vgpuId }) => stalls.get(vgpuId),
    history: historyOf(domains),
    now: NOON,
    ...change,
  };
}

function viewOf(inventory: Inventory, claims: readonly DomainClaim[]): StatusSource["view"] {
  const store = {
    write: () => Promise.resolve(),
    erase: () => Promise.resolve(),
    probe: () => Promise.resolve(),
    list: () => Promise.resolve(new Set<never>()),
  };
  const ledger = new Ledger(store, claims);
  return {
    inventory,
    gpus: gpuViews(inventory, ledger, plainTerms),
    vgpus: vgpuViews(inventory, ledger, plainTerms.modes),
    domains: domainViews(inventory, ledger, plainTerms.modes),
    claims: ledger.all(),
    drains: nothingDrained,
  };
}

/** As the kernel counts: what is left of aperture, high GM, fences and ids. */
function typesOf(gpu: Gpu, made: readonly Made[]): VgpuType[] {
  const here = made.filter(({ guest, vgpu }) => vgpu.gpu === gpu.address && (guest.made ?? true));
  const taken = (key: keyof SliceSizes): number =>
    here.reduce((sum, { guest }) => sum + sizesOf[guest.size ?? 4][key], 0);
  const aperture = gpu.apertureMib ?? 0;
  return ([8, 4, 2, 1] as const).flatMap((size) => {
    const sizes = sizesOf[size];
    const fits = Math.min(
      Math.floor((aperture - 128 - taken("lowGmMib")) / sizes.lowGmMib),
      Math.floor((4096 - aperture - 384 - taken("highGmMib")) / sizes.highGmMib),
      Math.floor((32 - 4 - taken("fences")) / sizes.fences),
    );
    const resolution = size === 8 ? "1024x768" : "1920x1200";
    return [
      { name: typeName(size), sizes, weight: 16 / size, resolution, kernelAvailable: Math.max(0, fits) },
    ];
  });
}

function guestOf(guest: Guest, n: number, gpus: readonly Gpu[]): Made {
  const { name, size = 4, ownership = "own", claim: state = "active" } = guest;
  const gpu = parsed(gpus[guest.gpu ?? 0]).address;
  // Own ids bear the tag of core/vgpu-mark.ts.
  const id = parsed(
    parseVgpuId(
      ownership === "foreign"
        ? idOf("f0e1d2c3", n)
        : `76677075-0000-8000-8000-${n.toString().padStart(12, "0")}`,
    ),
  );
  const type = typeName(size);
  const share = { mode: "gvt-g", type, sizes: sizesOf[size] } as const;
  const alive = "domain" in guest ? guest.domain : "running";
  const claimId = parsed(parseClaimId(`claim-${n}`));
  const mark = {
    claimId,
    vgpuId: id,
    domainId: domainId(n),
    gpu,
    share,
    onStop: "hold",
    requestDigest: "d",
    labels: {},
    autostart: false,
  } as const;
  return {
    guest,
    vgpu: { id, gpu, type, isLeaving: state === "deleting", iommuGroup: undefined },
    domain: alive && {
      id: domainId(n),
      name,
      state: alive,
      persistent: true,
      vcpus: 4,
      memoryMib: 4096,
      vgpuIds: [id],
      pciDevices: [],
      renderNodes: [],
      consoles: [],
      mark: ownership === "own" ? mark : undefined,
      files: [],
    },
    claim:
      ownership === "own"
        ? {
            ...{ kind: "domain", claimId, vgpuId: id, gpu, share, state },
            domain: {
              ...{ id: domainId(n), name, onStop: guest.onStop ?? "hold" },
              ...{ labels: {}, autostart: false, spec: undefined },
            },
            placement: undefined,
            goal: state === "deleting" ? "absent" : state === "stopped" ? "stopped" : "running",
            ...{ powerOff: undefined, requestDigest: "d", requests: [], failure: undefined, bootId: "boot" },
            reservation: undefined,
            operation: { id: `operation-${n}`, kind: "create", startedAt: NOON, ended: undefined },
            ...{ createdAt: NOON + n, updatedAt: NOON + n },
          }
        : undefined,
  };
}

function plainDomain(index: number): Domain {
  return {
    id: domainId(1000 + index),
    name: `db-${index + 1}`,
    state: index % 5 === 4 ? "shut-off" : "running",
    persistent: true,
    vcpus: 2,
    memoryMib: 2048,
    vgpuIds: [],
    pciDevices: [],
    renderNodes: [],
    consoles: [],
    mark: undefined,
    files: [],
  };
}

/** Forty readings. Each domain does something of its own, the same at every run. */
function historyOf(domains: readonly Domain[]): History {
  const running = domains.filter(({ state }) => state === "running");
  const steps = Array.from({ length: SPAN_MS / STEP_MS }, (_, index) => index);
  return {
    spanMs: SPAN_MS,
    readings: steps.map((step) => ({
      at: NOON - SPAN_MS + (step + 1) * STEP_MS - 3_000,
      domains: new Map(running.map((domain, index) => [domain.id, activityOf(domain, index, step)])),
    })),
  };
}

function activityOf({ vcpus = 1, memoryMib = 0 }: Domain, index: number, step: number): Activity {
  const wave = (slow: number): number => (1 + Math.sin((step + index * 7) / slow)) / 2;
  const burst = (step + index * 5) % 13 < 3 ? 1 : 0.08;
  return {
    cores: vcpus * (0.04 + 0.6 * wave(4) * wave(2.3)),
    memoryBytes: memoryMib * 1024 * 1024 * (0.5 + 0.2 * wave(9)),
    diskReadPerSecond: 9e6 * burst * wave(3),
    diskWritePerSecond: 4e6 * wave(5) * burst,
    receivedPerSecond: 2e6 * wave(6),
    sentPerSecond: 3e5 * wave(2),
  };
}

/** What the checks of the table say when they fail, of the host. */
export function failedIn(...failures: readonly (readonly [Check, string])[]): Diagnosis {
  const conditions = failures.map(([{ code, costs, dependsOn }, says]) => ({
    ...{ code, costs, dependsOn, evidence: [], gpu: undefined },
    finding: fail(says),
  }));
  return { conditions, verdicts: [] };
}

const blockedRemoval = new AgentError(
  "VGPU_REMOVE_BLOCKED",
  "the kernel has not answered the removal of the slice; it goes on; held by qemu-system-x86 (render-3), pid 4711",
);

/** Every state that the page is designed for, by name. */
export const examples = {
  starting: (): StatusSource => ({
    ...host(),
    view: { inventory: undefined, gpus: [], vgpus: [], domains: [], claims: [], drains: nothingDrained },
    history: { spanMs: SPAN_MS, readings: [] },
  }),
  "no-gpu": () =>
    host({
      ...{ apertures: [], plain: 3, hypervisor: "none" },
      change: { diagnosis: failedIn([noHypervisor, "no-virtualization"], [noIntelGpu, "none"]) },
    }),
  "not-capable": () =>
    host({
      ...{ gpuChange: { types: [], mdevParent: false }, plain: 2 },
      change: { diagnosis: failedIn([gvtDisabled, "not-set"]) },
    }),
  empty: () => host(),
  seven: () =>
    host({
      guests: Array.from({ length: 7 }, (_, index) => ({ name: `desk-${index + 1}`, size: 8 })),
      plain: 4,
    }),
  full: () =>
    host({
      guests: [
        { name: "cad-1", size: 2 },
        { name: "cad-2", size: 2 },
        { name: "desk-9", size: 4 },
      ],
      plain: 2,
    }),
  busy: () =>
    host({
      apertures: [1024, 512],
      guests: [
        { name: "web-render-1", size: 4 },
        { name: "cad-7", size: 2 },
        { name: "desk-12", size: 8, claim: "stopped", domain: "shut-off" },
        { name: "nova-instance-00000a1f", size: 4, ownership: "foreign" },
        { name: "desk-3", size: 8, gpu: 1 },
        {
          name: "render-3",
          size: 8,
          gpu: 1,
          claim: "deleting",
          domain: "running",
          stalledBy: blockedRemoval,
        },
        { name: "desk-15", size: 8, gpu: 1, claim: "creating", domain: undefined, made: false },
        { name: "lost", size: 8, gpu: 1, ownership: "orphan", domain: undefined },
      ],
      plain: 6,
    }),
  "four-gpus": () =>
    host({
      apertures: [2048, 1024, 512, 256],
      guests: [0, 0, 0, 1, 1, 2, 3].map((gpu, index) => ({
        name: `guest-${index + 1}`,
        gpu,
        size: gpu === 3 ? 8 : 4,
      })),
    }),
  foreign: () =>
    host({ guests: [1, 2, 3].map((n) => ({ name: `nova-${n}`, size: 4, ownership: "foreign" })) }),
  "libvirt-away": () =>
    host({
      guests: [{ name: "web-1" }, { name: "web-2" }],
      libvirtAway: "connect ECONNREFUSED /run/libvirt/libvirt-sock",
    }),
  stale: () => host({ guests: [{ name: "web-1" }], change: { now: NOON + 400_000 } }),
  crowd: () => host({ guests: [{ name: "web-1" }], plain: 1000 }),
} as const satisfies Record<string, () => StatusSource>;
