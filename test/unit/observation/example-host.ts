// A host with something of everything that is exported: own, promised, foreign and orphaned slices, a GPU without any.
import { modes } from "../../../agent/core/modes.ts";
import {
  fail,
  notApplicable,
  pass,
  unknown,
  type Code,
  type Condition,
  type Finding,
} from "../../../agent/diagnosis/condition.ts";
import type { Report } from "../../../agent/diagnosis/diagnostician.ts";
import type { Layout } from "../../../agent/inventory/memory.ts";
import { AgentError } from "../../../agent/core/errors.ts";
import { parseClaimId, parsePciAddress, parseVgpuId, type PciAddress } from "../../../agent/core/ids.ts";
import type { GpuReadings } from "../../../agent/discovery/gpu-sensors.ts";
import type { Domain, Gpu, Inventory } from "../../../agent/inventory/model.ts";
import type { SliceSizes } from "../../../agent/inventory/share.ts";
import type { Claim, DomainClaim } from "../../../agent/lifecycle/claim.ts";
import { nothingDrained } from "../../../agent/lifecycle/drains.ts";
import { Ledger } from "../../../agent/lifecycle/ledger.ts";
import { domainViews, gpuViews, vgpuViews } from "../../../agent/lifecycle/views.ts";
import type { DomainGpuUse } from "../../../agent/observation/gpu-use.ts";
import type { ScrapeView } from "../../../agent/observation/view.ts";
import { figures, numberedDomain } from "../../fakes/domain-figures.ts";
import { plainTerms } from "../../fakes/stock.ts";

/** 2026-05-01T12:00:00Z */
const NOON = Date.UTC(2026, 4, 1, 12);
const V5_4 = "i915-GVTg_V5_4";
const V5_8 = "i915-GVTg_V5_8";
const sizes: SliceSizes = { lowGmMib: 128, highGmMib: 512, fences: 4 };

function parsed<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("the example has an id that is none");
  return value;
}

const igd = parsed(parsePciAddress("0000:00:02.0"));
const bare = parsed(parsePciAddress("0000:03:00.0"));
const flex = parsed(parsePciAddress("0000:4d:00.0"));
/** Own ids bear the tag of core/vgpu-mark.ts. */
const own = (n: number) => parsed(parseVgpuId(`76677075-0000-8000-8000-00000000000${n}`));
const foreignVgpu = parsed(parseVgpuId("f0e1d2c3-0000-4000-8000-000000000001"));
export const domainId = numberedDomain;

const gpu: Gpu = {
  address: igd,
  vendorId: "8086",
  deviceId: "5912",
  pciClass: "030000",
  driver: "i915",
  numaNode: 0,
  iommuGroup: 1,
  drmCard: "card0",
  drmRender: "renderD128",
  bootVga: true,
  apertureMib: 1024,
  screens: [],
  sriov: undefined,
  mdevParent: true,
  types: [
    { name: V5_4, sizes, weight: 4, resolution: "1920x1200", kernelAvailable: 2 },
    {
      name: V5_8,
      sizes: { lowGmMib: 64, highGmMib: 384, fences: 4 },
      weight: 2,
      resolution: "1024x768",
      kernelAvailable: 4,
    },
  ],
};

/** Of an integrated GPU that works hard, a discrete one that sleeps, and one that has left meanwhile. */
const readings: readonly GpuReadings[] = [
  {
    gpu: igd,
    suspended: false,
    gts: [
      {
        domain: "gt0",
        frequencyMhz: { actual: 1100, requested: 1150, min: 350, max: 1150 },
        idleMs: 90_500,
        throttled: true,
        throttleReasons: { pl1: true, thermal: false },
      },
    ],
    energyUj: [{ chip: "i915", sensor: "energy1", value: 2_500_000 }],
    temperatureMc: [{ chip: "i915", sensor: "pkg", value: 61_500 }],
  },
  { gpu: bare, suspended: true, gts: [], energyUj: [], temperatureMc: [] },
  {
    gpu: parsed(parsePciAddress("0000:09:00.0")),
    ...{ suspended: false, gts: [], energyUj: [], temperatureMc: [] },
  },
];

const bareGpu: Gpu = {
  ...gpu,
  address: bare,
  deviceId: "56a0",
  driver: undefined,
  numaNode: undefined,
  apertureMib: undefined,
  screens: [],
  sriov: undefined,
  mdevParent: false,
  types: [],
};

