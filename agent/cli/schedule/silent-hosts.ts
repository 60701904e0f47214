// Which of many hosts do not answer, so that nothing is booked there for nothing, and no create is sent to one that hangs.
import { STUCK_THERE } from "../client/stuck.ts";
import type { Vgpud } from "../client/vgpud.ts";
import { isUnanswered } from "../errors/call-error.ts";
import { CliError } from "../errors/cli-error.ts";
import { closing } from "./held.ts";
import { answersInOrder } from "./in-order.ts";

/**
 * A candidate is one of many, so that less time is spent on it than on the one host that has what is wanted. A SYN that is lost is sent
 * again after 1 s.
 */
export const CANDIDATE_CONNECT_MS = 3000;

/** For a look at one of many: a vgpud that answers does so from memory. */
export const LOOK = { connectMs: CANDIDATE_CONNECT_MS, answerMs: 3000 } as const;

export interface Asking {
  /** As in Opened. */
  readonly agentOf: (host: string, kind: "read", how: typeof LOOK) => Pick<Vgpud, "getHost" | "close">;
}

/** Whether nobody was there at all. */
export function isSilence({ call, ending }: Pick<CliError, "call" | "ending">): boolean {
  return call === undefined && ending === "unreachable";
}

/** By host, what came of asking it. Hosts are asked at once. */
export async function silentAmong(
  hosts: ReadonlySet<string>,
  { agentOf }: Asking,
): Promise<ReadonlyMap<string, CliError>> {
  const all = await answersInOrder([...hosts], {
    ask: async (host, over) => {
      try {
        using agent = closing(agentOf(host, "read", LOOK), over);
        await agent.vgpud.getHost({});
        return [];
      } catch (error) {
        if (!(error instanceof CliError) || error.ending === "interrupted") throw error;
        const silence = silenceOf(error);
        return silence ? [[host, silence] as const] : [];
      }
    },
    decides: () => false,
  });
  return new Map(all.flat());
}

/** A host that takes connections and hangs is as silent as one that is down. Undefined for one that said something. */
function silenceOf(error: CliError): CliError | undefined {
  if (isSilence(error)) return error;
  return isUnanswered(error)
    ? new CliError("unreachable", error.message, { hints: [STUCK_THERE], cause: error })
    : undefined;
}
