// Where a create is to find its room: by a vGPU request, or in a reservation.
import type { VgpuRequest } from "../../../proto/gen/vgpud/v1/placement.ts";
import type { RoomRequest } from "../../lifecycle/room.ts";
import { all } from "./fields.ts";
import { parseClaimIdField } from "./identity.ts";
import { parseVgpuRequest } from "./vgpu-request.ts";

/** @throws AgentError `invalid-argument` with every field that is wrong */
export function parseRoom(vgpu: VgpuRequest | undefined, reservation: string): RoomRequest {
  if (reservation === "") return { kind: "free", wish: parseVgpuRequest(vgpu, "vgpu") };
  const parsed = all({
    reservation: () => parseClaimIdField(reservation, "reservation"),
    wish: () => vgpu && parseVgpuRequest(vgpu, "vgpu"),
  });
  return { kind: "reserved", ...parsed };
}
