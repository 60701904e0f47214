// Domains as a caller of the API has them made and ended.
import { randomUUID } from "node:crypto";
import { OnStop } from "../../proto/gen/vgpud/v1/claim.ts";
import {
  CreateDomainRequest,
  DestroyDomainRequest,
  DomainServiceService as Domains,
} from "../../proto/gen/vgpud/v1/domain_service.ts";
import { DiskFormat } from "../../proto/gen/vgpud/v1/domain_spec.ts";
import type { Rpc } from "../e2e/harness/rpc.ts";
import { until } from "../e2e/harness/until.ts";

export interface Wanted {
  readonly image: string;
  /** A name of the kernel's, as `i915-GVTg_V5_8`. */
  readonly vgpuType: string;
  /** Several domains can share an image that they only read. */
  readonly readonly?: boolean;
  /** Any, without it. */
  readonly gpu?: string;
  /** What becomes of the slice when the domain is off; HOLD without it. */
  readonly onStop?: OnStop;
}

/** Resolves with the claim's id. */
export async function createDomain(
  rpc: Rpc,
  { image, vgpuType, readonly = false, gpu = "", onStop = OnStop.UNSPECIFIED }: Wanted,
): Promise<string> {
  const claimId = randomUUID();
  const domain = {
    name: nameOf(claimId),
    vcpus: 1,
    memoryMib: 64,
    disks: [{ path: image, format: DiskFormat.RAW, readonly }],
    onStop,
  };
  const vgpu = { want: { $case: "type", value: vgpuType }, gpu } as const;
  await rpc.call(Domains.createDomain, CreateDomainRequest.fromPartial({ claimId, domain, vgpu }));
  return claimId;
}

/** Without giving the guest time. */
export async function destroyDomain(rpc: Rpc, claimId: string): Promise<void> {
  const domain = { ref: { $case: "claimId", value: claimId } } as const;
  const gracePeriod = { seconds: 0n, nanos: 0 };
  await rpc.call(Domains.destroyDomain, DestroyDomainRequest.fromPartial({ domain, gracePeriod }));
}

/** The name of the domain that was made with this claim. */
export function nameOf(claimId: string): string {
  return `bench-${claimId}`;
}

/** Readiness does not need libvirt; what is measured does. */
export async function untilLibvirtIsSeen(rpc: Rpc): Promise<void> {
  await until("libvirt's domains are seen", async () => {
    const { incomplete } = await rpc.call(Domains.listDomains, {
      pageSize: 1,
      pageToken: "",
      withUsage: false,
    });
    return incomplete === undefined;
  });
}
