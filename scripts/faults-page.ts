// The page of the simulator's faults, from the table that it works by and what vgpud makes of each. Pure.
import { rowOf, faultKinds, type FaultKind, type FaultKindRow } from "../agent/simulator/faults/kinds.ts";
import { faultNotes } from "./fault-notes.ts";
import { page, table } from "./markdown.ts";

export function faultsPage(): string {
  const rows = (Object.keys(faultKinds) as FaultKind[]).map((kind) => [
    `\`${kind}\``,
    rowOf(kind).effect,
    fieldsOf(rowOf(kind)),
    faultNotes[kind].answer,
  ]);
  return page(
    "Faults of the simulator",
    "Every kind of fault of `vgpud --simulate`, what it does to the simulated host, the fields that it takes beside " +
      "name and kind (bold: required), and what vgpud makes of it; when the fault is over, all is well again unless it " +
      "says otherwise. In the API a kind has the prefix `FAULT_KIND_`; in HOST.yaml `delay` is `delay_ms`. How faults " +
      "are set: `simulator.md`.",
    table(["kind", "while it is set", "fields", "vgpud"], rows),
  );
}

const OBJECTS = {
  vgpu: "a vgpu_id; of XenGT `vm<domid>`, or the domain's UUID or name",
  domain: "a domain's UUID or name",
  function: "a PCI address",
} as const satisfies Record<NonNullable<FaultKindRow["object"]>, string>;

function fieldsOf(row: FaultKindRow): string {
  const delay = row.nature === "state" ? "`delay` (until it ends)" : "`delay`";
  const fields = [
    row.target &&
      `**\`target\`** (${row.target === "file" ? "a file below the root" : "a method of libvirt"})`,
    row.instances && "**`instances`**",
    row.delay === "required" && "**`delay`**",
    row.errnos && `\`errno\` (${row.errnos[0]})`,
    row.message && "`message`",
    row.delay === "optional" && delay,
    row.gpu && "`gpu`",
    row.object && `\`object\` (${OBJECTS[row.object]})`,
    row.nature !== "state" && "`times`",
  ];
  return fields.filter((field) => field !== undefined && field !== false).join(", ");
}
