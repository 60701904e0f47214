// Metrics of how it stands with the scheduler in front of the host, and of what its books and the ledger do not agree in. Pure.
// None of it is there without a scheduler.
import type { PciAddress } from "../core/ids.ts";
import type { SchedulerBooks } from "../diagnosis/scheduler-reading.ts";
import { gauge, type Collector, type Sample } from "./definition.ts";
import type { ScrapeView } from "./view.ts";

interface OnGpu {
  readonly gpu: PciAddress | undefined;
}

/** For each GPU of the last look, what the books say of it, if anything; beside them what they say of the host as one, where that is so. */
const byGpu =
  (value: (books: SchedulerBooks, isThis: (of: OnGpu) => boolean) => number | undefined) =>
  ({ scheduler, gpus }: ScrapeView): readonly Sample<"pci_address">[] => {
    const books = scheduler?.books;
    if (!books) return [];
    const { withoutDomain, overbooked = [] } = books;
    const asOne = [...withoutDomain, ...overbooked].some(({ gpu }) => gpu === undefined);
    const addresses = gpus.map(({ gpu: { address } }) => address);
    return [...addresses, ...(asOne ? [undefined] : [])].flatMap((address) => {
      const said = value(books, ({ gpu }) => gpu === address);
      return said === undefined ? [] : [{ labels: { pci_address: address ?? "" }, value: said }];
    });
  };

export const schedulerCollector: Collector = {
  name: "scheduler",
  metrics: [
    gauge({
      name: "vgpud_scheduler_info",
      help: "The scheduler that the configuration puts in front of this host; always 1.",
      labels: ["scheduler", "policy"],
      samples: ({ scheduler }) =>
        scheduler ? [{ labels: { scheduler: scheduler.name, policy: scheduler.policy }, value: 1 }] : [],
    }),
    gauge({
      name: "vgpud_scheduler_up",
      help: "Whether the last round with the scheduler was done, be it but for a part (1), or failed as a whole (0); absent before the first.",
      labels: [],
      samples: ({ scheduler }) =>
        scheduler?.up === undefined ? [] : [{ labels: {}, value: scheduler.up ? 1 : 0 }],
    }),
    gauge({
      name: "vgpud_scheduler_untold",
      help: "What was not done with the scheduler in the last round: GPUs untold, bookings to give back, its record, and what it gives out in vain.",
      labels: [],
      samples: ({ scheduler }) =>
        scheduler?.untold === undefined ? [] : [{ labels: {}, value: scheduler.untold }],
    }),
    gauge({
      name: "vgpud_scheduler_last_success_timestamp_seconds",
      help: "When a round with the scheduler in which it answered was last done; absent before the first.",
      labels: [],
      samples: ({ scheduler }) =>
        scheduler?.toldAt === undefined ? [] : [{ labels: {}, value: scheduler.toldAt / 1000 }],
    }),
    gauge({
      name: "vgpud_scheduler_bookings_without_domain",
      help: "Bookings on the GPU (Slurm: on the host, pci_address empty) that no claim stands for, when last compared; a create may be on its way.",
      labels: ["pci_address"],
      samples: byGpu(({ withoutDomain }, isThis) => withoutDomain.filter(isThis).length),
    }),
    gauge({
      name: "vgpud_scheduler_bookings_without_domain_oldest_age_seconds",
      help: "For how long vgpud has known the oldest of those bookings; 0 without one.",
      labels: ["pci_address"],
      samples: byGpu(({ withoutDomain }, isThis) =>
        Math.max(0, ...withoutDomain.filter(isThis).map(({ seconds }) => seconds)),
      ),
    }),
    gauge({
      name: "vgpud_scheduler_claims_without_booking",
      help: "Claims on the GPU that nothing is booked for, when last compared; what they take is reserved with the scheduler.",
      labels: ["pci_address"],
      samples: byGpu(
        ({ withoutBooking }, isThis) =>
          withoutBooking.filter((claim) => isThis(claim) && claim.bookedOn === undefined).length,
      ),
    }),
    gauge({
      name: "vgpud_scheduler_claims_booked_elsewhere",
      help: "Claims on the GPU that are booked on another GPU of the host, when last compared; they take room on both.",
      labels: ["pci_address"],
      samples: byGpu(
        ({ withoutBooking }, isThis) =>
          withoutBooking.filter((claim) => isThis(claim) && claim.bookedOn !== undefined).length,
      ),
    }),
    gauge({
      name: "vgpud_scheduler_gpu_overbooked",
      help: "Whether more is booked and reserved on the GPU (Slurm: on the host, pci_address empty) than it has (1) or not (0), when last compared.",
      labels: ["pci_address"],
      samples: byGpu(({ overbooked }, isThis) => overbooked && Number(overbooked.some(isThis))),
    }),
    gauge({
      name: "vgpud_scheduler_vanished_gpus",
      help: "GPUs that this host has no more and that the scheduler still has bookings on, when last compared.",
      labels: [],
      samples: ({ scheduler }) =>
        scheduler?.books ? [{ labels: {}, value: scheduler.books.vanished.length }] : [],
    }),
    gauge({
      name: "vgpud_scheduler_gpu_published_twice",
      help: "Whether nova-compute gives the GPU out, too (1), or not (0), when last compared.",
      labels: ["pci_address"],
      samples: byGpu(({ publishedTwice }, isThis) => (publishedTwice.some(isThis) ? 1 : 0)),
    }),
  ],
};
