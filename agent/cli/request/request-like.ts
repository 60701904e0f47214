// The request that would make another domain like one that there is.
import type { Domain } from "../../../proto/gen/vgpud/v1/domain.ts";
import { CreateDomainRequest } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import type { VgpuRequest } from "../../../proto/gen/vgpud/v1/placement.ts";
import { CliError } from "../errors/cli-error.ts";
import type { Vgpud } from "../client/vgpud.ts";

/** Without what is the domain's alone: its UUID, the ids of its claim, and the GPU that its vGPU is on. @throws CliError */
export async function requestLike(domain: Domain, vgpud: Vgpud): Promise<CreateDomainRequest> {
  const { spec } = domain;
  if (spec === undefined)
    throw new CliError("unsupported", `vgpud does not know what domain ${domain.name} was made from`, {
      lines: ["it was made by somebody else, or the ledger was lost and rebuilt"],
    });
  return CreateDomainRequest.fromPartial({
    domain: { ...spec, uuid: "" },
    vgpu: await vgpuLike(domain, vgpud),
  });
}

/** By its type. Undefined where the domain has given its vGPU back. */
async function vgpuLike({ vgpuIds }: Domain, vgpud: Vgpud): Promise<Partial<VgpuRequest> | undefined> {
  const [id] = vgpuIds;
  if (id === undefined) return undefined;
  const { vgpu } = await vgpud.getVgpu({ vgpu: { ref: { $case: "vgpuId", value: id } } });
  return vgpu && { want: { $case: "type", value: vgpu.type } };
}
