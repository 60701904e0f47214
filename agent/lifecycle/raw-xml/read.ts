// From raw XML to a domain that can be built: parsed, held against the list, and its name and sizes read.
import { AgentError } from "../../core/errors.ts";
import { refusalsOf } from "./filter.ts";
import { parseXml } from "./parse.ts";
import type { RawDomain } from "./raw-domain.ts";
import { childOf, type XmlElement } from "./xml-element.ts";

/** What the document says that the typed fields say otherwise; texts as they stand there. */
export interface ReadDomain {
  readonly name: string;
  /** Empty when it names none. */
  readonly uuid: string;
  readonly vcpus: number;
  /** Rounded up. NaN when it does not say. */
  readonly memoryMib: number;
  readonly raw: RawDomain;
}

const KIB: Readonly<Record<string, number>> = {
  ...{ KiB: 1, k: 1, MiB: 1024, M: 1024, GiB: 1024 * 1024, G: 1024 * 1024 },
};
const KIB_PER_MIB = 1024;

/**
 * `field` is the document's path in the request.
 * @throws AgentError FIELD_INVALID for what is no document of a domain, XML_NOT_ALLOWED with all that is not on the list
 */
export function readRawDomain(text: string, field: string): ReadDomain {
  const root = parsed(text, field);
  const violations = refusalsOf(root).map(({ path, why }) => ({ field, message: `${path} ${why}` }));
  const [first] = violations;
  if (first) {
    const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : "";
    throw new AgentError("XML_NOT_ALLOWED", `${field}: ${first.message}${more}`, {
      violations,
      details: { field },
    });
  }
  const kib = kibOf(childOf(root, "memory"));
  const current = childOf(root, "currentMemory");
  if (current && kibOf(current) !== kib)
    throw invalid(field, "/domain/currentMemory must be as /domain/memory: a vGPU pins all of it");
  return {
    name: textOf(root, "name"),
    uuid: textOf(root, "uuid"),
    vcpus: Number(textOf(root, "vcpu") || "1"),
    memoryMib: Math.ceil(kib / KIB_PER_MIB),
    raw: { children: root.children.filter(({ name }) => name !== "name" && name !== "uuid") },
  };
}

function parsed(text: string, field: string): XmlElement {
  let root: XmlElement;
  try {
    root = parseXml(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalid(field, error.message);
  }
  if (root.name !== "domain") throw invalid(field, "must have the root element <domain>");
  for (const name of ["name", "memory", "os", "devices"])
    if (!childOf(root, name)) throw invalid(field, `needs a <${name}>`);
  return root;
}

function kibOf(memory: XmlElement | undefined): number {
  if (!memory) return NaN;
  return Number(memory.text) * (KIB[memory.attributes["unit"] ?? "KiB"] ?? NaN);
}

function textOf(root: XmlElement, name: string): string {
  return childOf(root, name)?.text ?? "";
}

function invalid(field: string, why: string): AgentError {
  return new AgentError("FIELD_INVALID", `${field} ${why}`, { field, details: { field } });
}
