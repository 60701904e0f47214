// Leaves the host as it was before a run: what is ours goes, what was taken over from somebody else is given up.
import { GpuServiceService as Gpus } from "../../../../proto/gen/vgpud/v1/gpu_service.ts";
import { HostServiceService as Hosts } from "../../../../proto/gen/vgpud/v1/host_service.ts";
import { ReservationServiceService as Reservations } from "../../../../proto/gen/vgpud/v1/reservation_service.ts";
import {
  DeleteVgpuRequest,
  ReleaseVgpuRequest,
  VgpuServiceService as Vgpus,
} from "../../../../proto/gen/vgpud/v1/vgpu_service.ts";
import { bearsOurMark } from "../../../../agent/core/vgpu-mark.ts";
import type { VgpuId } from "../../../../agent/core/ids.ts";
import { GPU } from "../requests.ts";
import type { ClaimRecord } from "../world.ts";
import { AT_ONCE } from "./asking.ts";
import type { Ground } from "./ground.ts";

/** Tombstones that are not worth the time to read them any longer. */
const MANY_TOMBSTONES = 100;

export async function clear(world: Ground): Promise<void> {
  const claims = (await world.records()).filter(({ state }) => state !== "gone");
  await Promise.all(claims.map((claim) => ended(world, claim)));
  await world.rpc.call(Hosts.undrainHost, {});
  await world.rpc.call(Gpus.undrainGpu, { gpu: GPU });
  if ((await world.claimFiles()).length > MANY_TOMBSTONES) await world.forgetTombstones();
}

async function ended(world: Ground, { claimId, kind, vgpuId, domain }: ClaimRecord): Promise<unknown> {
  const vgpu = { ref: { $case: "claimId" as const, value: claimId } };
  if (kind === "reservation") return world.rpc.call(Reservations.releaseReservation, { claimId });
  if (!bearsOurMark(vgpuId as VgpuId))
    return world.rpc.call(Vgpus.releaseVgpu, ReleaseVgpuRequest.fromPartial({ vgpu }));
  if (domain) return world.destroy(domain.name, AT_ONCE);
  return world.rpc.call(Vgpus.deleteVgpu, DeleteVgpuRequest.fromPartial({ vgpu }));
}
