// Whether vgpud-hostd is there, for the checks. Its socket takes nobody but vgpud, so that only a running agent can tell.

export type HostdReading =
  /** There is nothing that it could be asked for. */
  | { readonly kind: "not-needed" }
  /** Its socket is there. Nothing was asked of it yet, and a question alone would start it. */
  | { readonly kind: "waits"; readonly socket: string }
  | { readonly kind: "answers"; readonly socket: string }
  | { readonly kind: "away"; readonly socket: string; readonly why: string };
