// A domain that came as libvirt's XML, once it has passed the list: a tree of ours, not the caller's text.
import type { XmlElement } from "./xml-element.ts";

export interface RawDomain {
  /** What stands inside `<domain>`, but its name and UUID. */
  readonly children: readonly XmlElement[];
}
