// From the caller's text to a tree. What the parser would have to interpret (entities, DOCTYPE, CDATA) is refused before.
import { elementsOf, parseXml as parse, textOf, type Element } from "../../core/xml.ts";
import { messageOf } from "../../core/errors.ts";
import type { XmlElement } from "./xml-element.ts";

/** The contract's limit of one document, bytes. */
const MAX_BYTES = 2 * 1024 * 1024;
/** Deeper than any document of libvirt, shallow enough to walk. */
const MAX_DEPTH = 32;

/** @throws SyntaxError that completes "the document …" */
export function parseXml(text: string): XmlElement {
  refuseUnsafe(text);
  return readElement(parsed(text), 1);
}

function refuseUnsafe(text: string): void {
  if (Buffer.byteLength(text) > MAX_BYTES) throw new SyntaxError(`is longer than ${MAX_BYTES} bytes`);
  if (/<!(?!--)/.test(text))
    throw new SyntaxError("has a DOCTYPE, an entity or CDATA, none of which is taken");
  if (/<\?(?!xml[ \t\r\n])/.test(text)) throw new SyntaxError("has a processing instruction");
  if (/&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)/.test(text))
    throw new SyntaxError("has an entity other than XML's own five");
}

function parsed(text: string): Element {
  try {
    return parse(text);
  } catch (error) {
    throw new SyntaxError(`is not well-formed: ${messageOf(error)}`, { cause: error });
  }
}

function readElement(element: Element, depth: number): XmlElement {
  if (depth > MAX_DEPTH) throw new SyntaxError(`is deeper than ${MAX_DEPTH} elements`);
  const { name, attributes } = element;
  const children = elementsOf(element).map((child) => readElement(child, depth + 1));
  const text = textOf(element).trim();
  if (children.length > 0 && text !== "") throw new SyntaxError(`has text beside elements in <${name}>`);
  return { name, attributes, text, children };
}
