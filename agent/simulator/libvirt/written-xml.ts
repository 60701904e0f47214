// XML written the way libvirt writes it.
import { elementsOf, textOf, type Element } from "../../core/xml.ts";

export function element(
  name: string,
  attributes: Element["attributes"],
  ...children: Element["children"]
): Element {
  return { name, attributes, children };
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
