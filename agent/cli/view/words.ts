// The contract's enums and times as words for people.
import type { Cell, Style } from "./paint.ts";

/** `MODE_GVT_G` as `gvt-g`; undefined for what is unspecified or newer than this vgpuctl. */
export function word(value: string, prefix: string): string | undefined {
  if (value === "UNRECOGNIZED" || value === `${prefix}_UNSPECIFIED`) return undefined;
  return value
    .slice(prefix.length + 1)
    .toLowerCase()
    .replaceAll("_", "-");
}

const styles: Readonly<Record<string, Style>> = {
  running: "good",
  active: "good",
  succeeded: "good",
  done: "good",
  creating: "warn",
  deleting: "warn",
  paused: "warn",
  "shutting-down": "warn",
  orphan: "warn",
  crashed: "bad",
  failed: "bad",
};

/** A state, coloured by what it means to an operator. */
export function stateCell(value: string, prefix: string): Cell {
  const text = word(value, prefix);
  const style = text === undefined ? undefined : styles[text];
  return text === undefined || style === undefined ? text : { text, style };
}

export function yesNo(value: boolean | undefined): string | undefined {
  if (value === undefined) return undefined;
  return value ? "yes" : "no";
}

/** To the second, UTC. */
export function time(value: Date | undefined): string | undefined {
  return value?.toISOString().replace(/\.\d+Z$/, "Z");
}

/** `MESSAGE [REASON]`. */
export function failureText(failure: { reason: string; message: string } | undefined): string | undefined {
  return failure === undefined ? undefined : `${failure.message} [${failure.reason}]`;
}

export function holderText({ pid, command }: { pid: number; command: string }): string {
  return pid === 0 ? command : `pid ${pid} (${command})`;
}