/** With three virtual functions: one of a guest, one that the host itself uses, one that nobody has. */
const flexGpu: Gpu = {
  ...bareGpu,
  address: flex,
  deviceId: "56c0",
  driver: "xe",
  screens: [],
  sriov: {
    ...{ total: 31, autoprobe: false, driverEnables: true },
    functions: ["vfio-pci", "xe", undefined].map((driver, index) => ({
      number: index + 1,
      address: parsed(parsePciAddress(`0000:4d:00.${index + 1}`)),
      driver,
      quota: { vramBytes: 2 ** 31, ggttBytes: 2 ** 29, contexts: 1024, doorbells: 8 },
      turns: { execQuantumMs: 20, preemptTimeoutUs: 0, priority: "low" },
    })),
    available: { vramBytes: undefined, ggttBytes: 2 ** 30, contexts: 4096, doorbells: 232 },
    largestQuota: { vramBytes: undefined, ggttBytes: 2 ** 29, contexts: 4096, doorbells: 232 },
  },
};

/** Three slices of a `_4`, one after the other: low GM from the bottom, high GM from the top. */
const layout: Layout = new Map(
  [own(1), own(9), foreignVgpu].map((id, n) => {
    const [low, high] = [128 + n * 128, 3200 - n * 512];
    return [id, { low: { start: low, end: low + 128 }, high: { start: high, end: high + 512 } }];
  }),
);
const memory = { ggttMib: 4096, layouts: [layout], countsAgree: true, refusal: undefined };

export function claim(n: number, change: Partial<DomainClaim> = {}): DomainClaim {
  return {
    kind: "domain",
    claimId: parsed(parseClaimId(`claim-${n}`)),
    vgpuId: own(n),
    gpu: igd,
    share: { mode: "gvt-g", type: V5_4, sizes },
    domain: {
      id: domainId(n),
      name: `guest-${n}`,
      onStop: "hold",
      labels: {},
      autostart: false,
      spec: undefined,
    },
    placement: undefined,
    state: "active",
    goal: "running",
    powerOff: undefined,
    requestDigest: "digest",
    requests: [],
    operation: {
      id: `operation-${n}`,
      kind: "create",
      startedAt: NOON,
      ended: { at: NOON + 250, failure: undefined },
    },
    failure: undefined,
    reservation: undefined,
    createdAt: NOON + n * 500,
    updatedAt: NOON + 1000,
    bootId: "boot",
    ...change,
  };
}

function domain(n: number, change: Partial<Domain>): Domain {
  return {
    id: domainId(n),
    name: `guest-${n}`,
    state: "running",
    persistent: true,
    vcpus: 2,
    memoryMib: 1024,
    vgpuIds: [],
    pciDevices: [],
    renderNodes: [],
    consoles: [],
    mark: undefined,
    files: [],
    ...change,
  };
}

const ownDomain = domain(1, {
  vgpuIds: [own(1)],
  mark: {
    claimId: "claim-1",
    vgpuId: own(1),
    domainId: domainId(1),
    gpu: igd,
    share: { mode: "gvt-g", type: V5_4, sizes },
    onStop: "hold",
    requestDigest: "digest",
    labels: {},
    autostart: false,
  },
});
/** libvirt takes names that must be escaped on the way out. */
const oddDomain = domain(7, {
  name: 'back\\slash "quoted"\nline',
  state: "shut-off",
  vgpuIds: [foreignVgpu],
});

const inventory: Inventory = {
  revision: 42,
  observedAt: NOON + 60_500,
  host: { hostname: "host-1", bootId: "boot", kernelRelease: "6.1.0", hypervisor: "kvm" },
  gpus: new Map([{ ...gpu, memory }, bareGpu, flexGpu].map((each) => [each.address, each])),
  vgpus: new Map(
    [own(1), own(9), foreignVgpu].map((id) => [
      id,
      { id, gpu: igd, type: V5_4, isLeaving: false, iommuGroup: undefined },
    ]),
  ),
  domains: { known: true, value: new Map([ownDomain, oddDomain].map((each) => [each.id, each])) },
  unread: [],
};

/** Of a domain that renders on the GPU, and of one of which the look has not heard yet. */
const gpuUse: readonly DomainGpuUse[] = [7, 99].map((n) => ({
  ...{ domain: domainId(n), gpu: igd, at: NOON },
  engineSeconds: new Map([
    ["render", 12.5],
    ["video", 0.25],
  ]),
  residentBytes: new Map([["system0", 2 ** 27]]),
}));

const running = { id: "operation-2", kind: "create", startedAt: NOON, ended: undefined } as const;
const claims = [
  claim(1),
  claim(2, { state: "creating", operation: running }),
  claim(3, { state: "gone", goal: "absent" }),
];

