// The scheduler in front of this host, as an operator names it.
import * as z from "zod";
import { SLICES_CLASS } from "../core/placement-names.ts";
import { policies } from "../schedulers/policy.ts";
import { about } from "./about.ts";
import { ENCRYPTED } from "../placement/plaintext.ts";
import { absolutePath, duration, durationWords, encryptedUrl, httpUrl, uuid } from "./forms.ts";

const HEAL = { minMs: 1_000, maxMs: 86_400_000 };
const FIRST = { minMs: 0, maxMs: 3_600_000 };
const GRACE = { minMs: 1_000, maxMs: 604_800_000 };
const TIMEOUT = { minMs: 100, maxMs: 120_000 };

/** Keystone, and the application credential that vgpud asks it with. */
const keystone = z
  .strictObject({
    auth_url: encryptedUrl.optional().register(about, {
      meaning:
        "Keystone's address with its version. Without it Placement is asked as one that believes everybody (noauth2).",
      takes: ENCRYPTED,
      example: "https://keystone.example:5000/v3",
      otherwise: "no Keystone is asked",
    }),
    credential_id: z
      .string()
      .regex(/^[\x21-\x7e]{1,255}$/)
      .optional()
      .register(about, {
        meaning: "The id of an application credential with the role that Placement's policy asks for.",
        takes: "an id of 1 to 255 printable characters",
        example: "21dced0fd20347869b93710d2b98aae0",
        otherwise: "required beside scheduler.placement.keystone.auth_url",
      }),
    secret_file: absolutePath.optional().register(about, {
      meaning:
        "A file with the credential's secret, read anew for every token. Only vgpud needs to be able to read it.",
      takes: "an absolute path",
      example: "/etc/vgpud/keystone-secret",
      otherwise: "required beside scheduler.placement.keystone.auth_url",
    }),
    region: z.string().min(1).max(255).optional().register(about, {
      meaning: "Whose Placement of Keystone's catalogue is asked.",
      takes: "the id of a region",
      example: "RegionOne",
      otherwise: "the first that the catalogue lists",
    }),
    interface: z.enum(["public", "internal", "admin"]).default("internal").register(about, {
      meaning: "Which of its endpoints is asked.",
      takes: "public, internal or admin",
    }),
  })
  .prefault({});

const placement = z
  .strictObject({
    endpoint: httpUrl.optional().register(about, {
      meaning:
        "Placement's address. Beside Keystone, whose token is sent there, it has to be https or on this machine.",
      takes: "an http or https URL",
      example: "https://placement.example:8778",
      otherwise: "as Keystone's catalogue says",
    }),
    host: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,170}$/)
      .optional()
      .register(about, {
        meaning:
          "The name of this host's root resource provider. With Nova it is the name that nova-compute gives the host.",
        takes: "a name of at most 171 letters, digits, dots, hyphens and underscores",
        example: "kvm-17.example",
        otherwise: "the host's name",
      }),
    root: z
      .enum(["nova", "own"])
      .default("nova")
      .register(about, {
        meaning:
          "Who makes the root resource provider of this host: nova-compute, whose provider is found by its name, or vgpud, where there is " +
          "no Nova, as for hosts of Xen.",
        takes: "nova or own",
      }),
    machine: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/)
      .optional()
      .register(about, {
        meaning:
          "A word that tells this machine from every other, as its asset or serial number. The root that vgpud makes is known by it: " +
          "for machines whose /etc/machine-id is another one after each boot.",
        takes: "a word of at most 128 letters, digits, dots, colons, hyphens and underscores",
        example: "asset-0017",
        otherwise: "what /etc/machine-id has",
      }),
    vgpu_class: z
      .string()
      .regex(/^(VGPU|CUSTOM_[A-Z0-9_]{1,240})$/)
      .default(SLICES_CLASS)
      .register(about, {
        meaning:
          "The resource class of GVT-g slices. VGPU is what flavors of OpenStack name; Nova's driver for libvirt takes it for its own where " +
          "enabled_mdev_types is set.",
        takes: "VGPU, or a name that begins with CUSTOM_",
      }),
    aggregates: z.array(uuid).default([]).register(about, {
      meaning:
        "Aggregates that the GPUs' providers, and a root of vgpud's own, are put into: shards of a large cloud.",
      takes: "a list of UUIDs in small letters",
    }),
    ca_file: absolutePath.optional().register(about, {
      meaning: "Certificates (PEM) of the authorities by which Placement and Keystone are believed.",
      takes: "an absolute path",
      example: "/etc/vgpud/openstack-ca.pem",
      otherwise: "the authorities that Node.js brings",
    }),
    timeout: duration(TIMEOUT)
      .default("10s")
      .register(about, {
        meaning: "How long one request may take.",
        takes: durationWords(TIMEOUT.minMs, TIMEOUT.maxMs),
      }),
    keystone,
  })
  .prefault({});

