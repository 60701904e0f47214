// What is plugged into the connectors of a GPU: while a screen is, its host has the GPU.
import type { HostFiles } from "./host-files.ts";
import { fact } from "./host-files.ts";
import type { PciGpu } from "./pci-gpus.ts";

/**
 * Connectors by name, as `HDMI-A-1`; undefined when there may be others. A read tells what the driver has last seen and probes
 * nothing (drm_sysfs.c, status_show). Throws when a directory is there and cannot be listed.
 */
export async function readScreens(
  files: HostFiles,
  { address, drmCard }: PciGpu,
): Promise<readonly string[] | undefined> {
  if (drmCard === undefined) return [];
  const card = `sys/bus/pci/devices/${address}/drm/${drmCard}`;
  const connectors = (await files.list(card)).filter((name) => name.startsWith(`${drmCard}-`));
  const states = await Promise.all(
    connectors.map((name) => fact(files, `${card}/${name}/status`, (text) => STATES.get(text))),
  );
  const connected = connectors.filter((_, index) => states[index] === true);
  // Whatever the others have, the GPU is in use.
  if (connected.length === 0 && states.includes(undefined)) return undefined;
  return connected.map((name) => name.slice(drmCard.length + 1));
}

/** DRM_CONNECTOR_STATUS: of some connectors nobody can tell, and nothing is known to be there. */
const STATES: ReadonlyMap<string, boolean> = new Map([
  ["connected", true],
  ["disconnected", false],
  ["unknown", false],
]);
