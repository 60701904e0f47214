// The device model of a domain on Xen: which program, what it is told, and what it makes of that. libxl starts it before the guest runs.
import { childOf, childrenOf, elementsOf, textOf } from "../../core/xml.ts";
import type { VgtSizes } from "../../hostd/protocol/vgt.ts";
import type { DeviceModelLogs } from "../device-model-logs.ts";
import type { HostDescription } from "../host-description.ts";
import { STOCK_DEVICE_MODELS } from "../xen-emulators.ts";
import type { VgtCalls } from "../xengt/calls.ts";
import type { Definition } from "./definition.ts";

const XEN_NAMESPACE = "http://libvirt.org/schemas/domain/xen/1.0";

/** hw/display/vga-vgt.c of QEMU with Intel's patches: what it is not told. */
const SIZES: VgtSizes = { lowGmMib: 64, highGmMib: 448, fences: 4 };
const SIZE_OPTIONS: ReadonlyMap<string, keyof VgtSizes> = new Map([
  ["-vgt_low_gm_sz", "lowGmMib"],
  ["-vgt_high_gm_sz", "highGmMib"],
  ["-vgt_fence_sz", "fences"],
]);
const MONITORS = "-vgt_monitor_config_file";
/** Numbers of errnos as Linux has them on x86. */
const ERRNO_NUMBERS: Readonly<Record<string, number>> = {
  ...{ EPERM: 1, ENOENT: 2, EIO: 5, EAGAIN: 11, ENOMEM: 12, EFAULT: 14, EBUSY: 16, EEXIST: 17 },
  ...{ ENODEV: 19, EINVAL: 22, ENOSPC: 28, ERANGE: 34, EUSERS: 87 },
};

/** What a device model would do with its options. */
type Intent =
  | { readonly kind: "fails"; readonly says: string }
  | { readonly kind: "runs"; readonly vgt: VgtSizes | undefined };

/** The program that the domain names; undefined for libxl's own. */
export function emulatorOf({ root }: Definition): string | undefined {
  const emulator = textOf(childOf(childOf(root, "devices"), "emulator")).trim();
  return emulator === "" ? undefined : emulator;
}

export function deviceModelsOf(host: HostDescription): readonly string[] {
  return [...STOCK_DEVICE_MODELS, ...host.device_models];
}

export interface DeviceModelOptions {
  readonly host: HostDescription;
  readonly vgtCalls: VgtCalls;
  readonly logs: DeviceModelLogs;
}

/**
 * Starts the device model of an HVM guest; its slice, when it makes one.
 * @returns undefined when it has ended at once: its log says why
 */
export async function startDeviceModel(
  definition: Definition,
  domid: number,
  { host, vgtCalls, logs }: DeviceModelOptions,
): Promise<{ readonly vgt: VgtSizes | undefined } | undefined> {
  const { name, uuid } = definition;
  const isPatched = host.device_models.includes(emulatorOf(definition) ?? "");
  const intent = read(argumentsOf(definition), isPatched);
  if (intent.kind === "fails") {
    logs.begin(name, [`qemu-system-i386: ${intent.says}`]);
    return undefined;
  }
  const { vgt } = intent;
  if (vgt === undefined) {
    logs.begin(name, []);
    return { vgt };
  }
  const { lowGmMib, highGmMib, fences } = vgt;
  const sizes = `low_gm_sz=${lowGmMib}MB, high_gm_sz=${highGmMib}MB, fence_sz=${fences}, vgt_primary=1`;
  const begin = `vGT: create_vgt_instance: domid=${domid}, ${sizes}`;
  const errno = await vgtCalls.write([domid, lowGmMib, highGmMib, fences, 1, 0].join(","), [name, uuid]);
  if (errno === undefined) {
    logs.begin(name, [begin]);
    return { vgt };
  }
  logs.begin(name, [begin, `vGT: create_vgt_instance failed: errno=${ERRNO_NUMBERS[errno] ?? 0}`]);
  return undefined;
}

/** Those of `<xen:commandline>`, after libxl's own. */
function argumentsOf({ root }: Definition): readonly string[] {
  return elementsOf(root).flatMap((element) => {
    const [prefix = "", name] = element.name.split(":");
    const namespace = `xmlns:${prefix}`;
    // Said where it is used, or of the whole document.
    const uri = element.attributes[namespace] ?? root.attributes[namespace];
    if (name !== "commandline" || uri !== XEN_NAMESPACE) return [];
    return childrenOf(element, `${prefix}:arg`).flatMap(({ attributes }) => attributes["value"] ?? []);
  });
}

/** Of an option that is given twice the last counts. */
function read(words: readonly string[], isPatched: boolean): Intent {
  const told: Partial<Record<keyof VgtSizes, number>> = {};
  let hasCard = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    const size = SIZE_OPTIONS.get(word);
    if (word === "-vga") {
      at += 1;
      hasCard = words[at] === "xengt";
      if (hasCard && !isPatched) return { kind: "fails", says: "unknown vga type: xengt" };
    } else if (/^-(vgt_|xengt$)/.test(word)) {
      const isKnown = size !== undefined || word === MONITORS || word === "-xengt";
      if (!isPatched || !isKnown) return { kind: "fails", says: `${word}: invalid option` };
      if (word === "-xengt") hasCard = true;
      else at += 1;
      if (size !== undefined) told[size] = Number(words[at]);
    }
  }
  const vgt = { ...SIZES, ...told };
  if (!hasCard) return { kind: "runs", vgt: undefined };
  const isValid = Object.values(vgt).every((size) => Number.isInteger(size) && size > 0);
  return isValid ? { kind: "runs", vgt } : { kind: "fails", says: "vGT: invalid parameters!" };
}
