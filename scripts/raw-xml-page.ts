// The page of what raw XML may say, from the list that the filter works by. Pure.
import { groups, refusals, type Reference, type Value } from "../agent/lifecycle/raw-xml/allowed.ts";
import { page, table } from "./markdown.ts";

export function rawXmlPage(): string {
  const sections = groups.map(({ title, why, elements }) => {
    const rows = Object.entries(elements).map(([path, { attributes = {}, text }]) => [
      `\`/${path}\``,
      Object.entries(attributes)
        .map(([name, value]) => `\`${name}\`${describeValue(value)}`)
        .join("; "),
      text === undefined ? "" : describeValue(text).trim(),
    ]);
    return `## ${title}\n\nAllowed because ${why}.\n\n${table(["element", "attributes", "text"], rows)}`;
  });
  const refused = table(
    ["element", "refused because"],
    [...refusals].map(([path, why]) => [`\`/${path}\``, why]),
  );
  return page(
    "What raw XML may say",
    "The complete list of what `raw_xml` of a domain may hold. Everything else is refused with its path, elements of other " +
      "namespaces (`qemu:commandline`) included.",
    `${sections.join("\n\n")}\n\n## not allowed\n\nWhat people do write, and why it is refused. What is on neither list is refused, too.\n\n${refused}`,
  );
}

function describeValue(value: Value): string {
  if (value instanceof RegExp) return "";
  if ("refersTo" in value) return ` (${referenceWords[value.refersTo]})`;
  return ` (${value.join(", ")})`;
}

const referenceWords = {
  "disk-file": "a file below a storage root, with its backing chain",
  "block-device": "a device of `block_devices`",
  "boot-file": "a file below a storage root",
  "log-file": "a plain file or none, in a directory below a storage root",
  network: "one of `networks`",
  bridge: "one of `bridges`",
} as const satisfies Record<Reference, string>;
