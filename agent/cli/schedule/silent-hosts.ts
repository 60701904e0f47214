// Which of many hosts do not answer, so that nothing is booked there for nothing, and no create is sent to one that hangs.
import type { Vgpud } from "../client/vgpud.ts";
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

/** Whether nobody takes the connection, as on a host that is no more: what answers by TLS or gRPC, or hangs after that, is there. */
export function isNobodyThere({ kind }: Pick<CliError, "kind">): boolean {
  return kind === "unserved" || kind === "unreached";
}

/** Whether it was reached, and no answer came: not in the time for it, or the connection broke. */
export function isWithoutAnswer({ call, ending }: Pick<CliError, "call" | "ending">): boolean {
  return call?.outcomeUnknown === true && ending !== "interrupted";
}

/** A failure of a host that was only looked at: whether one that is away hangs before it takes the connection or after is all one. */
export function ofLook(error: CliError): CliError {
  return isWithoutAnswer(error) ? error.with({ ending: "unreachable" }) : error;
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
        return isSilence(error) || isWithoutAnswer(error) ? [[host, ofLook(error)] as const] : [];
      }
    },
    decides: () => false,
  });
  return new Map(all.flat());
}
