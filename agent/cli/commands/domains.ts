// `vgpuctl domains`
import type { Answer, ReadCommand } from "../command.ts";
import { domainRef, refOperand } from "../domain-ref.ts";
import { domainDetail, domainList } from "../domain-view.ts";
import { messageJson } from "../json.ts";
import { allPages, PAGE_SIZE, sortedBy } from "../pages.ts";
import { printable } from "../paint.ts";
import type { Vgpud } from "../vgpud.ts";
import { failureText } from "../words.ts";

export const domainsCommand: ReadCommand = {
  kind: "read",
  name: "domains",
  summary: "list the domains, whoever made them, or show one",
  operands: [{ ...refOperand, required: false }],
  flags: [],
  examples: ["vgpuctl domains", "vgpuctl domains web-1", "vgpuctl domains claim:job-17"],
  run: async (args, vgpud) => {
    const [ref] = args.operands;
    if (ref === undefined) return listDomains(vgpud);
    const response = await vgpud.getDomain({ domain: domainRef(ref) });
    return { json: messageJson(response), text: response.domain ? domainDetail(response.domain) : [] };
  },
};

async function listDomains(vgpud: Vgpud): Promise<Answer> {
  const pages = await allPages((pageToken) => vgpud.listDomains({ pageSize: PAGE_SIZE, pageToken }));
  const [{ resumeToken, observeTime }] = pages;
  const incomplete = pages.find((page) => page.incomplete !== undefined)?.incomplete;
  const domains = sortedBy(
    pages.flatMap((page) => page.domains),
    (domain) => `${domain.name} ${domain.uuid}`,
  );
  const json = messageJson({ domains, resumeToken, observeTime, incomplete });
  const why = failureText(incomplete);
  const messages = why === undefined ? [] : [printable(`warning: only domains of vgpud are listed: ${why}`)];
  if (domains.length === 0) return { json, text: [], messages: [...messages, "there is no domain to list"] };
  return { json, text: domainList(domains), messages };
}