/** What a diagnosis found, with one condition of each status. */
const examined: Report = {
  at: 1_700_000_000_000,
  host: {
    ...{ hypervisor: "kvm", kernel: { major: 6, minor: 12 }, kernelRelease: "6.12.107", gpus: [] },
    libvirt: { asked: false, why: "an example" },
    kernelLog: "not-readable",
    hostd: undefined,
    rooms: undefined,
    settings: undefined,
  },
  diagnosis: {
    conditions: [
      condition("IOMMU_OFF", undefined, pass("on", { groups: 12 })),
      condition("GVT_TROUBLE_IN_LOG", undefined, unknown("not-readable")),
      condition("XENGT_MISSING", undefined, notApplicable("not-xen")),
      condition("APERTURE_TOO_SMALL", [...inventory.gpus.keys()][0], fail("small", { mib: 128 })),
    ],
    verdicts: [...inventory.gpus.keys()].map((gpu) => ({
      gpu,
      modes: modes.map((mode) => ({ mode, because: [], notKnown: [] })),
    })),
  },
};

function condition(code: Code, gpu: PciAddress | undefined, finding: Finding): Condition {
  return { code, gpu, finding, costs: { "gvt-g": "error" }, dependsOn: [], evidence: [] };
}

/** The views of an inventory, joined by the agent's own functions. */
function viewOf(shown: Inventory, kept: readonly Claim[] = claims): ScrapeView {
  const store = {
    write: () => Promise.resolve(),
    erase: () => Promise.resolve(),
    probe: () => Promise.resolve(),
    list: () => Promise.resolve(new Set<never>()),
  };
  const ledger = new Ledger(store, kept);
  return {
    inventory: shown,
    gpus: gpuViews(shown, ledger, plainTerms),
    vgpus: vgpuViews(shown, ledger, plainTerms.modes),
    domains: domainViews(shown, ledger, plainTerms.modes),
    claims: ledger.all(),
    drains: nothingDrained,
    now: shown.observedAt + 1_500,
    hypervisor: "kvm",
    // The last one is a domain of which the look has not heard yet.
    domainStats: { domains: [figures(1), figures(7), figures(99)], ageSeconds: 0.25, failing: false },
    diagnosis: examined,
    sensors: { readings, failing: false },
    gpuUse: { domains: gpuUse, failing: false },
    sliceUse: { shares: new Map(), failing: false },
    engineUse: {
      engines: [
        { vgpu: own(1), gt: 0, engine: "render", instance: 0, active: 1_200_000, total: 9_600_000 },
        { vgpu: own(1), gt: 0, engine: "video", instance: 1, active: 0, total: 9_600_000 },
      ],
      failing: false,
    },
    stalledBy: ({ operation }) =>
      operation === running ? new AgentError("HOSTD_UNAVAILABLE", "hostd is away") : undefined,
    scheduler: {
      ...{ name: "placement", policy: "require", up: true, untold: 1, toldAt: 1_700_000_000_000 },
      books: {
        ...{ graceSeconds: 1800, grace: "30m" },
        withoutDomain: [
          { booking: "b-1", gpu: igd, amounts: "1 slice", seconds: 90, isOurs: false },
          { booking: "b-2", gpu: igd, amounts: "1 slice", seconds: 7200, isOurs: true },
        ],
        withoutBooking: [
          { claimId: "c-1", gpu: igd, bookedOn: undefined, amounts: "1 slice" },
          { claimId: "c-2", gpu: igd, bookedOn: bare, amounts: "1 slice" },
          { claimId: "c-3", gpu: bare, bookedOn: igd, amounts: "1 slice" },
        ],
        overbooked: [{ gpu: igd, amounts: "64 MiB low GM" }],
        vanished: [{ name: "kvm-1_vgpud_0000_0a_00_0", bookings: 1 }],
        publishedTwice: [{ gpu: igd, by: { name: "kvm-1_pci_0000_00_02_0", id: "30" } }],
        configured: undefined,
      },
    },
  };
}

export const exampleView = viewOf(inventory);
export const withoutLibvirt = viewOf({
  ...inventory,
  domains: { known: false, why: "connection refused", away: "libvirt" },
});
export const emptied = {
  ...viewOf(
    { ...inventory, gpus: new Map(), vgpus: new Map(), domains: { known: true, value: new Map() } },
    [],
  ),
  domainStats: { domains: [], ageSeconds: 0, failing: false },
  gpuUse: { domains: [], failing: false },
  sliceUse: { shares: new Map(), failing: false },
  engineUse: { engines: [], failing: false },
};
export const beforeFirstLook: ScrapeView = {
  ...exampleView,
  inventory: undefined,
  gpus: [],
  vgpus: [],
  domains: [],
  claims: [],
  domainStats: { domains: undefined, ageSeconds: undefined, failing: true },
  diagnosis: undefined,
};

/** A host that runs `count` domains of others beside its own. */
export function crowded(count: number, each: Partial<Domain> = {}): ScrapeView {
  const others = Array.from({ length: count }, (_, index) => domain(100 + index, each));
  const value = new Map([...others, ownDomain].map((one) => [one.id, one]));
  return viewOf({ ...inventory, domains: { known: true, value } });
}
