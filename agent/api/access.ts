// Which methods change something. The socket for reading serves the others; the one for changes serves all.
import type { DomainServiceService } from "../../proto/gen/vgpud/v1/domain_service.ts";
import type { GpuServiceService } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import type { HostServiceService } from "../../proto/gen/vgpud/v1/host_service.ts";
import type { OperationServiceService } from "../../proto/gen/vgpud/v1/operation_service.ts";
import type { ReservationServiceService } from "../../proto/gen/vgpud/v1/reservation_service.ts";
import type { SimulatorServiceService } from "../../proto/gen/vgpud/v1/simulator_service.ts";
import type { VgpuServiceService } from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import type { WatchServiceService } from "../../proto/gen/vgpud/v1/watch_service.ts";
import { AgentError } from "../core/errors.ts";

/** The socket that a connection came in by; by TLS the one whose rights the role of its certificate has. */
export type SocketName = "admin" | "read";

/** Who is at the other end of a TLS connection, as a certificate that was found good says. */
export interface RemoteClient {
  /** The URI by which it has its role. */
  readonly uri: string;
  /** The certificate's serial number in hexadecimal. */
  readonly serial: string;
  /** `192.0.2.7:41822`. */
  readonly address: string;
}

/** Whether a method can change anything. One that can, as with `validate_only`, counts as changing whatever the request says. */
export type Access = "reads" | "changes";

/** What each method of a service may do; a method of the contract that is not in its table does not compile. */
export type AccessOf<Definition> = Readonly<Record<keyof Definition, Access>>;

export const access = {
  host: {
    getHost: "reads",
    diagnose: "reads",
    drainHost: "changes",
    undrainHost: "changes",
    reconcile: "changes",
  } satisfies AccessOf<typeof HostServiceService>,
  gpu: {
    listGpus: "reads",
    getGpu: "reads",
    plan: "reads",
    drainGpu: "changes",
    undrainGpu: "changes",
    setGpuMode: "changes",
    setVirtualFunctions: "changes",
  } satisfies AccessOf<typeof GpuServiceService>,
  vgpu: {
    listVgpus: "reads",
    getVgpu: "reads",
    createVgpu: "changes",
    deleteVgpu: "changes",
    adoptVgpu: "changes",
    releaseVgpu: "changes",
  } satisfies AccessOf<typeof VgpuServiceService>,
  domain: {
    getDomain: "reads",
    listDomains: "reads",
    createDomain: "changes",
    startDomain: "changes",
    stopDomain: "changes",
    destroyDomain: "changes",
  } satisfies AccessOf<typeof DomainServiceService>,
  reservation: {
    getReservation: "reads",
    listReservations: "reads",
    createReservation: "changes",
    renewReservation: "changes",
    releaseReservation: "changes",
  } satisfies AccessOf<typeof ReservationServiceService>,
  operation: { getOperation: "reads" } satisfies AccessOf<typeof OperationServiceService>,
  watch: { watch: "reads" } satisfies AccessOf<typeof WatchServiceService>,
  simulator: {
    getSimulation: "reads",
    loadHost: "changes",
    setFault: "changes",
    clearFaults: "changes",
  } satisfies AccessOf<typeof SimulatorServiceService>,
} as const;

/** A way in, and where the one that serves everything is. */
export interface WayIn {
  readonly socket: SocketName;
  /** The path of the admin socket, for the words of a refusal; undefined for what came by TLS, which it is of no use to. */
  readonly adminSocket: string | undefined;
}

/** Why a method is not served on the socket it was called by; undefined when it is. */
export function refusalOn({ socket, adminSocket }: WayIn, path: string, may: Access): AgentError | undefined {
  if (socket === "admin" || may === "reads") return undefined;
  if (adminSocket === undefined)
    return new AgentError(
      "SOCKET_READ_ONLY",
      `${path} changes the host, and the role of this certificate is to read only; call it with one whose role is admin`,
      { details: { method: path, socket } },
    );
  return new AgentError(
    "SOCKET_READ_ONLY",
    `${path} changes the host and this socket serves reading only; call it on the admin socket, ${adminSocket}`,
    { details: { method: path, socket, admin_socket: adminSocket } },
  );
}
