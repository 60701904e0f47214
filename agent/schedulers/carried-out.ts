// What a scheduler was told to do about this host and has done, so that somebody can tell of it.

/** `what`: as the scheduler calls what it is about. */
export type CarriedOut = { readonly what: string } & (
  | {
      /** Nothing more is given out of it. */
      readonly order: "drain";
      readonly why: string;
    }
  | {
      /** That is over. */
      readonly order: "undrain";
      /** Why it was drained; undefined where the scheduler keeps no reasons. */
      readonly ended: string | undefined;
    }
  | {
      readonly order: "counts";
      readonly why: string;
      /** Those that are others now, by the scheduler's names. */
      readonly counts: Readonly<Record<string, Change>>;
    }
  | {
      /** No domain came for what vgpud's own tools have booked: nobody has it any more. */
      readonly order: "give-back";
      /** By where it was booked and by what, both by the scheduler's names. */
      readonly booked: Readonly<Record<string, Readonly<Record<string, number>>>>;
      /** For how long vgpud saw it without a domain. */
      readonly withoutDomainSeconds: number;
    }
);

interface Change {
  readonly from: number;
  readonly to: number;
}

/** Called once for each. */
export type OnCarriedOut = (done: CarriedOut) => void;
