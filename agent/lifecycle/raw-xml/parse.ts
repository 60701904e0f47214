// From the caller's text to a tree. What the parser would have to interpret (entities, DOCTYPE, CDATA) is refused before.
import { XMLParser, XMLValidator } from "fast-xml-parser";
import type { XmlElement } from "./xml-element.ts";

/** The contract's limit of one document, bytes. */
const MAX_BYTES = 2 * 1024 * 1024;
/** Deeper than any document of libvirt, shallow enough to walk. */
const MAX_DEPTH = 32;
const ATTRIBUTES = ":@";
const TEXT = "#text";

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  htmlEntities: true, // numeric references; the named ones but XML's five are refused before
  ignoreDeclaration: true,
});

/** @throws SyntaxError that completes "the document …" */
export function parseXml(text: string): XmlElement {
  refuseUnsafe(text);
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the parser takes anything; the successor is another package
  const verdict = XMLValidator.validate(text);
  if (verdict !== true)
    throw new SyntaxError(`is not well-formed: line ${verdict.err.line}: ${verdict.err.msg}`);
  const roots = readNodes(parsed(text), 0).filter((node) => typeof node !== "string");
  const [root] = roots;
  if (root === undefined || roots.length > 1) throw new SyntaxError("needs one root element");
  return root;
}

function refuseUnsafe(text: string): void {
  if (Buffer.byteLength(text) > MAX_BYTES) throw new SyntaxError(`is longer than ${MAX_BYTES} bytes`);
  if (/<!(?!--)/.test(text))
    throw new SyntaxError("has a DOCTYPE, an entity or CDATA, none of which is taken");
  if (/<\?(?!xml[ \t\r\n])/.test(text)) throw new SyntaxError("has a processing instruction");
  if (/&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)/.test(text))
    throw new SyntaxError("has an entity other than XML's own five");
}

function parsed(text: string): unknown {
  try {
    return parser.parse(text);
  } catch (error) {
    // Names such as `constructor`, and trees that are very deep.
    throw new SyntaxError("cannot be read", { cause: error });
  }
}

/** The parser's shape: a list of objects, each with one key for the name and maybe one for the attributes. */
function readNodes(list: unknown, depth: number): (XmlElement | string)[] {
  if (depth > MAX_DEPTH) throw new SyntaxError(`is deeper than ${MAX_DEPTH} elements`);
  if (!Array.isArray(list)) return [];
  const items: readonly unknown[] = list;
  return items.flatMap((item) => {
    const entries: readonly [string, unknown][] =
      typeof item === "object" && item !== null ? Object.entries(item) : [];
    const attributes = readAttributes(entries.find(([key]) => key === ATTRIBUTES)?.[1]);
    return entries
      .filter(([key]) => key !== ATTRIBUTES)
      .map(([name, value]) =>
        name === TEXT ? String(value) : readElement(name, attributes, readNodes(value, depth + 1)),
      );
  });
}

function readElement(
  name: string,
  attributes: XmlElement["attributes"],
  nodes: readonly (XmlElement | string)[],
): XmlElement {
  const children = nodes.filter((node) => typeof node !== "string");
  const text = nodes
    .filter((node) => typeof node === "string")
    .join("")
    .trim();
  if (children.length > 0 && text !== "") throw new SyntaxError(`has text beside elements in <${name}>`);
  return { name, attributes, text, children };
}

function readAttributes(value: unknown): XmlElement["attributes"] {
  if (typeof value !== "object" || value === null) return {};
  const entries: readonly [string, unknown][] = Object.entries(value);
  return Object.fromEntries(entries.map(([name, text]) => [name, String(text)]));
}
