// What a command of vgpuctl is: a description, from which parser, help and completion are made, and a function to an answer.
import type { CreateDomainRequest } from "../../proto/gen/vgpud/v1/domain_service.ts";
import type { Arguments } from "./line/arguments.ts";
import type { CliError, Instead } from "./errors/cli-error.ts";
import type { Environment } from "./environment.ts";
import type { Text } from "./view/text.ts";
import type { Vgpud } from "./client/vgpud.ts";

/** What a shell may offer for a value. */
export type Offer =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "files" }
  /** The names of the commands. */
  | { readonly kind: "commands" }
  /** Asked of vgpud, by `vgpuctl __complete WHAT`. */
  | { readonly kind: "live"; readonly what: LiveNames };

/** Objects that vgpud has. */
export type LiveNames = "domains" | "gpus" | "types" | "vgpus" | "reservations";

export interface Flag {
  /** Its long name without dashes. */
  readonly name: string;
  readonly short?: string;
  /** What stands for its value in the help. Absent: a switch. */
  readonly value?: string;
  /** May be given more than once. */
  readonly many?: true;
  /** The value may be left out; tells whether the next word is one. */
  readonly optionalValue?: (text: string) => boolean;
  /** A UUID is made when it is not given. */
  readonly fresh?: true;
  readonly help: string;
  /** The request field that it sets, so that an error about the field can name the flag. */
  readonly field?: string;
  /** What a shell offers for its value. */
  readonly offer?: Offer;
}

export interface Operand {
  readonly name: string;
  readonly required: boolean;
  /** Takes all words that are left; only the last one may. */
  readonly many?: true;
  readonly help: string;
  /** The request field that it sets. */
  readonly field?: string;
  /** What a shell offers for it. */
  readonly offer?: Offer;
}

/** What a command found or did, for people and for machines. */
export interface Answer {
  /** The body of the JSON document, keys in snake_case. */
  readonly json: Readonly<Record<string, unknown>>;
  /** The same for people. */
  readonly text: Text;
  /** What `-o name` prints. */
  readonly names?: readonly string[];
  /** What `-o request` prints. */
  readonly request?: CreateDomainRequest;
  /** Warnings for people, on stderr; the JSON document says the same in its own keys. */
  readonly messages?: readonly string[];
  /** What went wrong although the call succeeded. */
  readonly error?: CliError;
  /** It has been written already. */
  readonly shown?: boolean;
  /** Nothing of it will change any more: a watch ends. */
  readonly final?: boolean;
}

interface Described {
  /** One word, or in a group two. */
  readonly name: string;
  readonly summary: string;
  readonly operands: readonly Operand[];
  readonly flags: readonly Flag[];
  /** Formats that not every command has, with what they print. */
  readonly forms?: { readonly name?: string; readonly request?: string };
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
  /** The flag and value with which it needs no vgpud, for when none answers. */
  readonly alone?: Pick<Instead, "flag" | "value">;
  /** Where the arguments need no vgpud: what is run instead; undefined where they do. */
  readonly offline?: (args: Arguments, environment: Environment) => Promise<Answer> | undefined;
  readonly run: (args: Arguments, vgpud: Vgpud, environment: Environment) => Promise<Answer>;
}

/** Asks for a change, which goes on in vgpud when vgpuctl ends. */
export interface ChangeCommand extends Described {
  readonly kind: "change";
  /** Reads the files that the arguments name, before anything is asked. */
  readonly prepare?: (args: Arguments, environment: Environment) => Promise<Arguments>;
  /** What a person at a terminal is asked first; undefined when there is nothing to ask. */
  readonly question?: (args: Arguments, vgpud: Vgpud) => Promise<string | undefined>;
  readonly run: (args: Arguments, vgpud: Vgpud) => Promise<Answer>;
  /** Time that the operation may take by what was asked, before the usual deadline begins to count. */
  readonly extraMs: (args: Arguments) => number;
  /** The REF under which the domain can be looked at afterwards; absent where no domain is changed. */
  readonly ref?: (args: Arguments) => string;
}

/** Writes what it shows by itself, until it is told to end. */
export interface LiveCommand extends Described {
  readonly kind: "live";
  /** Whether it has json and yaml, a document for each thing that it shows. */
  readonly documents?: true;
  readonly run: (args: Arguments, vgpud: Vgpud, environment: Environment) => Promise<Answer>;
}

/** Asks others than the vgpud of this host, by connections of its own, and ends by itself when the user interrupts. */
export interface RemoteCommand extends Described {
  readonly kind: "remote";
  readonly run: (args: Arguments, environment: Environment) => Promise<Answer>;
}

export type Command = LocalCommand | ReadCommand | ChangeCommand | LiveCommand | RemoteCommand;

/** What vgpuctl knows of itself. */
interface Program {
  readonly version: string;
}
