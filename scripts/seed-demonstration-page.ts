// docs/seed-demonstration.md, from what a run of the demonstration has told. Pure.
import { page } from "./markdown.ts";

/** In the order of the story. */
export const seedSteps = ["published", "six", "seventh", "freed", "dead", "back", "empty"] as const;
export type SeedStep = (typeof seedSteps)[number];

/** What somebody asked, and what came of it. */
export interface SeedPiece {
  /** On which machine. */
  readonly at: string;
  readonly line: string;
  readonly output: string;
}

export type SeedRecord = Readonly<Record<SeedStep, readonly SeedPiece[]>>;

const INTRODUCTION = `vgpud comes from a design with three parts: a flavor says by \`vgt_low_gm_sz\`, \`vgt_high_gm_sz\` and \`vgt_fence_sz\` how much of a
GPU a domain needs; a scheduler with a filter for vGPUs picks a host that has it; a tracker on each host watches the GPU's resources, and
libvirt and the kernel make the domain. It was to be shown with one controller, one KVM host and one Xen host. Here it is, with
[OpenStack Placement](placement.md) as the controller: what is shown below was recorded while it ran.`;

const PICTURE = `\`\`\`
 vgpud, both hosts ── publishes its GPU, keeps \`reserved\` true ────────────────────────► Placement
 vgpuctl schedule ─── 1 GET /allocation_candidates, 2 PUT /allocations/CONSUMER ───────►    │
 vgpuctl schedule ─── 3 CreateDomain, TLS with a client's certificate ─► vgpud ─ 4 GET /allocations/CONSUMER
                                                                           └─ 5 ledger: is there room?
      kvm-1.example   vgpud ─► vgpud-hostd ─► kernel: a mediated device       └─► libvirt ─► QEMU opens it
      xen-1.example   vgpud ─► libvirt ─► libxl ─► the domain's device model ─► kernel: a slice of XenGT
 Prometheus ───────── GET /metrics of both hosts, alerts.yaml
\`\`\``;

const MACHINES = `| machine | what runs there |
| --- | --- |
| the caller's | \`vgpuctl schedule\`, with its [three files](vgpuctl.md#with-placement-in-front) and a certificate whose role on the hosts is [admin](tls.md#roles) |
| the controller's | Debian's OpenStack Placement |
| \`kvm-1.example\` | a virtual machine with Debian's kernel, systemd, AppArmor, libvirt and QEMU, unmodified, and vgpud from its Debian package |
| \`xen-1.example\` | a virtual machine with Debian's Xen, and in its dom0 the kernel, systemd, libvirt with its driver for Xen, and vgpud from the same package |
| monitoring's | Debian's Prometheus with the [alerts](monitoring.md#alerts) that are shipped |

Each host has one GPU with an aperture of 512 MiB, of which the host itself keeps 128. Two domains with 256 MiB do not fit on one, and with
two more of 64 MiB each a host is full to the last MiB.`;

const CUT = `\`MACHINE$\` tells where a line was typed; behind \`placement$\` stands a provider whose inventory and traits follow, and behind
\`world$\` what was done to a machine. What vgpuctl says of a domain is shown whole once while it runs and once when it is gone.`;

const RUNNING = `    npm ci && npm run build
    npm run test:seed

on Debian 12, as root, with 6 GB of memory; \`scripts/install-test-packages\` installs what it needs, and \`npm run test:long\` has it among
others. It takes a quarter of an hour on two cores that do other work as well, and some minutes more when the images of both virtual
machines are built first. Each run leaves its story in \`dist/testbed-log/seed-demonstration.log\`; \`UPDATE_GOLDEN=1 npm run test:seed\` and
then \`npm run docs\` record it here.`;

