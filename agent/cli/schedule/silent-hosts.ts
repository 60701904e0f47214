// Which of many hosts do not answer, so that nothing is booked there for nothing. As a rule none is asked: who takes the domain answers.
import type { Vgpud } from "../client/vgpud.ts";
import { CliError } from "../errors/cli-error.ts";
import { closing } from "./held.ts";
import { answersInOrder } from "./in-order.ts";

/**
 * A candidate is one of many, so that less time is spent on it than on the one host that has what is wanted. A SYN that is lost is sent
 * again after 1 s.
 */
export const CANDIDATE_CONNECT_MS = 3000;

interface Asking {
  /** As in Opened. */
  readonly agentOf: (
    host: string,
    kind: "read",
    how: { readonly connectMs: number },
  ) => Pick<Vgpud, "getHost" | "close">;
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
        using agent = closing(agentOf(host, "read", { connectMs: CANDIDATE_CONNECT_MS }), over);
        await agent.vgpud.getHost({});
        return [];
      } catch (error) {
        if (!(error instanceof CliError) || error.ending === "interrupted") throw error;
        return isSilence(error) ? [[host, error] as const] : [];
      }
    },
    decides: () => false,
  });
  return new Map(all.flat());
}
