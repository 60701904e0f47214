// What libvirt's capabilities document says about running x86 guests (libvirt: docs/formatcaps.rst).
import { attributeOf, childOf, childrenOf, parseXml, textOf } from "../core/xml.ts";

/** The kinds of Xen's x86_64 guests on offer; none where libvirt does not drive Xen. */
export function xenGuestTypes(xml: string): ReadonlySet<"hvm" | "pvh" | "pv"> {
  const guests = childrenOf(parseXml(xml), "guest").filter((guest) =>
    childrenOf(guest, "arch").some(
      (arch) =>
        attributeOf(arch, "name") === "x86_64" &&
        childrenOf(arch, "domain").some((domain) => attributeOf(domain, "type") === "xen"),
    ),
  );
  const types = guests.map((guest) => xenTypes.get(textOf(childOf(guest, "os_type"))));
  return new Set(types.filter((type) => type !== undefined));
}

/** By libvirt's types of operating systems. */
const xenTypes: ReadonlyMap<string, "hvm" | "pvh" | "pv"> = new Map([
  ["hvm", "hvm"],
  ["xenpvh", "pvh"],
  ["xen", "pv"],
]);

/** The domain types on offer for fully virtualised x86_64 guests: `kvm` and `qemu`, one of them, or none. */
export function x86DomainTypes(xml: string): ReadonlySet<string> {
  const guests = childrenOf(parseXml(xml), "guest").filter(
    (guest) => textOf(childOf(guest, "os_type")) === "hvm",
  );
  const arches = guests
    .flatMap((guest) => childrenOf(guest, "arch"))
    .filter((arch) => attributeOf(arch, "name") === "x86_64");
  const types = arches
    .flatMap((arch) => childrenOf(arch, "domain"))
    .map((domain) => attributeOf(domain, "type"));
  return new Set(types.filter((type) => type !== ""));
}
