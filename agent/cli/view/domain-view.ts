// Domains as a table and one by one.
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import { isGone } from "../gone.ts";
import { consoleText } from "./console-text.ts";
import type { Cell } from "./paint.ts";
import type { Text } from "./text.ts";
import { usageFields } from "./usage-view.ts";
import { failureText, holderText, stateCell, time, word, yesNo } from "./words.ts";

export function domainList(domains: readonly Domain[]): Text {
  return [
    {
      kind: "table",
      columns: [
        { title: "NAME" },
        { title: "UUID" },
        { title: "STATE" },
        { title: "OWNER" },
        { title: "CLAIM" },
        { title: "VCPUS", align: "right" },
        { title: "MEMORY MIB", align: "right" },
        { title: "VGPUS" },
        { title: "CLAIM ID", wide: true },
        { title: "ON STOP", wide: true },
        { title: "CREATED", wide: true },
        { title: "CONSOLES", wide: true },
      ],
      rows: domains.map((domain) => [
        domain.name,
        domain.uuid,
        domainStateCell(domain),
        stateCell(domain.ownership, "OWNERSHIP"),
        stateCell(domain.claimState, "CLAIM_STATE"),
        domain.vcpus,
        domain.memoryMib,
        domain.vgpuIds.join(" "),
        domain.claimId,
        word(domain.onStop, "ON_STOP"),
        time(domain.createTime),
        domain.consoles.map(consoleText).join(" "),
      ]),
    },
  ];
}

export function domainDetail(domain: Domain): Text {
  const failure = failureText(domain.failure);
  return [
    {
      kind: "fields",
      fields: [
        ["domain", domain.name],
        ["UUID", domain.uuid],
        ["state", domainStateCell(domain)],
        ["owner", stateCell(domain.ownership, "OWNERSHIP")],
        ["claim id", domain.claimId],
        ["claim", stateCell(domain.claimState, "CLAIM_STATE")],
        ["vGPUs", domain.vgpuIds.join(" ")],
        ["vCPUs", domain.vcpus],
        ["memory MiB", domain.memoryMib],
        ...usageFields(domain.usage),
        ["on stop", word(domain.onStop, "ON_STOP")],
        ["persistent", yesNo(domain.persistent)],
        ["consoles", domain.consoles.map(consoleText).join(" ")],
        ["created", time(domain.createTime)],
        ["updated", time(domain.updateTime)],
        ["operation", domain.operation],
        ...(failure === undefined ? [] : ([["failure", { text: failure, style: "bad" }]] as const)),
        ...(domain.stillHolds.length === 0 ? [] : ([["still holds", domain.stillHolds.join(", ")]] as const)),
        ...(domain.holders.length === 0
          ? []
          : ([["held by", domain.holders.map(holderText).join(", ")]] as const)),
      ],
    },
  ];
}

/** Of a domain that is gone there is none: `unknown` is what one that is there shows while libvirt is away. */
function domainStateCell(domain: Domain): Cell {
  return isGone(domain) ? "gone" : stateCell(domain.state, "DOMAIN_STATE");
}