const slurm = z
  .strictObject({
    cluster: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/)
      .optional()
      .register(about, {
        meaning:
          "The cluster's name, as ClusterName of slurm.conf and $SLURM_CLUSTER_NAME in jobs have it: claims are named slurm:CLUSTER:JOBID.",
        takes: "a name of at most 64 small letters, digits, hyphens and underscores",
        example: "render",
        otherwise: "required beside scheduler.adapter slurm",
      }),
    node: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
      .optional()
      .register(about, {
        meaning: "The NodeName that slurm.conf has for this host.",
        takes: "a name of at most 64 letters, digits, dots, hyphens and underscores",
        example: "gvt-17",
        otherwise: "the host's name up to its first dot",
      }),
    prefix: absolutePath.default("/usr").register(about, {
      meaning: "Where Slurm is installed: bin/scontrol, bin/squeue and sbin/slurmd below it are run.",
      takes: "an absolute path",
    }),
    conf: absolutePath.optional().register(about, {
      meaning: "The slurm.conf that these programs read.",
      takes: "an absolute path",
      example: "/etc/slurm/slurm.conf",
      otherwise: "as Slurm was built",
    }),
    publish: z
      .boolean()
      .default(true)
      .register(about, {
        meaning:
          "Whether vgpud tells Slurm how many of each GRES jobs may have, and when the host is drained, which Slurm lets its operators do. " +
          "Without it that is the administrator's, and vgpud verifies claims and compares the books.",
        takes: "true or false",
      }),
    timeout: duration(TIMEOUT)
      .default("10s")
      .register(about, {
        meaning: "How long one run of such a program may take.",
        takes: durationWords(TIMEOUT.minMs, TIMEOUT.maxMs),
      }),
  })
  .prefault({});

export const schedulerKeys = z
  .strictObject({
    adapter: z.enum(["none", "placement", "slurm"]).default("none").register(about, {
      meaning:
        "The scheduler that callers book with before they ask this host, and that vgpud tells what the host has.",
      takes: "none, placement or slurm",
    }),
    policy: z
      .enum(policies)
      .default("require")
      .register(about, {
        meaning:
          "Whether a create has to be booked: with require its claim is verified with the scheduler, and nothing is made while that is away; " +
          "with trust-ledger the ledger of this host alone decides, and what was not booked is found when the books are compared.",
        takes: "require or trust-ledger",
      }),
    heal_every: duration(HEAL)
      .default("5m")
      .register(about, {
        meaning:
          "How often the scheduler's books are compared with the ledger, on the average: each time half to one and a half of it.",
        takes: durationWords(HEAL.minMs, HEAL.maxMs),
      }),
    first_within: duration(FIRST)
      .default("2m")
      .register(about, {
        meaning:
          "Within which time of its start vgpud first asks the scheduler, at a random moment, so that hosts which start together do not ask together.",
        takes: durationWords(FIRST.minMs, FIRST.maxMs),
      }),
    claim_grace: duration(GRACE)
      .default("30m")
      .register(about, {
        meaning:
          "How long what vgpuctl has booked may be without a domain before vgpud gives it back. What others have booked is only told of.",
        takes: durationWords(GRACE.minMs, GRACE.maxMs),
      }),
    placement,
    slurm,
  })
  .prefault({});

export type SchedulerConfig = z.infer<typeof schedulerKeys>;
