// What a language says of a condition.

export interface Text {
  /** What is checked, as a noun phrase. */
  readonly title: string;
  /** By what a check can find. `{name}` is filled with the finding's values. */
  readonly messages: Readonly<Record<string, string>>;
  /** What to do, by what was found; of findings that call for nothing there is none. */
  readonly remedies: Readonly<Record<string, string>>;
}
