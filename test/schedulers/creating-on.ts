// `vgpuctl schedule create` in front of hosts that a test has put behind a Placement.
import { randomUUID } from "node:crypto";
import { vgpuctl, type Ran } from "../unit/cli/vgpuctl.ts";
import type { BookedWorld } from "./booked-world.ts";

interface Files {
  /** Of Placement. */
  readonly endpoint: string;
  /** Further keys of `placement` in the schedule file: `, timeout: 5s`. */
  readonly more?: string;
  /** The file of flavors. */
  readonly flavors: string;
}

const DOMAIN = "domain: { boot: { order: { devices: [network] } }, nics: [{ network: default }] }";

/** It prints JSON. */
export function creatingOn(
  hosts: readonly BookedWorld[],
  { endpoint, more = "", flavors }: Files,
): (flavor: string, name: string) => Promise<Ran> {
  const addresses = hosts.map(({ name, world }) => `    ${name}: unix:${world.socket}\n`).join("");
  const schedule = `placement: { endpoint: "${endpoint}"${more} }\nagents:\n  addresses:\n${addresses}`;
  const files: Readonly<Record<string, string>> = { schedule, flavors, domain: DOMAIN };
  return async (flavor, name) => {
    const what = ["--flavor", flavor, "--name", name, "-f", "domain", "-o", "json"];
    const where = ["--schedule-file", "schedule", "--flavors", "flavors"];
    return await vgpuctl(undefined, ["schedule", "create", ...what, ...where], {
      newUuid: randomUUID,
      readText: (path) => Promise.resolve(files[path] ?? ""),
    });
  };
}
