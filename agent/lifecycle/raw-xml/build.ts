// Writes a raw domain into the document that goes to libvirt, with the vGPU among its devices.
import { addFunction, addSlice } from "../../core/vgpu-elements.ts";
import { Builder } from "../../core/xml-builder.ts";
import { functionOf } from "../../inventory/share.ts";
import type { DomainClaim } from "../claim.ts";
import type { RawDomain } from "./raw-domain.ts";
import { childOf, type XmlElement } from "./xml-element.ts";

/** The document as it passed the list, with the identity that it has got, and without what vgpud adds. */
export function renderRawDomain(
  { id, name }: { readonly id: string; readonly name: string },
  { children }: RawDomain,
): string {
  const domain = Builder.root("domain", { type: "kvm" });
  domain.ele("name").txt(name);
  domain.ele("uuid").txt(id);
  for (const child of children) addElement(domain, child);
  return domain.render();
}

export function addRawDomain(domain: Builder, claim: DomainClaim, { children }: RawDomain): void {
  for (const child of children) {
    const element = addElement(domain, child);
    if (child.name !== "devices") continue;
    addDevice(element, claim);
    // The balloon cannot give back pages that VFIO has pinned; without the element libvirt adds one.
    if (!childOf(child, "memballoon")) element.ele("memballoon", { model: "none" });
  }
}

function addDevice(devices: Builder, claim: DomainClaim): void {
  const { gpu, share } = claim;
  const function_ = functionOf({ gpu, share });
  if (function_ === undefined) addSlice(devices, claim.vgpuId);
  else addFunction(devices, function_);
}

function addElement(parent: Builder, { name, attributes, text, children }: XmlElement): Builder {
  const element = parent.ele(name, attributes);
  if (text !== "") element.txt(text);
  for (const child of children) addElement(element, child);
  return element;
}
