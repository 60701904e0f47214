// What a definition gives a domain of an Intel GPU, read without the agent's own reader.

const HOSTDEV = /<hostdev\b[^>]*\btype=["'](mdev|pci)["'][^>]*>[\s\S]*?<source>([\s\S]*?)<\/source>/g;
const UUID = /\buuid=["']([0-9a-f-]{36})["']/;
const PLACE = ["domain", "bus", "slot", "function"].map(
  (part) => new RegExp(`\\b${part}=["']0x([0-9a-f]+)["']`),
);

/** The UUIDs of mediated devices. */
export function mdevsIn(definition: string): string[] {
  return sources(definition, "mdev").map((source) => UUID.exec(source)?.[1] ?? source);
}

/** The addresses of PCI functions, as `0000:03:00.1`. */
export function functionsIn(definition: string): string[] {
  return sources(definition, "pci").map((source) => {
    const [domain, bus, slot, function_] = PLACE.map((part) => part.exec(source)?.[1] ?? "?");
    return `${domain ?? ""}:${bus ?? ""}:${slot ?? ""}.${function_ ?? ""}`;
  });
}

/** The render nodes, as the definition names them. */
export function renderNodesIn(definition: string): string[] {
  return [...definition.matchAll(/\brendernode=["']([^"']+)["']/g)].map(([, node = ""]) => node);
}

/** The number with Xen of a domain that runs and has a slice of XenGT: by its device model, or by vgpud, whose mark says so. */
export function numbersIn(definition: string): string[] {
  const domid = /^<domain\b[^>]*\bid=["'](\d+)["']/.exec(definition.trim())?.[1];
  return domid !== undefined && /-vgt_low_gm_sz|\blow_gm_mib=/.test(definition) ? [domid] : [];
}

function sources(definition: string, type: "mdev" | "pci"): string[] {
  return [...definition.matchAll(HOSTDEV)].flatMap(([, of, source = ""]) => (of === type ? [source] : []));
}
