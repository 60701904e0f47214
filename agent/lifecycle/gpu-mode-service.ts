// Gives a GPU another mode, when nothing of it is in use: never a side effect of anything else.
import { AgentError } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import { KeyedLock } from "../core/keyed-lock.ts";
import type { Mode } from "../core/modes.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { Hindrance } from "../diagnosis/hindrance.ts";
import type { Lookout } from "../inventory/lookout.ts";
import { isAlive, type Inventory } from "../inventory/model.ts";
import { rendersOn } from "../inventory/standing.ts";
import { libvirtAway } from "./admission.ts";
import type { Caller } from "./caller.ts";
import { claimedMode, modeOf, type GpuModes } from "./gpu-modes.ts";
import type { Ledger } from "./ledger.ts";

export interface ModeRequest {
  readonly gpu: PciAddress;
  /** Undefined: the one that is seen at work, as if none had been set. */
  readonly mode: Mode | undefined;
  /** Checks as the change does, and does nothing. */
  readonly validateOnly: boolean;
}

export interface GpuModeServiceOptions {
  readonly ledger: Ledger;
  readonly lookout: Lookout;
  readonly modes: GpuModes;
  /** What keeps the GPU from the mode, by an examination that begins now. */
  readonly hindrance: (gpu: PciAddress, mode: Mode) => Promise<Hindrance | undefined>;
}

export class GpuModeService {
  readonly #options: GpuModeServiceOptions;
  /** One change of a GPU after the other: each looks at what the one before it left. */
  readonly #turns = new KeyedLock<PciAddress>();

  constructor(options: GpuModeServiceOptions) {
    this.#options = options;
  }

  /** Throws GPU_NOT_FOUND, MODE_UNSUPPORTED, VGPU_IN_USE, LIBVIRT_UNAVAILABLE, LEDGER_UNAVAILABLE. */
  set(request: ModeRequest, caller: Caller): Promise<void> {
    return untilAborted(
      this.#turns.run(request.gpu, () => this.#set(request, caller)),
      caller.signal,
    );
  }

  async #set(request: ModeRequest, { signal }: Caller): Promise<void> {
    const { lookout, modes, hindrance } = this.#options;
    const { gpu: address, mode, validateOnly } = request;
    let inventory = await untilAborted(lookout.fresh(), signal);
    // An examination takes a while, and is not made for what needs none.
    if (mode !== undefined && this.#changes(request, inventory)) {
      const inTheWay = await untilAborted(hindrance(address, mode), signal);
      if (inTheWay) refuseUnfit(address, mode, inTheWay);
      inventory = await untilAborted(lookout.fresh(), signal);
    }
    signal.throwIfAborted();
    // From here to the change nothing is awaited: nobody is promised anything of the GPU in between.
    if (this.#changes(request, inventory)) {
      // Whose domains render on it, or name it, is not known: it may be in use.
      if (!inventory.domains.known) throw libvirtAway(inventory.domains.why);
      refuseInUse(address, usersOf(address, this.#options.ledger, inventory));
    }
    if (!validateOnly) await modes.set(address, mode);
  }

  /** Whether the GPU is in another mode than is asked for. Throws GPU_NOT_FOUND. */
  #changes({ gpu: address, mode }: ModeRequest, { gpus }: Inventory): boolean {
    const { ledger, modes } = this.#options;
    const gpu = gpus.get(address);
    if (!gpu)
      throw new AgentError("GPU_NOT_FOUND", `this host has no Intel GPU ${address}`, {
        details: { gpu: address },
      });
    const before = modeOf(gpu, { record: modes.current, claimed: claimedMode(ledger, address) });
    return before !== (mode ?? modeOf(gpu, { record: new Map(), claimed: undefined }));
  }
}

function refuseUnfit(gpu: PciAddress, mode: Mode, { condition, why }: Hindrance): never {
  const because = condition === undefined ? why : `${condition}: ${why}`;
  throw new AgentError("MODE_UNSUPPORTED", `GPU ${gpu} cannot be given mode ${mode}: ${because}`, {
    details: { gpu, mode, ...(condition && { condition }) },
  });
}

function refuseInUse(address: PciAddress, users: readonly string[]): void {
  if (users.length === 0) return;
  throw new AgentError(
    "VGPU_IN_USE",
    `GPU ${address} cannot be given another mode while it is used: by ${users.join(", ")}`,
    { details: { gpu: address } },
  );
}

/** All that has anything of the GPU in any mode, in words. */
function usersOf(address: PciAddress, ledger: Ledger, { gpus, vgpus, domains }: Inventory): string[] {
  const gpu = gpus.get(address);
  const claims = ledger.living().filter((claim) => claim.gpu === address);
  const claimed = new Set(claims.map(({ vgpuId }) => vgpuId));
  const others = [...vgpus.values()].filter(({ id, gpu: on }) => on === address && !claimed.has(id));
  const functions = gpu?.sriov?.functions.length ?? 0;
  const owners = new Set(claims.map(({ domain }) => domain?.id));
  const running = domains.known ? [...domains.value.values()] : [];
  const guests = running.filter(
    ({ id, state, renderNodes, pciDevices }) =>
      !owners.has(id) &&
      (pciDevices.includes(address) ||
        (isAlive(state) && renderNodes.some((node) => gpu && rendersOn(gpu, node)))),
  );
  return [
    ...claims.map(({ claimId, domain }) =>
      domain ? `domain ${domain.name} (claim ${claimId})` : `claim ${claimId}`,
    ),
    ...others.map(({ id }) => `vGPU ${id} of others`),
    ...(functions > 0 ? [`${functions} virtual functions`] : []),
    ...guests.map(({ name, id }) => `domain ${name} (${id})`),
  ];
}
