// What the agent is told of the program that is to make XenGT's slices: what no file of the host tells alone.

export type DeviceModelReading =
  /** vgpud makes them itself. */
  | { readonly kind: "not-needed" }
  | {
      readonly kind: "needed";
      /** As the configuration names it, absolute. */
      readonly path: string;
      /** What it said at its last start of a new domain that shows that it cannot; undefined as long as that file said nothing such. */
      readonly cannot: string | undefined;
    };
