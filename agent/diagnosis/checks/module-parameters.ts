// The value of a module's parameter: where the running kernel shows it, and otherwise where it was set. i915's are readable
// by root alone (i915_params.h, mode 0400), so that an agent without rights goes by what the kernel was told.
import type { Look } from "../look.ts";

export interface Parameter {
  /** Undefined: set nowhere, so that the driver's default holds. */
  readonly value: string | undefined;
  /** Whether it is the running driver's own word. */
  readonly certain: boolean;
}

interface Named {
  readonly module: string;
  readonly name: string;
}

/** @throws UnreadableError when nothing that would tell can be read */
export async function parameter(look: Look, { module, name }: Named): Promise<Parameter> {
  const shown = await look.tryText(`sys/module/${module}/parameters/${name}`);
  if (shown.read && shown.text !== "") return { value: shown.text, certain: true };
  const value = (await onCommandLine(look, { module, name })) ?? (await inModprobe(look, { module, name }));
  return { value, certain: false };
}

/** With which the kernel was booted; the last one holds. @throws UnreadableError */
export async function onCommandLine(look: Look, { module, name }: Named): Promise<string | undefined> {
  const word = new RegExp(`^${module}[._]${name}=(.*)$`);
  const commandLine = (await look.text("proc/cmdline")) ?? "";
  return lastOf(commandLine.split(/\s+/), word);
}

/** With which the module is loaded the next time. @throws UnreadableError */
export async function inModprobe(look: Look, { module, name }: Named): Promise<string | undefined> {
  const files = (await look.names("etc/modprobe.d")).filter((file) => file.endsWith(".conf"));
  const options = new RegExp(`^\\s*options\\s+${module}\\s`);
  let value: string | undefined;
  for (const file of files) {
    const lines = (await look.lines(`etc/modprobe.d/${file}`, options)) ?? [];
    value =
      lastOf(
        lines.flatMap((line) => line.trim().split(/\s+/)),
        new RegExp(`^${name}=(.*)$`),
      ) ?? value;
  }
  return value;
}

function lastOf(words: readonly string[], form: RegExp): string | undefined {
  return words.map((word) => form.exec(word)?.[1]).findLast((value) => value !== undefined);
}

/** As the kernel reads a bool parameter (kstrtobool). */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && /^(1|y|yes|on|true)$/i.test(value);
}
