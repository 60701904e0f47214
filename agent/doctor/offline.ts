// A composition of its own: the diagnosis without an agent, of this machine, of a copied tree, or of a device alone.
import { stat } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { systemClock as clock } from "../core/clock.ts";
import { DiagnoseResponse } from "../../proto/gen/vgpud/v1/host_service.ts";
import { toWireDiagnosis } from "../api/convert/condition.ts";
import { DoctorError, type Asked, type Bundled, type Device, type Doctor } from "../cli/doctor.ts";
import { diagnose, type Diagnosis } from "../diagnosis/diagnose.ts";
import type { HostSubject } from "../diagnosis/condition.ts";
import { hostSubject } from "../diagnosis/host-subject.ts";
import type { LibvirtReading } from "../diagnosis/libvirt-reading.ts";
import type { ExaminedFiles } from "../diagnosis/look.ts";
import { prospectOf } from "../diagnosis/prospect.ts";
import { RootedFiles } from "../host/files.ts";
import { readKernelLog } from "../host/kernel-log.ts";
import { readLibvirt } from "../host/libvirt-reading.ts";
import { PatientFiles } from "../host/patient-files.ts";
import { LIBVIRT_FILE, writeBundle } from "./bundle.ts";
import { RecordingFiles } from "./recording-files.ts";

/** Nothing else needs the threads for files: one is left. */
const DEVICES = 3;

/** Of every host whose GPUs can be looked for. */
const PCI_BUS = "sys/bus/pci";

const libvirtSchema = z.discriminatedUnion("answers", [
  z.strictObject({
    ...{ answers: z.literal(true), uri: z.string(), version: z.string(), driver: z.string() },
    offered: z.strictObject({ graphics: z.array(z.string()), videos: z.array(z.string()) }).optional(),
  }),
  z.strictObject({ answers: z.literal(false), uri: z.string(), why: z.string() }),
]);

export const offlineDoctor: Doctor = {
  async examineTree(root: string, asked: Asked): Promise<DiagnoseResponse> {
    const at = Date.now();
    const { diagnosis, host } = await examined(root, await treeAt(root));
    const hypervisor = host.hypervisor === "xen" ? "xen" : "kvm";
    return toWireDiagnosis(diagnosis, { ...asked, hypervisor, at, since: () => undefined });
  },

  async examineDevice({ deviceId, kernel }: Device, asked: Asked): Promise<DiagnoseResponse> {
    const diagnosis = await prospectOf(deviceId, kernel);
    const shown = { ...asked, hypervisor: "kvm", at: Date.now(), since: () => undefined } as const;
    const response = toWireDiagnosis(diagnosis, shown);
    // No host, and so no address and nothing that was looked at.
    const gpu = `8086:${deviceId}`;
    return DiagnoseResponse.fromPartial({
      ...response,
      conditions: response.conditions.map((condition) => ({ ...condition, gpu, evidence: [] })),
      verdicts: response.verdicts.map((verdict) => ({ ...verdict, gpu })),
    });
  },

  async bundle(root: string, file: string): Promise<Bundled> {
    const files = new RecordingFiles(await treeAt(root));
    const { host } = await examined(root, files);
    return writeBundle({ ...host, recorded: files.recorded }, file);
  },
};

async function examined(
  root: string,
  files: ExaminedFiles,
): Promise<{ readonly diagnosis: Diagnosis; readonly host: HostSubject }> {
  const kernelLog = await readKernelLog(root, files);
  const host = await hostSubject(files, {
    kernelLog,
    hostd: undefined,
    rooms: undefined,
    settings: undefined,
    libvirt: (hypervisor) => libvirtOf(root, files, hypervisor),
  });
  return { diagnosis: await diagnose(files, host), host };
}

/** @throws DoctorError for what is no tree of a host: all that is missing there would be taken for faults of the hardware */
async function treeAt(root: string): Promise<ExaminedFiles> {
  const found = await stat(root).catch(() => undefined);
  const isFile = found?.isDirectory() === false;
  const advice = isFile ? ": unpack a bundle into an empty folder, and name that" : "";
  if (!found?.isDirectory())
    throw new DoctorError(`--host-root takes a folder, and ${root} is none${advice}`);
  const files = new RootedFiles(path.resolve(root));
  // A driver of this machine that hangs is what the doctor may have been called for.
  if (path.resolve(root) === "/")
    return new PatientFiles({
      files,
      clock,
      threads: DEVICES,
      stop: new AbortController().signal,
    });
  if (await files.exists(PCI_BUS).catch(() => true)) return files;
  throw new DoctorError(
    `${root} is no tree of a host: it has no ${PCI_BUS}; --host-root takes the folder in which the host's proc and sys stand, as in ` +
      "an unpacked bundle",
  );
}

/** This machine's daemon is asked; of a copied tree only what it says of its own. */
async function libvirtOf(
  root: string,
  files: ExaminedFiles,
  hypervisor: HostSubject["hypervisor"],
): Promise<LibvirtReading> {
  if (path.resolve(root) === "/") return readLibvirt(hypervisor === "xen" ? "xen" : "qemu");
  const text = await files.read(LIBVIRT_FILE).catch(() => undefined);
  if (text === undefined) return { asked: false, why: "the tree does not say" };
  try {
    return { asked: true, ...libvirtSchema.parse(JSON.parse(text)) };
  } catch {
    return { asked: false, why: `/${LIBVIRT_FILE} is not what vgpuctl doctor --bundle writes` };
  }
}
