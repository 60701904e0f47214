// What was given to a command, read by name and as the type that the command needs.
import { usageError } from "../errors/cli-error.ts";
import type { RequestFile } from "../request/request-file.ts";
import { DURATION_FORM, parseDurationMs } from "../../core/duration.ts";
import { didYouMean } from "../../core/suggest.ts";

export class Arguments {
  readonly operands: readonly string[];
  /** What the file that a flag names asks for. */
  readonly file: RequestFile | undefined;
  readonly #flags: ReadonlyMap<string, readonly string[]>;
  readonly #filled: ReadonlyMap<string, string>;

  /** Flags by their long names without dashes, with each value that was given; a switch has the empty text. */
  constructor(
    operands: readonly string[],
    flags: ReadonlyMap<string, readonly string[]>,
    {
      file,
      filled = new Map(),
    }: { file?: RequestFile | undefined; filled?: ReadonlyMap<string, string> } = {},
  ) {
    this.operands = operands;
    this.file = file;
    this.#flags = flags;
    this.#filled = filled;
  }

  /** The same with flags that were not given. */
  filled(filled: ReadonlyMap<string, string>): Arguments {
    return new Arguments(this.operands, this.#flags, { file: this.file, filled });
  }

  /** The same with what a file asks for. */
  withFile(file: RequestFile): Arguments {
    return new Arguments(this.operands, this.#flags, { file, filled: this.#filled });
  }

  /** Whether the user gave it. */
  given(flag: string): boolean {
    return this.#flags.has(flag);
  }

  has(flag: string): boolean {
    return this.#flags.has(flag) || this.#filled.has(flag);
  }

  text(flag: string): string | undefined {
    return this.#flags.get(flag)?.at(-1) ?? this.#filled.get(flag);
  }

  /** Every value of a flag that may be repeated. */
  texts(flag: string): readonly string[] {
    return this.#flags.get(flag) ?? [];
  }

  /** The first operand of a command that requires one. */
  operand(): string {
    const [first] = this.operands;
    if (first === undefined) throw usageError("an operand is missing");
    return first;
  }

  /**
   * A whole number of 0 to `most`, of a unit. Ranges are vgpud's to check, which answers with the field at fault, but for what the
   * contract's field cannot hold.
   */
  integer(flag: string, unit?: string, most = 999_999_999): number | undefined {
    const text = this.text(flag);
    if (text === undefined) return undefined;
    const number = /^\d+$/.test(text) ? Number(text) : NaN;
    if (number <= most) return number;
    const what = unit === undefined ? "a whole number" : `a whole number of ${unit}`;
    const range = number > most ? `, ${most} at most` : "";
    throw usageError(`--${flag} takes ${what}${range}, not '${text}'`);
  }

  durationMs(flag: string): number | undefined {
    const text = this.text(flag);
    if (text === undefined) return undefined;
    const ms = parseDurationMs(text);
    if (ms === undefined) throw usageError(`--${flag} takes ${DURATION_FORM}, not '${text}'`);
    return ms;
  }

  /** One of a closed list of words, as the value that it stands for; in capitals, too, as vgpud's messages have them. */
  choice<Value>(flag: string, choices: Readonly<Record<string, Value>>): Value | undefined {
    const text = this.text(flag);
    if (text === undefined) return undefined;
    const word = text.toLowerCase();
    const value = Object.hasOwn(choices, word) ? choices[word] : undefined;
    if (value !== undefined) return value;
    const words = Object.keys(choices);
    throw usageError(`--${flag} takes ${words.join(", ")}, not '${text}'`, didYouMean(text, words));
  }

  /** Refuses flags that contradict each other. */
  atMostOne(...flags: readonly string[]): void {
    const [first, second] = flags.filter((flag) => this.has(flag));
    if (first !== undefined && second !== undefined)
      throw usageError(`--${first} and --${second} exclude each other: give one of them`);
  }
}
