// XML as plain data: what a caller's document is turned into before anything is decided about it.

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Entities resolved, without blanks at either end. Empty beside children. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

export function childOf(parent: XmlElement, name: string): XmlElement | undefined {
  return parent.children.find((child) => child.name === name);
}
