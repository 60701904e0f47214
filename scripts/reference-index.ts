// The index of docs/reference: what each page is for, so that none is found by its file's name alone. Pure.
import { page, table } from "./markdown.ts";

/** By file below docs/reference, in the order of the index: who looks for what there. */
export const referenceFiles: Readonly<Record<string, string>> = {
  "modes.md":
    "what a guest gets in each mode, on KVM and on Xen: screen, share of time, migration, metrics, limits",
  "diagnosis.md": "every condition that `vgpuctl doctor` checks, with causes and remedies",
  "doctor-on-beds.md": "all that `vgpuctl doctor` prints on a host of KVM and on one of Xen, the test beds",
  "reasons.md": "every reason of an error, with the kind that it is",
  "metrics.md": "every series of `/metrics`, with its labels and a question to ask of it",
  "configuration-keys.md": "every key of the configuration files",
  "config.yaml.example": "the same as a file to begin with",
  "config.schema.json": "the same for editors and tests (JSON Schema)",
  "limits.md": "what a client of the API may take, and what it sees of the limit",
  "raw-xml.md": "all that `raw_xml` of a domain may hold",
  "hostd.md": "every file that `vgpud-hostd`, the part that runs as root, may touch",
  "conformance.md": "what every backend was seen to do, on the simulated host and on real kernels",
  "placement-walkthrough.md":
    "every request that OpenStack Placement gets of vgpud and of a caller in the life of a host and of a domain",
  "lives-on-beds.md":
    "what vgpud was seen to do from create to destroy on the test beds, with the lines that the kernel got",
  "faults.md": "every fault of the simulator, and what vgpud makes of it",
};

export function referenceIndex(): string {
  const rows = Object.entries(referenceFiles).map(([file, about]) => [`[${file}](${file})`, about]);
  return page(
    "Reference",
    "Generated from the tables that the code works by, and from what the tests have recorded. Beside them: " +
      "[failure modes](../failure-modes.md), generated, too, and the contract itself, [proto/vgpud/v1](../../proto/vgpud/v1).",
    table(["page", "has"], rows),
  );
}
