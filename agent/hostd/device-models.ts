// What the device model of a guest of Xen's was told on its command line: the slice of XenGT that it makes for the guest.
import { KERNEL_FORMS } from "./kernel-forms.ts";
import { optionOf } from "./command-lines.ts";
import { areVgtSizes, type VgtSizes } from "./protocol/vgt.ts";
import type { Xenstore } from "./xenstore.ts";

/** The words that a process was started with; none when it has ended. */
export type CommandLines = (pid: string) => readonly string[];

/** What QEMU with Intel's patches takes for what it is not told (Igvtg-qemu, hw/display/vga-vgt.c). */
const UNTOLD: VgtSizes = { lowGmMib: 64, highGmMib: 448, fences: 4 };
const OPTIONS = {
  "-vgt_low_gm_sz": "lowGmMib",
  "-vgt_high_gm_sz": "highGmMib",
  "-vgt_fence_sz": "fences",
} as const satisfies Record<string, keyof VgtSizes>;

/**
 * Undefined without one. libxl writes the pid of a device model that runs on the host (libxl_dm.c, libxl__spawn_local_dm); one in a
 * domain of its own, which `device-model-domid` names, does not reach the host's driver.
 */
export function sliceOf(store: Xenstore, domid: string, commandLines: CommandLines): VgtSizes | undefined {
  const image = `/local/domain/${domid}/image`;
  const pid = store.value(`${image}/device-model-pid`);
  if (pid === undefined || !KERNEL_FORMS.pid.test(pid)) return undefined;
  if (!["0", undefined].includes(store.value(`${image}/device-model-domid`))) return undefined;
  const words = commandLines(pid);
  // A number is another process's once the device model has ended.
  return optionOf(words, "-xen-domid") === domid ? sliceIn(words) : undefined;
}

/** Intel's QEMU shows the card as a kind of VGA, XenServer's by an option of its own. Of an option told twice the last counts. */
function sliceIn(words: readonly string[]): VgtSizes | undefined {
  const vga = words[words.lastIndexOf("-vga") + 1];
  if (!words.includes("-xengt") && !(words.includes("-vga") && vga === "xengt")) return undefined;
  const told = Object.entries(OPTIONS).flatMap(([option, size]) => {
    const at = words.lastIndexOf(option);
    return at === -1 ? [] : [[size, Number(words[at + 1])] as const];
  });
  const sizes = { ...UNTOLD, ...Object.fromEntries(told) };
  return areVgtSizes(sizes) ? sizes : undefined;
}
