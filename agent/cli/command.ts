// What a command of vgpuctl is: a description, from which parser and help are made, and a function to an answer.
import type { Arguments } from "./arguments.ts";
import type { CliError } from "./cli-error.ts";
import type { Text } from "./text.ts";
import type { Vgpud } from "./vgpud.ts";

export interface Flag {
  /** Its long name without dashes. */
  readonly name: string;
  readonly short?: string;
  /** What stands for its value in the help. Absent: a switch. */
  readonly value?: string;
  /** The value may be left out; tells whether the next word is one. */
  readonly optionalValue?: (text: string) => boolean;
  /** A UUID is made when it is not given. */
  readonly fresh?: true;
  readonly help: string;
  /** The request field that it sets, so that an error about the field can name the flag. */
  readonly field?: string;
}

export interface Operand {
  readonly name: string;
  readonly required: boolean;
  readonly help: string;
  /** The request field that it sets. */
  readonly field?: string;
}

/** What a command found or did, for people and for machines. */
export interface Answer {
  /** The body of the JSON document, keys in snake_case. */
  readonly json: Readonly<Record<string, unknown>>;
  /** The same for people. */
  readonly text: Text;
  /** Warnings for people, on stderr; the JSON document says the same in its own keys. */
  readonly messages?: readonly string[];
  /** What went wrong although the call succeeded. */
  readonly error?: CliError;
}

interface Described {
  readonly name: string;
  readonly summary: string;
  readonly operands: readonly Operand[];
  readonly flags: readonly Flag[];
  /** Whole command lines. */
  readonly examples: readonly string[];
}

/** Needs no vgpud. */
export interface LocalCommand extends Described {
  readonly kind: "local";
  readonly run: (args: Arguments, program: Program) => Answer;
}

/** Changes nothing. */
export interface ReadCommand extends Described {
  readonly kind: "read";
  readonly run: (args: Arguments, vgpud: Vgpud) => Promise<Answer>;
}

/** Asks for a change, which goes on in vgpud when vgpuctl ends. */
export interface ChangeCommand extends Described {
  readonly kind: "change";
  readonly run: (args: Arguments, vgpud: Vgpud) => Promise<Answer>;
  /** Time that the operation may take by what was asked, before the usual deadline begins to count. */
  readonly extraMs: (args: Arguments) => number;
  /** The REF under which the domain can be looked at afterwards. */
  readonly ref: (args: Arguments) => string;
}

export type Command = LocalCommand | ReadCommand | ChangeCommand;

/** What vgpuctl knows of itself. */
interface Program {
  readonly version: string;
}
