// What the driver of a GPU lets virtual functions be given, as its files tell: those of the first function, which are there before it is.
import type { PciAddress } from "../../core/ids.ts";
import { fact, unsignedInt, type HostFiles } from "../../discovery/host-files.ts";
import type { ProfileShare } from "../../lifecycle/function-profile.ts";
import type { DriverShares } from "../../lifecycle/ports.ts";

/** No driver lets the priority of a virtual function be set: xe has a file for it that is only read (xe_sriov_pf_sysfs.c). */
const FILES: ReadonlyMap<string, ProfileShare> = new Map([
  ["exec_quantum_ms", "execQuantumMs"],
  ["preempt_timeout_us", "preemptTimeoutUs"],
  ["vram_quota", "vramBytes"],
  ["ggtt_quota", "ggttBytes"],
]);

/** Nothing can be set where the driver makes no functions, and before Linux 6.19 of xe. */
export async function driverShares(files: HostFiles, gpu: PciAddress): Promise<DriverShares> {
  const dir = `sys/bus/pci/devices/${gpu}`;
  const ofXe = await settableIn(files, `${dir}/sriov_admin/vf1/profile`);
  const port = await portFolder(files, `${dir}/drm`);
  if (port === undefined) {
    const left = { contexts: undefined, doorbells: undefined };
    return { automatic: undefined, settable: ofXe, left };
  }
  const { iov, unit } = port;
  const [automatic, settable, contexts, doorbells] = await Promise.all([
    files.read(`${iov}/pf/auto_provisioning`),
    settableIn(files, `${iov}/vf1/${unit}`),
    fact(files, `${iov}/pf/${unit}/available/contexts_free`, unsignedInt),
    fact(files, `${iov}/pf/${unit}/available/doorbells_free`, unsignedInt),
  ]);
  const left = { contexts, doorbells };
  return { automatic: automatic === undefined ? undefined : automatic === "1", settable, left };
}

async function settableIn(files: HostFiles, folder: string): Promise<ReadonlySet<ProfileShare>> {
  return new Set((await files.list(folder)).flatMap((name) => FILES.get(name) ?? []));
}

/** Of i915's ports, below their card; those of before 2023 have one graphics unit and do not number it. */
async function portFolder(
  files: HostFiles,
  drm: string,
): Promise<{ readonly iov: string; readonly unit: string } | undefined> {
  for (const card of (await files.list(drm)).filter((name) => name.startsWith("card")))
    for (const name of ["prelim_iov", "iov"]) {
      const iov = `${drm}/${card}/${name}`;
      const names = await files.list(`${iov}/pf`);
      if (names.length > 0) return { iov, unit: names.includes("gt0") ? "gt0" : "gt" };
    }
  return undefined;
}
