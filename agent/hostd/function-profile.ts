// The shares of one virtual function. xe has files for them below sriov_admin (Documentation/ABI/testing/
// sysfs-driver-intel-xe-sriov), i915's ports below their card, for each graphics unit (i915-sriov-dkms, intel_iov_sysfs.c).
import { lstatSync, readdirSync } from "node:fs";
import type { AllowedFiles, Variables } from "./allowed-files.ts";
import { KERNEL_FORMS, type AllowedName } from "./allowlist.ts";
import { exists, whyNotOurs } from "./display-functions.ts";
import { orEmpty, orUndefined, readFrom, writeTo } from "./kernel-files.ts";
import type { Result, SetFunctionProfile } from "./protocol/messages.ts";
import { isPriority, SHARES, type ShareName, type WrittenShare } from "./protocol/shares.ts";

const XE: Readonly<Partial<Record<ShareName, AllowedName>>> = {
  execQuantumMs: "xeExecQuantum",
  preemptTimeoutUs: "xePreemptTimeout",
  priority: "xePriority",
  vramBytes: "xeVram",
};
const I915: Readonly<Partial<Record<ShareName, AllowedName>>> = {
  execQuantumMs: "i915ExecQuantum",
  preemptTimeoutUs: "i915PreemptTimeout",
  ggttBytes: "i915Ggtt",
  contexts: "i915Contexts",
  doorbells: "i915Doorbells",
};

/** A folder of shares. */
interface Folder {
  readonly rows: typeof XE;
  readonly variables: Variables;
}

/** A file of a share. */
interface Place {
  readonly row: AllowedName;
  readonly variables: Variables;
}

export function setFunctionProfile(files: AllowedFiles, operation: SetFunctionProfile): Result {
  const { gpu: device, number, values } = operation;
  if (!exists(files, device)) return { kind: "absent" };
  const why = whyNotOurs(files, device) ?? whyNoSuch(files, device, number);
  if (why !== undefined) return { kind: "refused", why };
  const folders = foldersOf(files, device, `vf${number}`);
  const written: WrittenShare[] = [];
  const notOffered: ShareName[] = [];
  for (const share of SHARES) {
    const value = values[share];
    if (value === undefined) continue;
    const places = placesOf(files, folders, share);
    if (places.length === 0) notOffered.push(share);
    for (const place of places) written.push(write(files, place, { share, value }));
  }
  return { kind: "profile", written, notOffered };
}

function whyNoSuch(files: AllowedFiles, device: string, number: number): string | undefined {
  const total = Number(orUndefined(() => readFrom(files.resolved("totalvfs", { device }))) ?? 0);
  if (number <= total) return undefined;
  return `${device} has no virtual function ${number}: it can have ${total}`;
}

/** All that there are; which driver has the GPU need not be asked. */
function foldersOf(files: AllowedFiles, device: string, vf: string): readonly Folder[] {
  const named = (
    form: keyof typeof KERNEL_FORMS,
    row: AllowedName,
    variables: Variables,
  ): readonly string[] =>
    orEmpty(() => readdirSync(files.at(row, variables))).filter((name) => KERNEL_FORMS[form].test(name));
  const ofCards = named("card", "drm", { device }).flatMap((card) => {
    // A port has one of the two.
    const [iov] = named("iov", "card", { device, card });
    if (iov === undefined) return [];
    const units = [...named("unit", "units", { device, card, iov, vf })].sort();
    return units.map((unit): Folder => ({ rows: I915, variables: { device, card, iov, vf, unit } }));
  });
  return [{ rows: XE, variables: { device, vf } }, ...ofCards];
}

/** What root itself must not write has the mode of a file to read: the priority of xe's, the address space of a media unit. */
function placesOf(files: AllowedFiles, folders: readonly Folder[], share: ShareName): readonly Place[] {
  return folders.flatMap(({ rows, variables }) => {
    const row = rows[share];
    if (row === undefined) return [];
    const file = lstatSync(files.at(row, variables), { throwIfNoEntry: false });
    return file === undefined || (file.mode & 0o222) === 0 ? [] : [{ row, variables }];
  });
}

function write(
  files: AllowedFiles,
  { row, variables }: Place,
  { share, value }: Pick<WrittenShare, "share" | "value">,
): WrittenShare {
  const file = files.resolved(row, variables);
  writeTo(file, String(value));
  const now = valueIn(readFrom(file), share);
  if (now === undefined) throw new Error(`${file} does not say what it has after the write`);
  return { share, value: now, ...(variables.unit !== undefined && { unit: variables.unit }) };
}

/** Of priorities the one in brackets is meant: `[low] normal high`. */
function valueIn(text: string, share: ShareName): WrittenShare["value"] | undefined {
  if (share !== "priority") return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  const chosen = /\[(\w+)\]/.exec(text)?.[1] ?? text;
  return isPriority(chosen) ? chosen : undefined;
}
