// The value of a module's parameter, and what keeps a module from being loaded. A value: where the running kernel shows it, and otherwise where it was set. i915's are readable
// by root alone (i915_params.h, mode 0400), so that an agent without rights goes by what the kernel was told.
import { fail, type Finding } from "../condition.ts";
import type { Look } from "../look.ts";

export interface Parameter {
  /** Undefined: nothing was found that sets it. */
  readonly value: string | undefined;
  /** Whether it is the running driver's own word. */
  readonly certain: boolean;
}

export interface Named {
  readonly module: string;
  readonly name: string;
  /** What it is when it is named without a value; unset: the kernel takes it with a value only. */
  readonly bare?: string;
}

/** Of two files of the same name modprobe reads that of the earlier folder only (modprobe.d(5)). */
const FOLDERS = ["etc/modprobe.d", "run/modprobe.d", "usr/lib/modprobe.d", "lib/modprobe.d"] as const;

/** @throws UnreadableError when nothing that would tell can be read */
export async function parameter(look: Look, named: Named): Promise<Parameter> {
  const shown = await look.tryText(`sys/module/${named.module}/parameters/${named.name}`);
  if (shown.read && shown.text !== "") return { value: shown.text, certain: true };
  const value = (await onCommandLine(look, named)) ?? (await inModprobe(look, named));
  return { value, certain: false };
}

/** With which the kernel was booted; the last one holds. @throws UnreadableError */
export async function onCommandLine(look: Look, named: Named): Promise<string | undefined> {
  const words = wordsOf((await look.text("proc/cmdline")) ?? "");
  // What follows is init's (kernel/params.c, parse_args).
  const end = words.indexOf("--");
  return lastOf(end < 0 ? words : words.slice(0, end), `${named.module}.${named.name}`, named);
}

/** With which the module is loaded the next time. @throws UnreadableError */
export async function inModprobe(look: Look, named: Named): Promise<string | undefined> {
  const lines = await modprobeLines(look, ["options"], named.module);
  return lines.reduce<string | undefined>(
    (value, line) => lastOf(wordsOf(line).slice(2), named.name, named) ?? value,
    undefined,
  );
}

/**
 * What keeps the module from being loaded by units of systemd, which ask modprobe with `-b`: a word of the kernel's command line
 * or a line of modprobe's. Undefined: nothing was found. @throws UnreadableError
 */
async function denialOf(look: Look, module: string): Promise<string | undefined> {
  const words = wordsOf((await look.text("proc/cmdline")) ?? "");
  const denying = words.find((word) => {
    const [, list = ""] = /^(?:module_blacklist|modprobe\.blacklist)=(.*)$/.exec(word) ?? [];
    return list.split(",").some((each) => canonical(each) === module);
  });
  // What is to be done instead of loading it is as a rule nothing: /bin/false.
  return denying ?? (await modprobeLines(look, ["blacklist", "install"], module)).at(-1);
}

/**
 * Why a driver that is not there cannot be loaded: the kernel was built without, or it is kept from it. `option`: of the kernel's
 * configuration. @throws UnreadableError
 */
export async function unloadable(
  look: Look,
  { module, option }: { readonly module: string; readonly option: string },
  kernel: string,
): Promise<Finding<"not-built" | "denied"> | undefined> {
  const unbuilt = await look.line(`boot/config-${kernel}`, new RegExp(`^# ${option} is not set$`));
  if (unbuilt !== undefined) return fail("not-built", { kernel });
  const denial = await denialOf(look, module);
  return denial === undefined ? undefined : fail("denied", { denial });
}

/** Lines of modprobe's files with these commands for the module, in the order in which they hold. */
async function modprobeLines(look: Look, commands: readonly string[], module: string): Promise<string[]> {
  const files = new Map<string, string>();
  for (const folder of FOLDERS)
    for (const file of await look.names(folder))
      if (file.endsWith(".conf") && !files.has(file)) files.set(file, `${folder}/${file}`);
  const inOrder = [...files].sort(([one], [other]) => (one < other ? -1 : 1));
  const found: string[] = [];
  for (const [, path] of inOrder) {
    const text = await look.text(path);
    const lines = linesFor(commands, module, text ?? "");
    look.sawOf(path, text, lines.join("\n"));
    found.push(...lines);
  }
  return found;
}

/** Its lines `COMMAND MODULE …`; a backslash at the end goes on with the next line. */
function linesFor(commands: readonly string[], module: string, text: string): readonly string[] {
  return text
    .replaceAll(/\\\r?\n/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => {
      const [command = "", of = ""] = line.split(/\s+/);
      return commands.includes(command) && canonical(of) === module;
    });
}

/** As the kernel parts them (lib/cmdline.c, next_arg): white space within quotes parts nothing, and quotes go. */
function wordsOf(text: string): readonly string[] {
  return (text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []).map((word) => word.replaceAll('"', ""));
}

function lastOf(words: readonly string[], key: string, { bare }: Named): string | undefined {
  return words
    .map((word) => {
      const [, name = "", value = bare] = /^([^=]*)(?:=(.*))?$/.exec(word) ?? [];
      return canonical(name) === key ? value : undefined;
    })
    .findLast((value) => value !== undefined);
}

/** The kernel takes `-` and `_` in names for the same (kernel/params.c, parameq). */
function canonical(name: string): string {
  return name.replaceAll("-", "_");
}

/** As the kernel reads a bool parameter (kstrtobool). */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && /^(1|y|yes|on|true)$/i.test(value);
}
