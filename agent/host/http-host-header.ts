// The Host header of a request to loopback. A page of elsewhere may have its own name resolve to 127.0.0.1 and then read
// us as its own origin (DNS rebinding); what it cannot do is send another Host than its name.
import { isIP } from "node:net";

/** Whether the header names this machine in a way that no resolver had a say in: an IP address or `localhost`. */
export function namesAnAddress(header: string | undefined): boolean {
  // Absent only in HTTP/1.0, which no browser speaks: Node.js itself refuses a later request without one.
  if (header === undefined) return true;
  const name = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/i.exec(header);
  const host = name?.[1] ?? name?.[2];
  return host !== undefined && (isIP(host) !== 0 || /^localhost\.?$/i.test(host));
}
