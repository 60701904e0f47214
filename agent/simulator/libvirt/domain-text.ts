// Pure: a domain's title and description, which virDomainSetMetadata changes beside the metadata of others.
import { childOf, elementsOf, textOf } from "../../core/xml.ts";
import { MetadataType } from "../../node-libvirt/constants.ts";
import type { Definition } from "./definition.ts";
import { element } from "./written-xml.ts";

const names = { [MetadataType.title]: "title", [MetadataType.description]: "description" } as const;

/** The element that a type of metadata stands for; undefined for elements of a namespace. */
export function textElement(type: number): "title" | "description" | undefined {
  return type === MetadataType.title || type === MetadataType.description ? names[type] : undefined;
}

export function readText({ root }: Definition, name: "title" | "description"): string | undefined {
  const found = childOf(root, name);
  return found && textOf(found);
}

/** Without a text, or with an empty one, it is taken away. */
export function withText(
  definition: Definition,
  name: "title" | "description",
  text: string | null,
): Definition {
  const others = elementsOf(definition.root).filter((child) => child.name !== name);
  const isHead = (child: { readonly name: string }): boolean => ["name", "uuid"].includes(child.name);
  const added = text === null || text === "" ? [] : [element(name, {}, text)];
  const children = [...others.filter(isHead), ...added, ...others.filter((child) => !isHead(child))];
  return { ...definition, root: { ...definition.root, children } };
}