const DIFFERENCES = `- The GPUs are imaginary: modules of ours offer what i915 with kvmgt, and XenGT, offer, with the same arithmetic and refusals; the device
  model of Xen's domains is a stand-in for QEMU with Intel's patches. Nothing is drawn, and a guest is a boot sector that waits.
- All is emulated, and slow; the KVM host has no \`/dev/kvm\`, so that libvirt's QEMU emulates its guests, and its trait is
  \`CUSTOM_INTEL_VGPU_HYPERVISOR_NONE\`. No time on this page is one of vgpud's.
- Hosts reach Placement, and the caller and Prometheus reach hosts, through a channel of the virtual machines, which have no network.
  Everybody sees ports of the loopback.
- A host without power is a virtual machine that is killed. As from one without power nobody gets an answer from it. Its channel goes on
  taking connections, which vgpuctl tells, where of hardware that is off nobody takes them; and connections that stood end at once, where
  hardware leaves them hanging.
- Placement believes every token, keeps its books in a file, and names candidates for a request always in the same order. In clouds it
  has Keystone, a database, and \`randomize_allocation_candidates\`.
- \`VgpudDown\` waits 20 s instead of five minutes. Addresses and folders of the machine that recorded it are replaced.`;

/** Of each step: its heading, and what there is to see. */
const steps: Readonly<Record<SeedStep, readonly [string, string]>> = {
  published: [
    "Both hosts tell Placement what they have",
    `Each vgpud has made a provider for its host and one for the GPU below it, with the total of each resource and what of it is reserved,
here for the host itself: \`512/128\` is a total of 512, 128 of it reserved. Every second domain, \`desk-1\`, \`desk-3\` and so on, is to start
with its host (\`autostart\`); the file of the first is shown. Of the flavors one asks for 128 MiB of low and 384 MiB of high GM; no type has
these sizes, and it is booked as what the host will make.`,
  ],
  six: [
    "Six domains, by capacity",
    `Placement names the hosts that have room, and vgpuctl books the first and asks its vgpud for the domain. For the second large domain
only one of them comes into question; small ones go to one host until that is full. On the KVM host a slice is a mediated device, on the
Xen host a slice of XenGT, named by the domain's number.`,
  ],
  seventh: [
    "A seventh finds no host",
    "Nothing is left on either. vgpuctl says so with exit code 6, and nothing is booked.",
  ],
  freed: [
    "What is destroyed makes room for the next",
    "The domain and its slice go first, then the booking; what comes next gets the place.",
  ],
  dead: [
    "A host loses its power",
    `First, desk-5 is destroyed, so that each host has room for one small domain. Then one host is gone without a word. Placement does
not know: nobody has told it, and it still names that host. vgpuctl asks it, gets no answer, books nothing there and takes the other one.
The next create finds nobody who takes it. A domain of the dead host cannot be destroyed, and what is booked for it stays booked,
since it may come back.`,
  ],
  back: [
    "The host is back",
    `It boots from the disk as it was when the power went. What the ledger promised is there: domains with \`autostart\` (those of odd
numbers) run with their slices; the others are off and their slices are theirs. Books and ledger agree without anything having been changed in
either, the alert is over, and the room that was left is given out again.`,
  ],
  empty: [
    "Everything is destroyed",
    "No domain, no slice, no booking is left on either host, and Placement has the same inventories as in the beginning.",
  ],
};

export function seedDemonstrationPage(record: SeedRecord): string {
  const shortened = shortener();
  const story = seedSteps.map((step) => {
    const [title, prose] = steps[step];
    const pieces = record[step].map(({ at, line, output }) =>
      pieceText({ at, line, output: shortened(output) }),
    );
    return `### ${title}\n\n${prose}\n\n\`\`\`console\n${pieces.join("\n\n")}\n\`\`\``;
  });
  const parts = [
    `## Who calls whom\n\n${PICTURE}`,
    `## What runs where\n\n${MACHINES}`,
    `## What happened\n\n${CUT}\n\n${story.join("\n\n")}`,
    `## To run it\n\n${RUNNING}`,
    `## What differs from hardware\n\n${DIFFERENCES}`,
  ];
  return page("The demonstration: one controller, a KVM host, a Xen host", INTRODUCTION, parts.join("\n\n"));
}

/** What vgpuctl tells of a domain is shown whole of the first that was made, and of the first that is gone. */
function shortener(): (output: string) => string {
  const shown = new Set<string>();
  return (output) =>
    output
      .replace(
        /^(domain: .*\n)(?:.+\n)*?(state: .*\n)(?:.+(?:\n|$))*/m,
        (view, name: string, state: string) => {
          if (shown.has(state)) return `${name}${state}…\n`;
          shown.add(state);
          return view;
        },
      )
      .trimEnd();
}

function pieceText({ at, line, output }: SeedPiece): string {
  return [`${at}$ ${line}`, ...(output === "" ? [] : [output])].join("\n");
}
