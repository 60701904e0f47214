// A vGPU as requests name it: by its id, or by its claim.
import type { VgpuRef } from "../../../proto/gen/vgpud/v1/vgpu_service.ts";
import { parseVgpuId, type ClaimId, type VgpuId } from "../../core/ids.ts";
import { invalid, printable, required } from "./fields.ts";
import { parseClaimIdField } from "./identity.ts";

type NamedVgpu =
  { readonly by: "id"; readonly id: VgpuId } | { readonly by: "claim"; readonly claimId: ClaimId };

export function parseVgpuRef(vgpu: VgpuRef | undefined): NamedVgpu {
  const ref = vgpu?.ref;
  if (!ref) throw required("vgpu");
  return ref.$case === "claimId"
    ? { by: "claim", claimId: parseClaimIdField(ref.value, "vgpu.claim_id") }
    : { by: "id", id: parseVgpuIdField(ref.value, "vgpu.vgpu_id") };
}

export function parseVgpuIdField(text: string, field: string): VgpuId {
  if (text === "") throw required(field);
  const id = parseVgpuId(text);
  if (!id) throw invalid(field, `must be a UUID, is ${printable(text)}`);
  return id;
}
