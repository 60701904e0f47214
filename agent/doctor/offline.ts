// A composition of its own: the diagnosis without an agent, of this machine, of a copied tree, or of a device alone.
import { isAbsolute, resolve } from "node:path";
import { z } from "zod";
import { DiagnoseResponse } from "../../proto/gen/vgpud/v1/host_service.ts";
import { toWireDiagnosis } from "../api/convert/condition.ts";
import type { Mode } from "../core/modes.ts";
import type { HostFiles } from "../discovery/host-files.ts";
import { diagnose } from "../diagnosis/diagnose.ts";
import { hostSubject } from "../diagnosis/host-subject.ts";
import type { LibvirtReading } from "../diagnosis/libvirt-reading.ts";
import { prospectOf } from "../diagnosis/prospect.ts";
import type { Language } from "../diagnosis/words.ts";
import { RootedFiles } from "../host/files.ts";
import { readKernelLog } from "../host/kernel-log.ts";

export interface Asked {
  readonly language: Language;
  /** Undefined: all. */
  readonly mode: Mode | undefined;
}

/** Where a copied tree says what libvirt said when it was copied. */
export const LIBVIRT_FILE = "vgpud/libvirt.json";

const libvirtSchema = z.discriminatedUnion("answers", [
  z.strictObject({ answers: z.literal(true), uri: z.string(), version: z.string(), driver: z.string() }),
  z.strictObject({ answers: z.literal(false), uri: z.string(), why: z.string() }),
]);

/** Of the tree below `root`: `/` for this machine. */
export async function examineTree(root: string, asked: Asked): Promise<DiagnoseResponse> {
  const at = Date.now();
  const files = new RootedFiles(isAbsolute(root) ? root : resolve(root));
  const host = await hostSubject(files, await sourcesOf(root, files));
  const hypervisor = host.hypervisor === "xen" ? "xen" : "kvm";
  return toWireDiagnosis(await diagnose(files, host), { ...asked, hypervisor, at, since: () => undefined });
}

/** `deviceId` as four lower-case hex digits; `kernel` as `6.12`, empty for the latest that is known. */
export async function examineDevice(
  { deviceId, kernel }: { readonly deviceId: string; readonly kernel: string },
  asked: Asked,
): Promise<DiagnoseResponse> {
  const diagnosis = await prospectOf(deviceId, kernel);
  const shown = { ...asked, hypervisor: "kvm", at: Date.now(), since: () => undefined } as const;
  const response = toWireDiagnosis(diagnosis, shown);
  const gpu = `8086:${deviceId}`;
  return DiagnoseResponse.fromPartial({
    ...response,
    conditions: response.conditions.map((condition) => ({ ...condition, gpu, evidence: [] })),
    verdicts: response.verdicts.map((verdict) => ({ ...verdict, gpu })),
  });
}

async function sourcesOf(
  root: string,
  files: HostFiles,
): Promise<{ readonly libvirt: LibvirtReading; readonly kernelLog: readonly string[] | undefined }> {
  const [libvirt, kernelLog] = await Promise.all([libvirtOf(files), readKernelLog(root, files)]);
  return { libvirt, kernelLog };
}

async function libvirtOf(files: HostFiles): Promise<LibvirtReading> {
  const text = await files.read(LIBVIRT_FILE).catch(() => undefined);
  if (text === undefined)
    return { asked: false, why: "this is a look at files; ask vgpud without --host-root" };
  try {
    return { asked: true, ...libvirtSchema.parse(JSON.parse(text)) };
  } catch {
    return { asked: false, why: `/${LIBVIRT_FILE} is not what vgpuctl doctor --bundle writes` };
  }
}
