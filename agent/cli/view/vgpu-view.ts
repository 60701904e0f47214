// vGPUs as a table and one by one.
import type { BackendRef, Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import type { VfProfile } from "../../../proto/gen/vgpud/v1/placement.ts";
import { quantumMs, timeoutUs } from "./account-view.ts";
import { sizeCells, sizeColumns } from "./gpu-view.ts";
import type { Cell } from "./paint.ts";
import type { Text } from "./text.ts";
import { failureText, holderText, stateCell, time, word, yesNo } from "./words.ts";

export function vgpuList(vgpus: readonly Vgpu[]): Text {
  return [
    {
      kind: "table",
      columns: [
        { title: "VGPU" },
        { title: "GPU" },
        { title: "TYPE" },
        ...sizeColumns,
        { title: "OWNER" },
        { title: "CLAIM" },
        { title: "PRESENT" },
        { title: "IN USE" },
        { title: "DOMAIN" },
        { title: "CLAIM ID", wide: true },
        { title: "MODE", wide: true },
        { title: "KERNEL OBJECT", wide: true },
        { title: "IOMMU GROUP", align: "right", wide: true },
        { title: "BACKEND", wide: true },
        { title: "CREATED", wide: true },
      ],
      rows: vgpus.map((vgpu) => [
        vgpu.vgpuId,
        vgpu.gpu,
        vgpu.type,
        ...sizeCells(vgpu.sizes),
        stateCell(vgpu.ownership, "OWNERSHIP"),
        stateCell(vgpu.claimState, "CLAIM_STATE"),
        yesNo(vgpu.present),
        inUseText(vgpu),
        vgpu.domainName,
        vgpu.claimId,
        word(vgpu.mode, "MODE"),
        backendRefCell(vgpu.backendRef),
        vgpu.iommuGroup,
        word(vgpu.backend, "BACKEND"),
        time(vgpu.createTime),
      ]),
    },
  ];
}

export function vgpuDetail(vgpu: Vgpu): Text {
  const failure = failureText(vgpu.failure);
  return [
    {
      kind: "fields",
      fields: [
        ["vGPU", vgpu.vgpuId],
        ["GPU", vgpu.gpu],
        ["mode", word(vgpu.mode, "MODE")],
        ["backend", word(vgpu.backend, "BACKEND")],
        ["kernel object", backendRefCell(vgpu.backendRef)],
        ...(vgpu.driver === "" ? [] : ([["driver", vgpu.driver]] as const)),
        ["type", vgpu.type],
        ["low GM MiB", vgpu.sizes?.lowGmMib],
        ["high GM MiB", vgpu.sizes?.highGmMib],
        ["fences", vgpu.sizes?.fences],
        ...profileFields(vgpu.vfProfile),
        ["owner", stateCell(vgpu.ownership, "OWNERSHIP")],
        ["claim id", vgpu.claimId],
        ["claim", stateCell(vgpu.claimState, "CLAIM_STATE")],
        ["present", yesNo(vgpu.present)],
        ["in use", inUseText(vgpu)],
        ["domain", vgpu.domainName],
        ["domain UUID", vgpu.domainUuid],
        ["IOMMU group", vgpu.iommuGroup],
        ["created", time(vgpu.createTime)],
        ["operation", vgpu.operation],
        ...(failure === undefined ? [] : ([["failure", { text: failure, style: "bad" }]] as const)),
        ...(vgpu.holders.length === 0
          ? []
          : ([["held by", vgpu.holders.map(holderText).join(", ")]] as const)),
      ],
    },
  ];
}

/** None of what the driver does not tell. */
function profileFields(profile: VfProfile | undefined): readonly (readonly [string, Cell])[] {
  const { execQuantum, preemptTimeout, schedPriority, vramQuotaMib, ggttQuotaMib } = profile ?? {};
  const fields: readonly (readonly [string, Cell])[] = [
    ["exec quantum ms", quantumMs(execQuantum)],
    ["preempt timeout us", timeoutUs(preemptTimeout)],
    ["priority", schedPriority === "" ? undefined : schedPriority],
    ["VRAM MiB", vramQuotaMib?.toString()],
    ["GGTT MiB", ggttQuotaMib?.toString()],
  ];
  return fields.filter(([, value]) => value !== undefined);
}

/** vgpud asks libvirt who uses one: of one that no domain names it cannot tell, since any process may have it open. */
export function inUseText({ inUse, present, domainName, holders }: Vgpu): string | undefined {
  if (holders.length > 0) return "yes";
  return inUse === false && present && domainName === "" ? undefined : yesNo(inUse);
}

function backendRefCell(reference: BackendRef | undefined): Cell {
  const ref = reference?.ref;
  switch (ref?.$case) {
    case undefined:
      return undefined;
    case "virtualFunction":
      return `${ref.value.pciAddress} (virtual function ${ref.value.number})`;
    case "mdevUuid":
    case "xenDomid":
    case "pciAddress":
    case "renderNode":
      return ref.value;
  }
}
