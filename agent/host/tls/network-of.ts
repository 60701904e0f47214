// What of an address tells machines apart. Pure.

/** The IPv4 address, or the first 64 bits of one of IPv6 (RFC 4291, 2.5.1): within these a machine takes what address it likes. */
export function networkOf(address: string): string {
  // IPv4 as a socket of IPv6 has it.
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(":")) return address;
  const [bare = ""] = address.split("%");
  const [head = "", tail] = bare.split("::");
  const before = groupsOf(head);
  const after = groupsOf(tail ?? "");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return `${[...before, ...zeros, ...after].slice(0, 4).join(":")}::/64`;
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":").map((group) => parseInt(group, 16).toString(16));
}
