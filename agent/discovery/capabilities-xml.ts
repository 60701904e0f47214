// What libvirt's capabilities document says about running x86 guests (libvirt: docs/formatcaps.rst).
import { XMLParser } from "fast-xml-parser";

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  isArray: (name) => ["guest", "arch", "domain"].includes(name),
});

interface Capabilities {
  readonly capabilities?: { readonly guest?: readonly Guest[] };
}
interface Guest {
  readonly os_type?: string;
  readonly arch?: readonly {
    readonly "@name"?: string;
    readonly domain?: readonly { readonly "@type"?: string }[];
  }[];
}

/** The domain types on offer for fully virtualised x86_64 guests: `kvm` and `qemu`, one of them, or none. */
export function x86DomainTypes(xml: string): ReadonlySet<string> {
  const { capabilities } = parser.parse(xml) as Capabilities;
  const guests = (capabilities?.guest ?? []).filter(({ os_type }) => os_type === "hvm");
  const arches = guests.flatMap(({ arch }) => arch ?? []).filter((arch) => arch["@name"] === "x86_64");
  return new Set(arches.flatMap(({ domain }) => domain ?? []).flatMap((domain) => domain["@type"] ?? []));
}
