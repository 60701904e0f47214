// XML as a small tree that keeps the order of things, read leniently in layout and written the way libvirt does.
import { XMLParser, XMLValidator } from "fast-xml-parser";

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Strings are text, entities resolved. */
  readonly children: readonly (Element | string)[];
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  htmlEntities: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
});
const ATTRIBUTES = ":@";
const TEXT = "#text";

/** @throws SyntaxError with the place when the text is no well-formed document of one root element */
export function parseXml(text: string): Element {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the parser takes anything; the successor is another package
  const verdict = XMLValidator.validate(text);
  if (verdict !== true) throw new SyntaxError(`line ${verdict.err.line}: ${verdict.err.msg}`);
  const content: unknown = parser.parse(text);
  const roots = readChildren(content).filter((node) => typeof node !== "string");
  const [root] = roots;
  if (root === undefined || roots.length > 1) throw new SyntaxError("line 1: one root element is needed");
  return root;
}

export function element(
  name: string,
  attributes: Element["attributes"],
  ...children: Element["children"]
): Element {
  return { name, attributes, children };
}

export function childOf(parent: Element | undefined, name: string): Element | undefined {
  return childrenOf(parent, name)[0];
}

export function childrenOf(parent: Element | undefined, name: string): readonly Element[] {
  return elementsOf(parent).filter((child) => child.name === name);
}

export function elementsOf(parent: Element | undefined): readonly Element[] {
  return (parent?.children ?? []).filter((child) => typeof child !== "string");
}

/** The element's own text; empty when it is absent or has none. */
export function textOf(of: Element | undefined): string {
  return (of?.children ?? []).filter((child) => typeof child === "string").join("");
}

/** Two spaces a level and single quotes, as libvirt's own documents have them. */
export function writeXml(root: Element, indent = ""): string {
  const attributes = Object.entries(root.attributes).map(([name, value]) => ` ${name}='${escape(value)}'`);
  const open = `${indent}<${root.name}${attributes.join("")}`;
  const elements = elementsOf(root);
  if (elements.length > 0) {
    const inner = elements.map((child) => writeXml(child, `${indent}  `)).join("");
    return `${open}>\n${inner}${indent}</${root.name}>\n`;
  }
  const text = textOf(root);
  return text === "" ? `${open}/>\n` : `${open}>${escape(text)}</${root.name}>\n`;
}

/** Double quotes and no spaces that were not there, as libxml2 dumps a node. */
export function dumpXml(root: Element): string {
  const attributes = Object.entries(root.attributes).map(([name, value]) => ` ${name}="${escape(value)}"`);
  const inner = root.children
    .map((child) => (typeof child === "string" ? escape(child) : dumpXml(child)))
    .join("");
  const open = `<${root.name}${attributes.join("")}`;
  return inner === "" ? `${open}/>` : `${open}>${inner}</${root.name}>`;
}

function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "'": "&apos;",
    '"': "&quot;",
  };
  return text.replaceAll(/[&<>'"]/g, (character) => entities[character] ?? character);
}

/** The parser's shape: a list of objects, each with one key for the name and maybe one for the attributes. */
function readChildren(list: unknown): readonly (Element | string)[] {
  if (!Array.isArray(list)) return [];
  const items: readonly unknown[] = list;
  return items.flatMap((item) => {
    if (typeof item !== "object" || item === null) return [];
    const entries: readonly [string, unknown][] = Object.entries(item);
    const attributes = entries.find(([key]) => key === ATTRIBUTES)?.[1];
    return entries
      .filter(([key]) => key !== ATTRIBUTES)
      .map(([name, value]) =>
        name === TEXT
          ? String(value)
          : { name, attributes: readAttributes(attributes), children: readChildren(value) },
      );
  });
}

function readAttributes(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null) return {};
  const entries: readonly [string, unknown][] = Object.entries(value);
  return Object.fromEntries(entries.map(([name, text]) => [name, String(text)]));
}
