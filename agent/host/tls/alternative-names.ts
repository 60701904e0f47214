// The URIs among a certificate's alternative names, from Node.js's text for them. Pure.

/**
 * `URI:spiffe://a/b, DNS:c`. A value that could be taken for several is a JSON string in that text (CVE-2021-44532), so that no
 * name can pass for two. What has another form than that names nobody.
 */
export function urisOf(alternativeNames: string | undefined): string[] {
  const uris: string[] = [];
  let rest = alternativeNames ?? "";
  while (rest !== "") {
    const entry = /^([A-Za-z0-9 ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/.exec(rest);
    if (!entry) return [];
    const [all, kind, value = ""] = entry;
    if (kind === "URI") uris.push(value.startsWith('"') ? String(JSON.parse(value)) : value);
    rest = rest.slice(all.length);
  }
  return uris;
}
