// Metrics of the agent's own state: what it is, how fresh its view is, what its ledger holds. Pure.
import { hasSlice, type Claim, type ClaimState } from "../lifecycle/claim.ts";
import { gauge, type Collector, type Sample } from "./definition.ts";
import { failureReasons, operations } from "./event-metrics.ts";

export interface BuildInfo {
  readonly version: string;
  /** The commit it was built from; undefined when the build does not say. */
  readonly revision: string | undefined;
  /** Without the leading `v`. */
  readonly nodeVersion: string;
}

const everyClaimState = {
  reserved: 0,
  creating: 0,
  active: 0,
  stopped: 0,
  deleting: 0,
  failed: 0,
  gone: 0,
} as const satisfies Record<ClaimState, 0>;

export function hostCollector({ version, revision, nodeVersion }: BuildInfo): Collector {
  return {
    name: "host",
    metrics: [
      gauge({
        name: "vgpud_build_info",
        help: "What is running; always 1.",
        labels: ["version", "revision", "node_version"],
        samples: () => [{ labels: { version, revision, node_version: nodeVersion }, value: 1 }],
      }),
      gauge({
        name: "vgpud_hypervisor_up",
        help: "Whether libvirt answered at the last look (1) or not (0); 0 also before the first look.",
        labels: ["hypervisor"],
        samples: ({ inventory, hypervisor }) => [
          { labels: { hypervisor }, value: inventory?.domains.known === true ? 1 : 0 },
        ],
      }),
      gauge({
        name: "vgpud_host_drained",
        help: "Whether the whole host was taken out of service for new vGPUs (1) or not (0).",
        labels: [],
        samples: ({ drains }) => [{ labels: {}, value: drains.host ? 1 : 0 }],
      }),
      gauge({
        name: "vgpud_inventory_revision",
        help: "Revision of the view that this scrape describes; 0 before the first look.",
        labels: [],
        samples: ({ inventory }) => [{ labels: {}, value: inventory?.revision ?? 0 }],
      }),
      gauge({
        name: "vgpud_inventory_observed_timestamp_seconds",
        help: "When the look began that this scrape describes; absent before the first look.",
        labels: [],
        samples: ({ inventory }) => (inventory ? [{ labels: {}, value: inventory.observedAt / 1000 }] : []),
      }),
      gauge({
        name: "vgpud_inventory_unread_files",
        help: "Files of the kernel that are there and could not be read or understood at the last look; the log names them.",
        labels: [],
        samples: ({ inventory }) => (inventory ? [{ labels: {}, value: inventory.unread.length }] : []),
      }),
      gauge({
        name: "vgpud_inventory_age_seconds",
        help: "Time since the look began that this scrape describes; absent before the first look.",
        labels: [],
        samples: ({ inventory, now }) =>
          inventory ? [{ labels: {}, value: Math.max(0, now - inventory.observedAt) / 1000 }] : [],
      }),
    ],
  };
}

function wasReserved(claim: Claim): boolean {
  return hasSlice(claim) && claim.state !== "gone" && claim.reservation !== undefined;
}

function runningOf(claims: readonly Claim[]): readonly Claim[] {
  return claims.filter(({ state, operation }) => state !== "gone" && operation && !operation.ended);
}

/** How often each of the known values occurs; each gets its series, also at 0. */
function counted<Label extends string>(
  known: readonly string[],
  found: readonly (string | undefined)[],
  labels: (value: string) => Sample<Label>["labels"],
): Sample<Label>[] {
  return known.map((value) => ({
    labels: labels(value),
    value: found.filter((each) => each === value).length,
  }));
}

export const claimCollector: Collector = {
  name: "claim",
  metrics: [
    gauge({
      name: "vgpud_claims",
      help: "Records in the ledger by state; gone ones are tombstones that keep late retries from creating again.",
      labels: ["state"],
      samples: ({ claims }) => {
        const counts: Record<string, number> = { ...everyClaimState };
        for (const { state } of claims) counts[state] = (counts[state] ?? 0) + 1;
        return Object.entries(counts).map(([state, value]) => ({ labels: { state }, value }));
      },
    }),
    gauge({
      name: "vgpud_reservations",
      help: "Reservations that hold room (reserved), and claims that were made from one and live (bound).",
      labels: ["state"],
      samples: ({ claims }) => [
        { labels: { state: "reserved" }, value: claims.filter(({ state }) => state === "reserved").length },
        { labels: { state: "bound" }, value: claims.filter(wasReserved).length },
      ],
    }),
    gauge({
      name: "vgpud_operations_in_flight",
      help: "Operations that have not ended.",
      labels: ["operation"],
      samples: ({ claims }) =>
        counted(
          operations,
          runningOf(claims).map(({ operation }) => operation?.kind),
          (operation) => ({ operation }),
        ),
    }),
    gauge({
      name: "vgpud_operations_stalled",
      help: "Operations that have not ended and do not get on, by what holds them up; they are tried again by themselves.",
      labels: ["reason"],
      samples: ({ claims, stalledBy }) =>
        counted(
          failureReasons,
          runningOf(claims).map((claim) => stalledBy(claim)?.reason),
          (reason) => ({ reason }),
        ),
    }),
  ],
};
