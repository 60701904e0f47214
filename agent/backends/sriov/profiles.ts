// Tells the driver what a virtual function is to have, and says what it made of that.
import { AgentError } from "../../core/errors.ts";
import type { PciAddress } from "../../core/ids.ts";
import {
  companions,
  type FunctionValues,
  type ProfileOutcome,
  type ProfileShare,
  type WrittenShare,
} from "../../lifecycle/function-profile.ts";
import { asking, refusalOf, type CallOptions, type Trouble } from "../hostd-answers.ts";

/** What the privileged process answers; see hostd's protocol. Rejects when it cannot be asked. */
export interface ProfileWriter {
  setFunctionProfile(
    wanted: { readonly gpu: PciAddress; readonly number: number; readonly values: FunctionValues },
    options: CallOptions,
  ): Promise<
    | { readonly kind: "absent" }
    | {
        readonly kind: "profile";
        readonly written: readonly {
          readonly share: string;
          readonly unit?: string;
          readonly value: number | string;
        }[];
        readonly notOffered: readonly string[];
      }
    | Trouble
  >;
}

const DEADLINE_MS = 10_000;

export class Profiles {
  readonly #writer: ProfileWriter;

  constructor(writer: ProfileWriter) {
    this.#writer = writer;
  }

  /** Throws GPU_NOT_FOUND, KERNEL_REFUSED, KERNEL_TIMEOUT or HOSTD_UNAVAILABLE. */
  async set(
    gpu: PciAddress,
    number: number,
    values: FunctionValues,
    signal: AbortSignal,
  ): Promise<ProfileOutcome> {
    const what = `setting virtual function ${number} of GPU ${gpu}`;
    const answer = await asking(() =>
      this.#writer.setFunctionProfile({ gpu, number, values }, { signal, deadlineMs: DEADLINE_MS }),
    );
    switch (answer.kind) {
      case "profile":
        return {
          written: answer.written.filter(({ share }) => isAskedFor(share)) as WrittenShare[],
          notOffered: answer.notOffered.filter(isAskedFor) as ProfileShare[],
        };
      case "absent":
        throw new AgentError("GPU_NOT_FOUND", `${what}: it is not there any more`, { details: { gpu } });
      case "blocked":
        throw new AgentError("KERNEL_TIMEOUT", `${what}: the kernel has not answered in ${DEADLINE_MS} ms`);
      case "errno":
      case "refused":
      case "failed":
        throw refusalOf(what, answer);
    }
  }
}

function isAskedFor(share: string): boolean {
  return !companions.some((each) => each === share);
}
