// Makes and removes the virtual functions of a GPU, and says what came of it: the links to them alone do.
import { AgentError } from "../../core/errors.ts";
import type { PciAddress } from "../../core/ids.ts";
import type { HostFiles } from "../../discovery/host-files.ts";
import type { BindOutcome, DriverShares } from "../../lifecycle/ports.ts";
import {
  asking,
  namedHolder,
  refusalOf,
  type CallOptions,
  type ChangeAnswerOnXen,
} from "../hostd-answers.ts";
import { driverShares } from "./driver-shares.ts";

/** What the privileged process answers; see hostd's protocol. Rejects when it cannot be asked. */
export interface FunctionsWriter {
  setVirtualFunctions(
    wanted: { readonly gpu: PciAddress; readonly count: number },
    options: CallOptions,
  ): Promise<ChangeAnswerOnXen>;
}

/** The driver provisions each of them; going from one number to another removes all first. */
const DEADLINE_MS = 60_000;
const LINK = /^virtfn\d{1,5}$/;

export class Cutting {
  readonly #writer: FunctionsWriter;
  readonly #files: HostFiles;

  constructor(writer: FunctionsWriter, files: HostFiles) {
    this.#writer = writer;
    this.#files = files;
  }

  /** Throws KERNEL_REFUSED, HOSTD_UNAVAILABLE or READBACK_MISMATCH. */
  async cut(gpu: PciAddress, count: number, signal: AbortSignal): Promise<BindOutcome> {
    const what = `making ${count} virtual functions of GPU ${gpu}`;
    const answer = await asking(() =>
      this.#writer.setVirtualFunctions({ gpu, count }, { signal, deadlineMs: DEADLINE_MS }),
    );
    if (answer.kind === "held" || answer.kind === "blocked")
      return { kind: answer.kind, holders: answer.holders.map(namedHolder) };
    const has = await this.cutInto(gpu);
    if (has === count) return { kind: "bound" };
    switch (answer.kind) {
      case "done":
        throw new AgentError(
          "READBACK_MISMATCH",
          `${what}: the kernel took the request, and it has ${has}; its log (dmesg) may say why`,
          { details: { gpu, count, has } },
        );
      case "absent":
        throw new AgentError("GPU_NOT_FOUND", `${what}: it is not there any more`, { details: { gpu } });
      case "errno":
      case "xenstore-silent":
      case "refused":
      case "failed":
        throw refusalOf(what, answer);
    }
  }

  async cutInto(gpu: PciAddress): Promise<number> {
    const names = await this.#files.list(`sys/bus/pci/devices/${gpu}`);
    return names.filter((name) => LINK.test(name)).length;
  }

  driverShares(gpu: PciAddress): Promise<DriverShares> {
    return driverShares(this.#files, gpu);
  }
}
