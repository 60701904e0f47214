// The shells that vgpuctl knows: their scripts, and where a package puts each of them.
import type { Command } from "../command.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { zshScript } from "./zsh.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** Below the root of a host. */
export const completionFiles = {
  bash: "usr/share/bash-completion/completions/vgpuctl",
  zsh: "usr/share/zsh/vendor-completions/_vgpuctl",
  fish: "usr/share/fish/vendor_completions.d/vgpuctl.fish",
} as const satisfies Record<Shell, string>;

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const satisfies Record<
  Shell,
  unknown
>;

/** The script with which a shell completes these commands. */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  return scripts[shell](commands);
}
