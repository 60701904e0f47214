// What vgpuctl shows of itself to hosts, looked at before anything is asked: it is wrong for every host alike.
import { readTlsFiles } from "../client/tls-files.ts";
import { CliError } from "../errors/cli-error.ts";
import type { ScheduleSettings } from "./schedule-file.ts";

/** `file` is how the schedule file is called in messages. @throws CliError for files that cannot be used */
export async function requireTls(
  { tls }: Pick<ScheduleSettings["agents"], "tls">,
  file: string,
): Promise<void> {
  if (tls === undefined) return;
  const names = { ca: "agents.tls.ca", certificate: "agents.tls.certificate", key: "agents.tls.key" };
  try {
    await readTlsFiles(tls, names);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new CliError(error.ending, `${file}: ${error.message}`, { inFile: true, cause: error });
  }
}
