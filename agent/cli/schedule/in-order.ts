// Many are asked at once, and what comes of it is as if each had been asked after the one before it.
import { Turns } from "../../core/turns.ts";

/** Of connections, each to another host. */
const AT_ONCE = 32;

interface Asking<Item, Answer> {
  /** Ends soon once `over` aborts; what it ends with is nobody's then. */
  readonly ask: (item: Item, over: AbortSignal) => Promise<Answer>;
  /** Nobody behind the one who answers so need be asked. */
  readonly decides: (answer: Answer) => boolean;
  /** By default as for hosts of which each is another. */
  readonly atOnce?: number;
}

/**
 * The answers in the order of the items, up to the first that decides. Those before that one are waited for, since one of them may
 * decide yet; those behind it are let go, whatever they say. Rejects as the first that fails.
 */
export async function answersInOrder<Item, Answer>(
  items: readonly Item[],
  { ask, decides, atOnce = AT_ONCE }: Asking<Item, Answer>,
): Promise<readonly Answer[]> {
  const turns = new Turns(atOnce);
  const asked = items.map((item) => ({ item, over: new AbortController() }));
  let needed = asked.length;
  const needOnly = (count: number): void => {
    needed = count;
    for (const { over } of asked.slice(count)) over.abort();
  };
  const answers = await Promise.all(
    asked.map(({ item, over: { signal } }, at) =>
      turns.run(async () => {
        if (at >= needed) return [];
        try {
          const answer = await ask(item, signal);
          if (at < needed && decides(answer)) needOnly(at + 1);
          return [{ answer }];
        } catch (error) {
          if (at >= needed) return [];
          needOnly(0);
          throw error;
        }
      }),
    ),
  );
  return answers.slice(0, needed).flatMap(([given]) => (given === undefined ? [] : [given.answer]));
}
