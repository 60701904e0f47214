// XML as plain data, in its order, read by a strict parser that resolves XML's own five entities and numbers, and no other.
import { parseXml as parse, XmlElement, XmlError, XmlText, type XmlNode } from "@rgrove/parse-xml";

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Strings are text, blanks and all, entities resolved. */
  readonly children: readonly (Element | string)[];
}

/** @throws SyntaxError with the place when the text is no well-formed document, or one too deep to walk */
export function parseXml(text: string): Element {
  try {
    const { root } = parse(text);
    if (root === null) throw new SyntaxError("line 1: one root element is needed");
    return toElement(root);
  } catch (error) {
    if (error instanceof XmlError) throw new SyntaxError(placed(error), { cause: error });
    if (error instanceof RangeError) throw new SyntaxError("it is too deep", { cause: error });
    throw error;
  }
}

/** Of the library's words the first line, which ends with the place; an excerpt of the document follows it. */
function placed({ line, message }: XmlError): string {
  const [what = ""] = message.split("\n", 1);
  return `line ${line}: ${what.replace(/ \(line \d+, column \d+\)$/, "")}`;
}

function toElement({ name, attributes, children }: XmlElement): Element {
  return { name, attributes, children: children.flatMap(toChild) };
}

function toChild(node: XmlNode): Element | string | [] {
  if (node instanceof XmlElement) return toElement(node);
  return node instanceof XmlText ? node.text : [];
}

export function childOf(parent: Element | undefined, name: string): Element | undefined {
  return elementsOf(parent).find((child) => child.name === name);
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

/** Empty when the element or the attribute is absent. */
export function attributeOf(of: Element | undefined, name: string): string {
  return of?.attributes[name] ?? "";
}
