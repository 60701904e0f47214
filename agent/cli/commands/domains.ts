// `vgpuctl domains`
import { usageError } from "../errors/cli-error.ts";
import type { Answer, ReadCommand } from "../command.ts";
import { domainRef, refOperand } from "../request/domain-ref.ts";
import { decisionText } from "../view/decision-view.ts";
import { domainDetail, domainList } from "../view/domain-view.ts";
import { messageJson } from "../view/json.ts";
import { listFlags } from "../line/list-flags.ts";
import { allPages, PAGE_SIZE, sortedBy } from "../client/pages.ts";
import { printable } from "../view/paint.ts";
import { requestLike } from "../request/request-like.ts";
import type { Vgpud } from "../client/vgpud.ts";
import { failureText } from "../view/words.ts";

export const domainsCommand: ReadCommand = {
  kind: "read",
  name: "domains",
  summary: "list the domains, whoever made them, or show one",
  operands: [{ ...refOperand, required: false }],
  flags: listFlags,
  forms: { name: "domain names", request: "what another one like it is made from, for create -f (with REF)" },
  examples: [
    "vgpuctl domains",
    "vgpuctl domains web-1",
    "vgpuctl domains claim:job-17",
    "vgpuctl domains web-1 -o request > web.yaml",
  ],
  run: async (args, vgpud) => {
    const [ref] = args.operands;
    const wantsRequest = args.text("output") === "request";
    if (ref === undefined && wantsRequest) throw usageError("-o request needs REF: one domain");
    return ref === undefined ? listDomains(vgpud) : showDomain(vgpud, ref, wantsRequest);
  },
};

async function showDomain(vgpud: Vgpud, ref: string, wantsRequest: boolean): Promise<Answer> {
  const response = await vgpud.getDomain({ domain: domainRef(ref), withUsage: true });
  const json = messageJson(response);
  const { domain, decision } = response;
  if (domain === undefined) return { json, text: [] };
  const text = [...domainDetail(domain), ...(decision === undefined ? [] : decisionText(decision))];
  const answer = { json, text, names: [domain.name] };
  return wantsRequest ? { ...answer, request: await requestLike(domain, vgpud) } : answer;
}

async function listDomains(vgpud: Vgpud): Promise<Answer> {
  const pages = await allPages((pageToken) =>
    vgpud.listDomains({ pageSize: PAGE_SIZE, pageToken, withUsage: false }),
  );
  const [{ resumeToken, observeTime }] = pages;
  const incomplete = pages.find((page) => page.incomplete !== undefined)?.incomplete;
  const domains = sortedBy(
    pages.flatMap((page) => page.domains),
    (domain) => `${domain.name} ${domain.uuid}`,
  );
  const json = messageJson({ domains, resumeToken, observeTime, incomplete });
  const why = failureText(incomplete);
  const messages = why === undefined ? [] : [printable(`warning: only domains of vgpud are listed: ${why}`)];
  const names = domains.map(({ name }) => name);
  if (domains.length === 0)
    return { json, text: [], names, messages: [...messages, "there is no domain to list"] };
  return { json, text: domainList(domains), names, messages };
}
