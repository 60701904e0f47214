// `vgpud --restore`: what vgpud-restore.service runs once after a boot, before libvirt. Ledger, hostd and kernel, no more.
import { hypervisorOf, type FixedConfig } from "../config/schema.ts";
import { systemClock as clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { Turns } from "../core/turns.ts";
import { fileThreads } from "../host/file-threads.ts";
import { RootedFiles } from "../host/files.ts";
import { PatientFiles } from "../host/patient-files.ts";
import { HostdClient } from "../host/hostd-client.ts";
import type { Log } from "../host/journal.ts";
import { ModeFile } from "../host/mode-file.ts";
import { LedgerFiles } from "../host/ledger-files.ts";
import { restoreFunctions, restoreSlices } from "../lifecycle/restore.ts";
import { composeFunctions, composeSlices } from "./slices.ts";

/** How long drivers and hostd are waited for; the unit allows 90 s, and libvirt starts after it in any case. */
const PATIENCE_MS = 20_000;

/** How many slices, and GPUs with their virtual functions, are missing at the end; the agent goes on trying for them. */
export async function restoreAfterBoot(
  { config, log }: { readonly config: FixedConfig; readonly log: Log },
  stop: AbortSignal,
): Promise<number> {
  const turns = new Turns(fileThreads.ledger);
  await using store = await LedgerFiles.open(config.state_dir, undefined, turns);
  const { claims, setAside } = await store.load();
  for (const { file, why } of setAside) log.error({ file, why }, "ledger record set aside");
  const hostd = new HostdClient({ socketPath: config.hostd.socket });
  using patience = new Deadline(PATIENCE_MS, { stop, clock });
  const files = new PatientFiles({
    ...{ files: new RootedFiles(config.host_root), clock, stop: patience.signal },
    threads: fileThreads.devices,
  });
  const { record } = await new ModeFile({ stateDir: config.state_dir, turns }).load();
  // Beside each other: a GPU that cannot be cut must not use up the time of slices on others. A function's claim waits for it.
  const restoringFunctions = restoreFunctions({
    ...{ record, clock, stop: patience.signal },
    functions: composeFunctions(hostd, files),
    onEnd: (gpu, functions, failure) => {
      if (failure === undefined) log.info({ gpu, functions }, "virtual functions are there");
      else
        log.error({ gpu, functions, reason: failure.reason, err: failure }, "virtual functions are missing");
    },
  });
  const missing = await restoreSlices({
    clock,
    // Those of Xen's guests are made with their domains, which come later.
    claims: claims.filter(({ share }) => hypervisorOf(config) !== "xen" || share.mode !== "gvt-g"),
    slices: composeSlices(hostd, files, { libvirt: undefined, xengt: undefined }),
    stop: patience.signal,
    onEnd: ({ claimId, vgpuId, gpu, domain }, failure) => {
      const about = { claim: claimId, vgpu: vgpuId, gpu, domain: domain?.name };
      if (failure === undefined) log.info(about, "slice is there");
      else log.error({ ...about, reason: failure.reason, err: failure }, "slice is missing");
    },
  });
  return missing + (await restoringFunctions);
}
