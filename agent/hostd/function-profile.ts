// The shares of virtual functions, and whether their driver gives them by itself. xe has files for them below sriov_admin (Documentation/ABI/testing/
// sysfs-driver-intel-xe-sriov), i915's ports below their card, for each graphics unit (i915-sriov-dkms, intel_iov_sysfs.c).
import { lstatSync, readdirSync } from "node:fs";
import type { AllowedFiles, Variables } from "./allowed-files.ts";
import type { AllowedName } from "./allowlist.ts";
import { KERNEL_FORMS } from "./kernel-forms.ts";
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

/** What functions have parts of, so that somebody's part stands in the way of all being shared out. */
const PARTS = ["ggttBytes", "contexts", "doorbells"] as const satisfies readonly ShareName[];

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

/**
 * i915's ports stop sharing out by themselves with the first part that somebody gives, and begin again only when no function has
 * any (i915_sriov.c, i915_sriov_pf_set_auto_provisioning: ESTALE). No function is made; drivers without such a switch are left.
 */
export function shareOutAgain(files: AllowedFiles, device: string): void {
  for (const variables of iovFolders(files, device)) {
    const file = orUndefined(() => files.resolved("i915Automatic", variables));
    if (file === undefined || orUndefined(() => readFrom(file)) !== "0") continue;
    for (let number = 1; number <= totalOf(files, device); number += 1)
      for (const folder of unitFolders(files, variables, `vf${number}`))
        for (const share of PARTS)
          for (const place of placesOf(files, [folder], share))
            writeTo(files.resolved(place.row, place.variables), "0");
    writeTo(file, "1");
  }
}

function totalOf(files: AllowedFiles, device: string): number {
  return Number(orUndefined(() => readFrom(files.resolved("totalvfs", { device }))) ?? 0);
}

function whyNoSuch(files: AllowedFiles, device: string, number: number): string | undefined {
  const total = totalOf(files, device);
  if (number <= total) return undefined;
  return `${device} has no virtual function ${number}: it can have ${total}`;
}

/** All that there are; which driver has the GPU need not be asked. */
function foldersOf(files: AllowedFiles, device: string, vf: string): readonly Folder[] {
  const ofCards = iovFolders(files, device).flatMap((variables) => unitFolders(files, variables, vf));
  return [{ rows: XE, variables: { device, vf } }, ...ofCards];
}

/** Where i915's ports have their files: one for each card. */
function iovFolders(files: AllowedFiles, device: string): readonly Variables[] {
  return named(files, "card", "drm", { device }).flatMap((card) => {
    // A port has one of the two.
    const [iov] = named(files, "iov", "card", { device, card });
    return iov === undefined ? [] : [{ device, card, iov }];
  });
}

function unitFolders(files: AllowedFiles, of: Variables, vf: string): readonly Folder[] {
  const units = [...named(files, "unit", "units", { ...of, vf })].sort();
  return units.map((unit): Folder => ({ rows: I915, variables: { ...of, vf, unit } }));
}

function named(
  files: AllowedFiles,
  form: keyof typeof KERNEL_FORMS,
  row: AllowedName,
  variables: Variables,
): readonly string[] {
  return orEmpty(() => readdirSync(files.at(row, variables))).filter((name) => KERNEL_FORMS[form].test(name));
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
