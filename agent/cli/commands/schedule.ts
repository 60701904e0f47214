// `vgpuctl schedule …`: domains on whichever host Placement has room on. What the commands do is loaded by who asks for it.
import { stopFlags } from "../change.ts";
import type { RemoteCommand } from "../command.ts";
import { claimOperand, FLAVORS_FILE, hostFlag, scheduleFlag } from "../schedule/words.ts";

const createCommand: RemoteCommand = {
  kind: "remote",
  name: "schedule create",
  summary: "book a vGPU in Placement and make its domain on the host that has it; on refusal on the next one",
  operands: [],
  flags: [
    { name: "flavor", value: "NAME", help: "what the domain is to be like (required)" },
    {
      name: "flavors",
      value: "FILE",
      help: `the flavors (default: as the schedule file says, or ${FLAVORS_FILE})`,
      offer: { kind: "files" },
    },
    { name: "name", value: "NAME", help: "the domain's name (required here or in its file)" },
    {
      name: "file",
      short: "f",
      value: "FILE",
      help: "the domain in YAML with the fields of CreateDomainRequest, but those that the flavor says; - for stdin (required)",
      offer: { kind: "files" },
    },
    {
      name: "claim-id",
      value: "ID",
      help: "the claim of a call whose end is not known, to go on with it (default: a new UUID)",
    },
    scheduleFlag,
  ],
  forms: { name: "the claim id" },
  examples: [
    "vgpuctl schedule create --flavor m1.gvt --name web-1 -f web.yaml",
    "vgpuctl schedule create --flavor m1.gvt --name web-1 -f web.yaml --claim-id 0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e",
  ],
  run: async (args, environment) => (await import("../schedule/create.ts")).create(args, environment),
};

const destroyCommand: RemoteCommand = {
  kind: "remote",
  name: "schedule destroy",
  summary: "destroy the domain of a claim on its host, then give back what is booked for it; disks stay",
  operands: [claimOperand],
  flags: [
    ...stopFlags,
    { name: "yes", short: "y", help: "do not ask first; without a terminal nobody is asked" },
    {
      ...hostFlag,
      help: "the claim's host, where nothing is booked that would say it, or the host itself does not say that it is the one; refused where it is booked on another",
    },
    scheduleFlag,
  ],
  forms: { name: "the claim id" },
  examples: [
    "vgpuctl schedule destroy 0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e",
    "vgpuctl schedule destroy web-1 --now --yes",
  ],
  run: async (args, environment) => (await import("../schedule/destroy.ts")).destroy(args, environment),
};

const statusCommand: RemoteCommand = {
  kind: "remote",
  name: "schedule status",
  summary: "show what is booked for a claim, and its domain on the host",
  operands: [claimOperand],
  flags: [hostFlag, scheduleFlag],
  forms: { name: "the claim id" },
  examples: ["vgpuctl schedule status 0b5d0a3e-6c53-4a0f-9d0b-9a4a2f3c1d2e"],
  run: async (args, environment) => (await import("../schedule/status.ts")).status(args, environment),
};

const listCommand: RemoteCommand = {
  kind: "remote",
  name: "schedule list",
  summary: "list what vgpuctl has booked in Placement, on all hosts, with its domains",
  operands: [],
  flags: [
    { name: "host", value: "NAME", help: "only what is booked on this host" },
    { name: "no-headers", help: "tables without their head" },
    scheduleFlag,
  ],
  forms: { name: "the claim ids" },
  examples: ["vgpuctl schedule list", "vgpuctl schedule list --host kvm-17.example -o wide"],
  run: async (args, environment) => (await import("../schedule/list.ts")).list(args, environment),
};

const checkCommand: RemoteCommand = {
  kind: "remote",
  name: "schedule check",
  summary: "say what is wrong in a file of flavors, and which sizes round to which type",
  operands: [{ name: "FLAVORS", required: true, help: "the file, - for stdin", offer: { kind: "files" } }],
  flags: [],
  forms: { name: "the names of the flavors that are right" },
  examples: ["vgpuctl schedule check /etc/vgpud/flavors.yaml"],
  run: async (args, environment) => (await import("../schedule/check.ts")).check(args, environment),
};

/** In the order of the help. */
export const scheduleCommands: readonly RemoteCommand[] = [
  createCommand,
  destroyCommand,
  statusCommand,
  listCommand,
  checkCommand,
];
