// What keys of the configuration are for. Reference page, example, JSON Schema and messages are made from it.
import * as z from "zod";

/** What a key is for, for people. */
export interface About {
  /** One or two sentences, without what `takes` says. */
  readonly meaning: string;
  /** What is allowed, as the end of "it takes …". */
  readonly takes: string;
  /** The flag that wins over the files. */
  readonly flag?: string;
  /** A value to show where there is no default. */
  readonly example?: string;
  /** What holds when nothing is said and `default` does not tell, in words. */
  readonly otherwise?: string;
}

/** What each leaf of the schema is for. */
export const about = z.registry<About>();
