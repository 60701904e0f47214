// Every object that a watch tells of, as Get and List answer it. A new kind joins in `things`.
import { DomainState } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { Inventory } from "../../inventory/model.ts";
import { knownOperations } from "../../lifecycle/known-operations.ts";
import { livingReservations } from "../../lifecycle/room.ts";
import { domainViews, gpuViews, vgpuViews, type DomainView, type VgpuView } from "../../lifecycle/views.ts";
import { currentInventory, termsOf, type ViewContext } from "../context.ts";
import { toWireGpu } from "../convert/gpu.ts";
import { toWireOperation } from "../convert/operation.ts";
import { toWireReservation } from "../convert/reservation.ts";
import { diagnosedOf } from "../diagnosis.ts";
import { listedDomain } from "../domain-service.ts";
import { shownHost } from "../host-service.ts";
import { shownVgpu } from "../vgpu-service.ts";
import type { Kind, Thing } from "./history.ts";

export class View {
  readonly #context: ViewContext;
  /** The domains that no claim knows, as libvirt told of them last. */
  #others: readonly DomainView[] = [];
  /** The vGPUs that only such domains tell of. */
  #named: readonly VgpuView[] = [];

  constructor(context: ViewContext) {
    this.#context = context;
  }

  /** In the order in which changes are told: what others refer to first. Throws STARTING before the first look. */
  things(): Thing[] {
    const inventory = currentInventory(this.#context);
    const byKind: Readonly<Record<Kind, () => Thing[]>> = {
      host: () => this.#host(inventory),
      gpu: () => this.#gpus(inventory),
      vgpu: () => this.#vgpus(inventory),
      domain: () => this.#domains(inventory),
      reservation: () => this.#reservations(inventory),
      operation: () => this.#operations(),
    };
    return Object.values(byKind).flatMap((things) => things());
  }

  #host(inventory: Inventory): Thing[] {
    const { ledger, drains, libvirt, agent, diagnosis } = this.#context;
    const basis = [inventory, ledger.version, drains.current, libvirt(), agent.machine(), diagnosis.latest];
    return [
      { kind: "host", key: "", basis, make: () => ({ $case: "host", value: shownHost(this.#context) }) },
    ];
  }

  #gpus(inventory: Inventory): Thing[] {
    const { ledger, drains, modes, diagnosis } = this.#context;
    const basis = [inventory, ledger.version, drains.current, modes.current, diagnosis.latest];
    return gpuViews(inventory, ledger, termsOf(this.#context)).map((view) => {
      const { address } = view.gpu;
      const make = () => toWireGpu(view, diagnosedOf(this.#context, view));
      return { kind: "gpu", key: address, basis, make: () => ({ $case: "gpu", value: make() }) };
    });
  }

  #vgpus(inventory: Inventory): Thing[] {
    const { ledger, operations, modes } = this.#context;
    const seen = vgpuViews(inventory, ledger, modes.current);
    const listed = new Set(seen.map(({ id }) => id));
    const untold = inventory.domains.known ? [] : this.#named.filter(({ id }) => !listed.has(id));
    const views = [...seen, ...untold.map((view) => ({ ...view, domain: undefined, inUse: undefined }))];
    if (inventory.domains.known)
      this.#named = seen.filter(({ claim, kernel }) => claim === undefined && kernel === undefined);
    return views.map((view) => {
      const { id: key, claim } = view;
      const basis = [inventory, claim, claim?.operation && operations.stalledBy(claim.operation.id)];
      const make = () => shownVgpu(this.#context, view);
      return { kind: "vgpu", key, basis, make: () => ({ $case: "vgpu", value: make() }) };
    });
  }

  #domains(inventory: Inventory): Thing[] {
    const { ledger, operations, modes } = this.#context;
    const views = domainViews(inventory, ledger, modes.current);
    const shown = views.map((view): Thing => {
      const { id: key, claim } = view;
      const stalledBy = claim && operations.stalledBy(claim.operation.id);
      // Whose a function is changes with claims that know nothing of the domain.
      const basis = [inventory, claim, stalledBy, view.vgpuIds.join(" ")];
      const make = () => listedDomain(this.#context, view);
      return { kind: "domain", key, basis, make: () => ({ $case: "domain", value: make() }) };
    });
    if (!inventory.domains.known) return [...shown, ...this.#unanswered(views)];
    this.#others = views.filter(({ claim }) => claim === undefined);
    return shown;
  }

  /** That libvirt is away says nothing of its domains, least of all that they have gone. */
  #unanswered(known: readonly DomainView[]): Thing[] {
    const ids = new Set(known.map(({ id }) => id));
    return this.#others
      .filter(({ id }) => !ids.has(id))
      .map((view) => {
        const make = () => ({ ...listedDomain(this.#context, view), state: DomainState.UNKNOWN });
        const basis = [view, "unanswered"];
        return { kind: "domain", key: view.id, basis, make: () => ({ $case: "domain", value: make() }) };
      });
  }

  /** One that was bound has gone, and so has one whose time is over, which is told when that is written down. */
  #reservations(inventory: Inventory): Thing[] {
    const { ledger, wall } = this.#context;
    return livingReservations(ledger, wall()).map((reservation) => {
      const make = () => toWireReservation(reservation, inventory);
      return {
        kind: "reservation",
        key: reservation.claimId,
        basis: [reservation],
        make: () => ({ $case: "reservation", value: make() }),
      };
    });
  }

  #operations(): Thing[] {
    const { ledger, operations } = this.#context;
    return knownOperations(ledger, operations).map(({ operation, claim }) => {
      const stalledBy = operations.stalledBy(operation.id);
      const make = () => toWireOperation(operation, claim, stalledBy);
      return {
        kind: "operation",
        key: operation.id,
        basis: [operation, claim, stalledBy],
        make: () => ({ $case: "operation", value: make() }),
      };
    });
  }
}
