// What a language says of a condition.

export interface Text {
  /** What is checked, as a noun phrase. */
  readonly title: string;
  /** By what a check can find. `{name}` is filled with the finding's values. */
  readonly messages: Readonly<Record<string, string>>;
  /** What to do, by what was found; of findings that call for nothing there is none. */
  readonly remedies: Readonly<Record<string, string>>;
}

/** Of the same keys as another language's; what that has and this lacks does not compile. */
export type Same<T> = { readonly [K in keyof T]: T[K] extends string ? string : Same<T[K]> };
