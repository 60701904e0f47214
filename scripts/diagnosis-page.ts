// docs/reference/diagnosis.md, from the table of conditions and its English texts. Pure.
import type { Check } from "../agent/diagnosis/condition.ts";
import { table as conditions } from "../agent/diagnosis/table.ts";
import { texts } from "../agent/diagnosis/texts/en.ts";
import { redactions } from "../agent/doctor/redaction.ts";
import { page, table } from "./markdown.ts";

export function diagnosisPage(): string {
  return page(
    "Diagnosis",
    "Every condition that vgpud checks, in its order: causes before what follows from them. `vgpuctl doctor`, `HostService.Diagnose` " +
      "and the metrics `vgpud_host_check_status` and `vgpud_gpu_check_status` tell them under these names. A condition passes, fails, is " +
      "unknown (what would tell could not be read) or does not apply. What its failure costs depends on the mode: `error` means that " +
      "the mode does not work, `warning` that it works with less room, speed or safety, `info` that it is worth knowing.",
    [...conditions.map(section), bundleSection()].join("\n\n"),
  );
}

function section(check: Check): string {
  const { title, messages, remedies } = texts[check.code];
  const remedyOf = new Map(Object.entries<string>(remedies));
  const rows = Object.entries<string>(messages).map(([says, message]) => [
    plain(`${message}${spared(check.spares?.[says])}`),
    plain(remedyOf.get(says) ?? ""),
  ]);
  const costs = Object.entries(check.costs).map(([mode, severity]) => `${mode} ${severity}`);
  return [
    `## ${check.code}`,
    `Of the ${check.of === "gpu" ? "GPU" : "host"}: ${title}. When it fails: ${costs.join(", ")}.`,
    `Looked at: ${check.how}.${followsFrom(check)}`,
    table(["found", "what to do"], rows),
  ].join("\n\n");
}

function spared(modes: readonly string[] = []): string {
  return modes.length === 0 ? "" : ` (of no concern to ${modes.join(", ")})`;
}

function followsFrom({ dependsOn }: Check): string {
  const links = dependsOn.map((code) => `[${code}](#${code.toLowerCase()})`);
  return links.length === 0 ? "" : ` Tells nothing new while one of these fails: ${links.join(", ")}.`;
}

function bundleSection(): string {
  const rows = redactions.map(({ files, keeps }) => [`\`${files.source.replaceAll("\\/", "/")}\``, keeps]);
  return [
    "## What a bundle holds",
    "`vgpuctl doctor --bundle FILE` writes of the files that these checks look at what this table names, by the first row that " +
      "fits; of any other file only that it is there.",
    table(["files", "kept"], rows),
  ].join("\n\n");
}

/** Markdown would take these for its own. */
function plain(text: string): string {
  return text.replaceAll("<", "\\<").replaceAll("_", "\\_").replaceAll("*", "\\*");
}
