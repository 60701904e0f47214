// What `vgpuctl doctor` finds on a bed, held against what is recorded of it: docs/reference/doctor-on-beds.md shows the record.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { conditionsIn, verdictsIn, type DoctoredBed } from "../../scripts/doctor-on-beds-page.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";
import { eventually } from "./agent-in-bed.ts";

/** From dist/test/testbed back to the sources. */
const RECORDS = new URL("../../../test/golden/doctor-on-beds/", import.meta.url);

/**
 * Versions, numbers of processes and the like may be others than in the record; what passes, what fails and which modes are possible
 * may not. UPDATE_GOLDEN=1 writes the record anew. `socket`: of an agent in that bed, from whose answers on libvirt has been asked.
 */
export async function doctorFindsWhatIsRecorded(bed: DoctoredBed, socket: string): Promise<void> {
  const examined = async (): Promise<string> =>
    (await vgpuctl(socket, ["--timeout", "60s", "doctor", "--all"])).stdout;
  const printed = await eventually(examined, (text) => /^OK +LIBVIRT_UNAVAILABLE$/m.test(text));
  const file = new URL(`${bed}.txt`, RECORDS);
  if (process.env["UPDATE_GOLDEN"] === "1") {
    await mkdir(RECORDS, { recursive: true });
    await writeFile(file, printed);
  }
  const recorded = await readFile(file, "utf8");
  assert.deepEqual(verdictsIn(printed), verdictsIn(recorded));
  assert.deepEqual(conditionsIn(printed), conditionsIn(recorded));
}
